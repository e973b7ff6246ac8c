import type { FaultEvent } from '../events.ts';
import type { Account, Incident } from '../ledger/ledger-shape.ts';
import type { AccountFigures } from '../ledger/timeline.ts';
import { faultNear } from './incident-causes.ts';
import type { JobWork } from './job-work.ts';
import { SLOWDOWN_DEFAULTS, type SlowdownLimits } from './slowdown-limits.ts';
import type { KeptStep } from './throughput.ts';
import type { SlowCause, WorkSums } from './work-table.ts';

/** A stretch of kept steps that were slower than their ideal for long. */
export interface Slowdown {
  readonly attempt: number;
  readonly from_us: number;
  readonly to_us: number;
  /** Steps in it, and how many of them were slow. */
  readonly steps: number;
  readonly slow_steps: number;
  /** Whether the newest measured step of the attempt is still slow. */
  readonly is_open: boolean;
}

interface Open {
  readonly attempt: number;
  readonly from_us: number;
  readonly to_us: number;
  readonly steps: number;
  readonly slow_steps: number;
  /** Normal steps since the last slow one, not yet counted in. */
  readonly normal: number;
}

/**
 * Looks for sustained slow-downs among measured steps, oldest first. An attempt's first step is no evidence, it compiles; a
 * normal step or two in between do not end one, a new attempt does.
 */
export class SlowdownScan {
  readonly #limits: SlowdownLimits;
  #found: readonly Slowdown[] = [];
  #open: Open | undefined;
  #attempt: number | undefined;

  constructor(limits: SlowdownLimits = SLOWDOWN_DEFAULTS) {
    this.#limits = limits;
  }

  /** @param ideal_s of the step; undefined where none is known */
  push(
    step: Pick<KeptStep, 'attempt' | 'step_s' | 'start_us' | 'end_us' | 'count'>,
    ideal_s: number | undefined,
  ) {
    const { attempt, step_s, start_us, end_us, count } = step;
    if (attempt !== this.#attempt) {
      this.#close();
      this.#attempt = attempt;
      return;
    }
    if (ideal_s === undefined || step_s <= 0) return;
    const open = this.#open;
    if (step_s > ideal_s * this.#limits.step_factor) {
      this.#open = {
        attempt,
        from_us: open?.from_us ?? start_us,
        to_us: end_us,
        steps: (open?.steps ?? 0) + (open?.normal ?? 0) + count,
        slow_steps: (open?.slow_steps ?? 0) + count,
        normal: 0,
      };
    } else if (open !== undefined) {
      this.#open = { ...open, normal: open.normal + count };
      if (open.normal + count >= this.#limits.recover_steps) this.#close();
    }
  }

  /** Those so far; the last one is open where it may still go on. */
  list(): readonly Slowdown[] {
    const open = this.#told(true);
    return open === undefined ? this.#found : [...this.#found, open];
  }

  /** Another one that goes on from here. */
  clone(): SlowdownScan {
    const scan = new SlowdownScan(this.#limits);
    scan.#found = this.#found;
    scan.#open = this.#open;
    scan.#attempt = this.#attempt;
    return scan;
  }

  #close(): void {
    const told = this.#told(false);
    if (told !== undefined) this.#found = [...this.#found, told];
    this.#open = undefined;
  }

  #told(is_open: boolean): Slowdown | undefined {
    if (this.#open === undefined || !isSustained(this.#open, this.#limits)) return undefined;
    const { normal: _, ...slow } = this.#open;
    return { ...slow, is_open };
  }
}

/** Sustained slow-downs among measured steps, oldest first. */
export function slowdownsOf(
  measured: readonly KeptStep[],
  { ideals }: Pick<JobWork, 'ideals'>,
  limits: SlowdownLimits = SLOWDOWN_DEFAULTS,
): readonly Slowdown[] {
  const scan = new SlowdownScan(limits);
  for (const step of measured) scan.push(step, ideals.of(step));
  return scan.list();
}

function isSustained({ slow_steps, from_us, to_us }: Open, limits: SlowdownLimits): boolean {
  return slow_steps >= limits.steps_min && to_us - from_us >= limits.duration_min_s * 1e6;
}

/** Why the steps of a stretch were slow, as far as they tell: a cause, and the rank that held most of it up. */
export type SlowReason = (
  from_us: number,
  to_us: number,
) => { readonly cause: SlowCause | null; readonly suspect: ReturnType<typeof suspectOf> };

/** Adds an incident for each slow-down of a job, in order of time; what faults and slow ranks tell names the suspect. */
export function withSlowdowns(
  account: Account,
  measured: readonly KeptStep[],
  work: JobWork,
  faults: readonly FaultEvent[],
  limits: SlowdownLimits = SLOWDOWN_DEFAULTS,
): Account {
  const slow = slowdownsOf(measured, work, limits);
  if (slow.length === 0) return account;
  const reasonOf: SlowReason = (from_us, to_us) => ({
    cause: mainSlowCause(work.table.wall(from_us, to_us)),
    suspect: suspectOf(work, from_us, to_us),
  });
  return { ...account, incidents: withSlowIncidents(account, slow, reasonOf, faults) };
}

/** The incidents of an account and those of its slow-downs, in order of time. */
export function withSlowIncidents(
  account: AccountFigures,
  slow: readonly Slowdown[],
  reasonOf: SlowReason,
  faults: readonly FaultEvent[],
): readonly Incident[] {
  if (slow.length === 0) return account.incidents;
  const added = slow.map((one) => incidentOf(account, one, reasonOf, faults));
  return [...account.incidents, ...added].sort((a, b) => a.failed_at_us - b.failed_at_us);
}

/** What evidence explains most of a stretch's excess; null where most of it is unknown. */
export function mainSlowCause({ causes }: WorkSums): SlowCause | null {
  const told = Object.entries(causes) as [SlowCause, number][];
  const [first] = told.filter(([cause]) => cause !== 'faster').sort((a, b) => b[1] - a[1]);
  return first === undefined || first[0] === 'unknown' || first[1] <= 0 ? null : first[0];
}

/** The rank that held up most of a stretch. */
export function suspectOf({ evidence }: JobWork, from_us: number, to_us: number) {
  const sums = new Map<number, { rank: number; node: string | null; device: string | null; us: number }>();
  for (const { rank, node, device, start_us, end_us, excess_us } of evidence.straggles) {
    if (end_us <= from_us || start_us >= to_us) continue;
    const known = sums.get(rank) ?? { rank, node, device, us: 0 };
    sums.set(rank, { ...known, us: known.us + excess_us });
  }
  return [...sums.values()].sort((a, b) => b.us - a.us || a.rank - b.rank)[0];
}

function incidentOf(
  { job, state, to_us: now_us }: AccountFigures,
  { attempt, from_us, to_us, is_open }: Slowdown,
  reasonOf: SlowReason,
  faults: readonly FaultEvent[],
): Incident {
  const { cause, suspect } = reasonOf(from_us, to_us);
  const fault = faultNear(faults, { from_us, to_us: is_open ? now_us : to_us, node: suspect?.node ?? null });
  const hasEnded = state === 'ended' || state === 'down';
  const lasted_s = (to_us - from_us) / 1e6;
  const end_s = is_open ? null : lasted_s;
  return {
    id: `${job}/${attempt}/slowdown-${from_us}`,
    kind: 'slowdown',
    state: is_open ? (hasEnded ? 'ended' : 'open') : 'recovered',
    attempt,
    failed_at_us: from_us,
    last_progress_at_us: from_us,
    cause: fault?.code ?? cause,
    node: suspect?.node ?? fault?.node ?? null,
    device: suspect?.device ?? (fault?.device === undefined ? null : String(fault.device)),
    planned: false,
    lost_steps: 0,
    time_to_detect_s: null,
    time_to_localize_s: null,
    time_to_nodes_ready_s: null,
    time_to_restart_s: null,
    time_to_first_step_s: null,
    time_to_regain_progress_s: end_s,
    last_progress_to_regain_s: end_s,
  };
}
