import type { FaultEvent } from '../events.ts';
import type { Account, Incident } from '../ledger/ledger-shape.ts';
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
  to_us: number;
  steps: number;
  slow_steps: number;
  /** Normal steps since the last slow one, not yet counted in. */
  normal: number;
}

/**
 * Sustained slow-downs among measured steps (oldest first). An attempt's first step is no evidence, it compiles; a normal
 * step or two in between do not end one, a new attempt does.
 */
export function slowdownsOf(
  measured: readonly KeptStep[],
  { ideals }: Pick<JobWork, 'ideals'>,
  limits: SlowdownLimits = SLOWDOWN_DEFAULTS,
): Slowdown[] {
  const found: Slowdown[] = [];
  let open: Open | undefined;
  let attempt: number | undefined;
  const close = (is_open: boolean) => {
    if (open !== undefined && isSustained(open, limits)) {
      const { normal: _, ...slow } = open;
      found.push({ ...slow, is_open });
    }
    open = undefined;
  };
  for (const step of measured) {
    if (step.attempt !== attempt) {
      close(false);
      attempt = step.attempt;
      continue;
    }
    const ideal_s = ideals.of(step);
    if (ideal_s === undefined || step.step_s <= 0) continue;
    if (step.step_s > ideal_s * limits.step_factor) {
      open ??= {
        attempt: step.attempt,
        from_us: step.start_us,
        to_us: 0,
        steps: 0,
        slow_steps: 0,
        normal: 0,
      };
      open.to_us = step.end_us;
      open.steps += open.normal + step.count;
      open.slow_steps += step.count;
      open.normal = 0;
    } else if (open !== undefined) {
      open.normal += step.count;
      if (open.normal >= limits.recover_steps) close(false);
    }
  }
  close(true);
  return found;
}

function isSustained({ slow_steps, from_us, to_us }: Open, limits: SlowdownLimits): boolean {
  return slow_steps >= limits.steps_min && to_us - from_us >= limits.duration_min_s * 1e6;
}

/** Adds an incident for each slow-down of a job, in order of time; what faults and slow ranks tell names the suspect. */
export function withSlowdowns(
  account: Account,
  measured: readonly KeptStep[],
  work: JobWork,
  faults: readonly FaultEvent[],
  limits: SlowdownLimits = SLOWDOWN_DEFAULTS,
): Account {
  const slow = slowdownsOf(measured, work, limits).map((one) => incidentOf(account, one, work, faults));
  if (slow.length === 0) return account;
  const incidents = [...account.incidents, ...slow].sort((a, b) => a.failed_at_us - b.failed_at_us);
  return { ...account, incidents };
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
  { job, state, to_us: now_us }: Account,
  { attempt, from_us, to_us, is_open }: Slowdown,
  work: JobWork,
  faults: readonly FaultEvent[],
): Incident {
  const sums = work.table.wall(from_us, to_us);
  const suspect = suspectOf(work, from_us, to_us);
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
    cause: fault?.code ?? mainSlowCause(sums),
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
