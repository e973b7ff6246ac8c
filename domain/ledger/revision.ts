import type { Account, Bucket, Segment } from './ledger-shape.ts';

/** An account as it was published: its stretches, and how much of it could be taken for settled. */
export interface Publication {
  /** In order of time, without gap; from the start of the job. */
  readonly segments: readonly Segment[];
  /** End of the horizon then, microseconds. */
  readonly until_us: number;
  /** See {@link settledUntil}. */
  readonly settled_us: number;
  /** Number of the attempt that had not ended; null when none was open. */
  readonly open_attempt: number | null;
}

export const REVISION_REASONS = [
  'first',
  'rollback',
  'stall_resolved',
  'exclusion',
  'late_events',
  'cause',
  'devices',
] as const;

/** How what had been published changed. */
export interface Revision {
  readonly reason: (typeof REVISION_REASONS)[number];
  readonly from_us: number;
  readonly to_us: number;
  /** Seconds by `from>to` bucket; empty when only causes or devices changed. */
  readonly moved_s: Readonly<Record<string, number>>;
}

/**
 * Up to when an account is settled: the end of the last completed step of an attempt that runs, or its start before any;
 * the end of the last attempt while the job is down or over. What comes after is told as it looks now.
 */
export function settledUntil(account: Pick<Account, 'attempts' | 'last_progress_at_us' | 'to_us'>): number {
  const last = account.attempts.at(-1);
  if (last === undefined) return account.to_us;
  if (last.end_us !== undefined) return last.end_us;
  return Math.max(last.start_us, account.last_progress_at_us ?? last.start_us);
}

/** The attempt that has not ended; null when every one has. */
export function openAttempt({ attempts }: Pick<Account, 'attempts'>): number | null {
  const last = attempts.at(-1);
  return last === undefined || last.end_us !== undefined ? null : last.attempt;
}

/**
 * Whether seconds that had been published are classified anew: a rollback makes kept work lost, a hang ends and its
 * seconds get the bucket that the end puts them in, late events or an exclusion change the past. Undefined when nothing
 * published was changed. The growth of the live end changes nothing published, and three things settle by nature:
 *
 * - an open step (`in_flight`), and `startup` or `other` after the last progress, which a span explains once it is told;
 * - the split of down time while the job is down, which marks cut as they come;
 * - the split of an attempt's first step into `productive` and `program_startup` while the attempt runs: it rests on the
 *   median of the steps so far.
 *
 * A published `hang` or `silent` was a statement: that it turns out otherwise is a revision.
 */
export function revisionOf(published: Publication, now: readonly Segment[]): Revision | undefined {
  return revisionOfParts(published, [{ before: published.segments, now }]);
}

/** The same where an account is known to differ in some stretches of time only: those, in order, as they were and are. */
export function revisionOfParts(
  published: Omit<Publication, 'segments'>,
  parts: readonly { readonly before: readonly Segment[]; readonly now: readonly Segment[] }[],
): Revision | undefined {
  const change = new Change();
  for (const { before: segments, now } of parts) {
    eachPiece({ ...published, segments }, now, (from_us, to_us, before, after) => {
      if (isSame(before, after) || isSettling(published, from_us, before, after)) return;
      change.add(from_us, to_us, before, after);
    });
  }
  return change.revision();
}

type Reclassification = Exclude<Revision['reason'], 'first'>;
const RECLASSIFICATIONS = REVISION_REASONS.filter((name) => name !== 'first');

class Change {
  #from_us: number | undefined;
  #to_us = 0;
  readonly #moved_us = new Map<string, number>();
  readonly #of = { rollback: 0, stall_resolved: 0, exclusion: 0, late_events: 0, cause: 0, devices: 0 };

  add(from_us: number, to_us: number, before: Segment | undefined, after: Segment | undefined): void {
    this.#from_us ??= from_us;
    this.#to_us = to_us;
    this.#of[reasonOf(before, after)] += to_us - from_us;
    if (before?.bucket === after?.bucket) return;
    const key = `${before?.bucket ?? ''}>${after?.bucket ?? ''}`;
    this.#moved_us.set(key, (this.#moved_us.get(key) ?? 0) + to_us - from_us);
  }

  revision(): Revision | undefined {
    if (this.#from_us === undefined) return undefined;
    let reason: Reclassification = 'rollback';
    for (const name of RECLASSIFICATIONS) if (this.#of[name] > this.#of[reason]) reason = name;
    const moved = [...this.#moved_us].sort().map(([key, us]) => [key, us / 1e6]);
    return { reason, from_us: this.#from_us, to_us: this.#to_us, moved_s: Object.fromEntries(moved) };
  }
}

function reasonOf(before: Segment | undefined, after: Segment | undefined): Reclassification {
  if (before?.bucket === after?.bucket) return before?.cause === after?.cause ? 'devices' : 'cause';
  if (after?.bucket === 'excluded') return 'exclusion';
  if (before?.bucket === 'hang' || before?.bucket === 'silent') return 'stall_resolved';
  return after?.bucket === 'lost_work' ? 'rollback' : 'late_events';
}

/** Walks what was published from boundary to boundary of both accounts. */
function eachPiece(
  { segments: before, until_us }: Publication,
  after: readonly Segment[],
  visit: (from_us: number, to_us: number, before: Segment | undefined, after: Segment | undefined) => void,
): void {
  let [left, right] = [0, 0];
  let from_us = Math.min(before[0]?.from_us ?? until_us, after[0]?.from_us ?? until_us);
  while (from_us < until_us) {
    while ((before[left]?.to_us ?? Number.POSITIVE_INFINITY) <= from_us) left++;
    while ((after[right]?.to_us ?? Number.POSITIVE_INFINITY) <= from_us) right++;
    const [a, b] = [before[left], after[right]];
    const to_us = Math.min(until_us, boundaryAfter(a, from_us), boundaryAfter(b, from_us));
    visit(from_us, to_us, covering(a, from_us), covering(b, from_us));
    from_us = to_us;
  }
}

function covering(segment: Segment | undefined, at_us: number): Segment | undefined {
  return segment !== undefined && segment.from_us <= at_us ? segment : undefined;
}

function boundaryAfter(segment: Segment | undefined, at_us: number): number {
  if (segment === undefined) return Number.POSITIVE_INFINITY;
  return segment.from_us <= at_us ? segment.to_us : segment.from_us;
}

function isSame(before: Segment | undefined, after: Segment | undefined): boolean {
  return (
    before?.bucket === after?.bucket &&
    before?.cause === after?.cause &&
    before?.name === after?.name &&
    before?.devices === after?.devices &&
    before?.stepping === after?.stepping
  );
}

const OPEN: ReadonlySet<Bucket | undefined> = new Set<Bucket>(['in_flight', 'startup', 'other']);
const DOWN: ReadonlySet<Bucket | undefined> = new Set<Bucket>([
  'down',
  'down_detect',
  'down_localize',
  'down_wait_nodes',
]);
const FIRST_STEP: ReadonlySet<Bucket | undefined> = new Set<Bucket>(['productive', 'program_startup']);

function isSettling(
  { settled_us, open_attempt }: Omit<Publication, 'segments'>,
  from_us: number,
  before: Segment | undefined,
  after: Segment | undefined,
): boolean {
  if (before?.bucket === 'in_flight') return true;
  if (from_us >= settled_us) {
    if (OPEN.has(before?.bucket)) return true;
    if (DOWN.has(before?.bucket) && DOWN.has(after?.bucket)) return before?.cause === after?.cause;
  }
  const isFirstStep = FIRST_STEP.has(before?.bucket) && FIRST_STEP.has(after?.bucket);
  return (
    isFirstStep &&
    before?.bucket !== after?.bucket &&
    open_attempt !== null &&
    before?.attempt === open_attempt
  );
}
