import type { Segment } from '../../../domain/ledger/ledger-shape.ts';
import {
  openAttempt,
  type Revision,
  revisionOfParts,
  settledUntil,
} from '../../../domain/ledger/revision.ts';
import type { LiveLook } from '../../../domain/report/live/live-job.ts';
import type { RowChange } from './keyed-rows.ts';
import {
  changedIncidents,
  changedSegments,
  changedSteps,
  firstRevision,
  isGrowth,
  type PublishedFigures,
  type PublishedJob,
  type Publishing,
  stepRows,
} from './published-job.ts';
import type { SegmentRow, StepRow } from './result-columns.ts';
import { type Replacement, StretchList } from './stretch-list.ts';

/** What the result tables hold of a job that is kept up to date: what is sealed needs no comparing. */
export interface PublishedLive extends PublishedFigures {
  /** All of them; the edits of a publishing that is not written yet included. */
  readonly stretches: StretchList;
  /** The chapters of the account that was published. */
  readonly chapters: readonly object[];
  /** Steps behind those chapters. */
  readonly steps: readonly StepRow[];
  /** What of sealed first steps was start-up. */
  readonly starts: ReadonlyMap<string, Start>;
  /** What faults had named. */
  readonly relabel_key: string;
}

interface Start {
  readonly from_us: number;
  readonly to_us: number;
  /** What of it is start-up, as text. */
  readonly told: string;
}

/** What is published of a job whose tables were compared as a whole with its account. */
export function livePublished(published: PublishedJob, look: LiveLook): PublishedLive {
  const { segments, steps: _, ...figures } = published;
  const { end_us } = sealedBehind(look);
  const steps = stepRows(look.account.tail.steps, []).filter(({ start_us }) => start_us >= end_us);
  return { ...figures, stretches: new StretchList(segments), ...sealedOf(look, steps) };
}

/** How many chapters an account has in common with the published one: they are stacks. */
export function commonChapters(
  { chapters }: Pick<PublishedLive, 'chapters'>,
  { account: { sealed } }: LiveLook,
): number {
  let common = Math.min(chapters.length, sealed.length);
  while (common > 0 && chapters[common - 1] !== sealed[common - 1]) common--;
  return common;
}

/** Where the first so many chapters of an account end, microseconds. */
export function endOfChapters({ account: { sealed } }: LiveLook, chapters: number): number {
  return sealed[chapters - 1]?.carry.to_us ?? Number.NEGATIVE_INFINITY;
}

/**
 * Compares an account with what was published from the last chapter on that both have, and where first steps of earlier
 * ones turned out to start faster or slower. The stretches are edited at once: the edits are accepted when the rows are
 * written, and reverted when they are not.
 *
 * @param steps what is published of steps behind the common chapters
 */
export function livePublishing(
  before: PublishedLive,
  look: LiveLook,
  steps: readonly StepRow[],
): Publishing<PublishedLive> {
  const { account, view } = look;
  const { stretches } = before;
  const last = stretches.last;
  const common = commonChapters(before, look);
  const behind = account.from(common);
  const parts = replacements(before, look, common, behind.segments);
  const now = stepRows(behind.steps, steps);
  const rows = {
    segments: changesOf(parts),
    steps: changedSteps(steps, now),
    incidents: changedIncidents(before.incidents, view.account.incidents),
  };
  const revision = revisionFor(before, parts, rows.segments.length + rows.incidents.length > 0);
  const { end_us } = sealedBehind(look);
  const next: PublishedLive = {
    revision: before.unfinished ?? before.revision + (revision === undefined ? 0 : 1),
    unfinished: undefined,
    until_us: account.to_us,
    settled_us: settledUntil(view.account),
    open_attempt: openAttempt(view.account),
    incidents: view.account.incidents,
    stretches,
    ...sealedOf(
      look,
      now.filter(({ start_us }) => start_us >= end_us),
    ),
  };
  const goodput = revision === undefined ? UNKNOWN : goodputs(before, parts);
  return { next, account: view.account, revision, goodput, ...rows, isOnlyGrowth: isGrowth(last, rows) };
}

function revisionFor(
  before: PublishedLive,
  parts: readonly Replacement[],
  hasRows: boolean,
): Revision | undefined {
  if (before.unfinished !== undefined) return undefined;
  if (before.revision > 0) return revisionOfParts(before, parts);
  const { first, last } = before.stretches;
  return hasRows ? firstRevision(first, last) : undefined;
}

const UNKNOWN = { before: null, after: null };

function sealedOf(
  look: LiveLook,
  steps: readonly StepRow[],
): Pick<PublishedLive, 'chapters' | 'steps' | 'starts' | 'relabel_key'> {
  const { relabel_key } = look;
  const { chapters, end_us } = sealedBehind(look);
  return { chapters, steps, starts: startsOf(look, end_us), relabel_key };
}

/** Chapters of an account, and those that its open stretch became: they are published with it, and final. */
function sealedBehind(look: LiveLook): { readonly chapters: readonly object[]; readonly end_us: number } {
  const { sealed, justSealed } = look.account;
  const newest = justSealed.at(-1)?.chapter;
  if (newest === undefined) return { chapters: sealed, end_us: endOfChapters(look, sealed.length) };
  return { chapters: [...sealed, ...justSealed.map(({ chapter }) => chapter)], end_us: newest.carry.to_us };
}

function startsOf({ account }: LiveLook, until_us: number): Map<string, Start> {
  const starts = new Map<string, Start>();
  for (const { from_us, to_us, excess_us, bucket, cause } of account.slow_starts) {
    if (to_us > until_us) continue;
    starts.set(`${from_us} ${to_us}`, { from_us, to_us, told: JSON.stringify([excess_us, bucket, cause]) });
  }
  return starts;
}

/** Everything that differs, in order of time. */
function replacements(
  before: PublishedLive,
  look: LiveLook,
  common: number,
  behind: readonly Segment[],
): Replacement[] {
  const { account, relabel, relabel_key } = look;
  const { stretches } = before;
  const told = (segments: readonly Segment[]) => (relabel === undefined ? segments : segments.map(relabel));
  const whole = () => [
    stretches.replace(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, told(account.segments)),
  ];
  if (before.relabel_key !== relabel_key) return whole();
  const cut_us = endOfChapters(look, common);
  const parts: Replacement[] = [];
  for (const { from_us, to_us } of changedStarts(before, startsOf(look, cut_us), cut_us)) {
    const segments = look.firstStep({ from_us, to_us });
    if (segments.length === 0) {
      stretches.revert();
      return whole();
    }
    parts.push(stretches.replace(from_us, to_us, told(segments)));
  }
  parts.push(stretches.replace(cut_us, Number.POSITIVE_INFINITY, told(behind)));
  return parts;
}

/** First steps before a cut of which another part is start-up than was published. */
function changedStarts(
  { starts: before }: PublishedLive,
  now: ReadonlyMap<string, Start>,
  cut_us: number,
): Start[] {
  const changed: Start[] = [];
  for (const [key, start] of now) if (before.get(key)?.told !== start.told) changed.push(start);
  for (const [key, start] of before) if (!now.has(key) && start.to_us <= cut_us) changed.push(start);
  return changed.sort((a, b) => a.from_us - b.from_us);
}

/** A stretch may be replaced by more than one part: what counts is what it was before all and is after all. */
function changesOf(parts: readonly Replacement[]): RowChange<SegmentRow>[] {
  const gone = new Map<number, Segment>();
  const came = new Map<number, Segment>();
  for (const { before, now } of parts) {
    for (const one of before) if (!came.delete(one.from_us)) gone.set(one.from_us, one);
    for (const one of now) came.set(one.from_us, one);
  }
  return changedSegments([...gone.values()], [...came.values()]);
}

function goodputs({ stretches, until_us }: PublishedLive, parts: readonly Replacement[]) {
  const after = stretches.sums(until_us);
  let { productive_us, whole_us } = after;
  const add = ({ bucket, from_us, to_us }: Segment, sign: 1 | -1) => {
    const us = Math.min(to_us, until_us) - from_us;
    if (us <= 0 || bucket === 'excluded') return;
    whole_us += sign * us;
    if (bucket === 'productive') productive_us += sign * us;
  };
  for (const { before, now } of parts) {
    for (const one of before) add(one, 1);
    for (const one of now) add(one, -1);
  }
  return {
    before: ratioOf(productive_us, whole_us),
    after: ratioOf(after.productive_us, after.whole_us),
  };
}

function ratioOf(productive_us: number, whole_us: number): number | null {
  return whole_us === 0 ? null : productive_us / whole_us;
}
