import { MTBF_VARIANTS } from '../catalog/reliability-metrics.ts';
import type { Bucket, Incident, LedgerJson } from '../ledger/ledger-shape.ts';
import { type Mtbf, mtbf, RUNNING_BUCKETS, runningTime } from '../ledger/reliability.ts';
import { type EttrSensitivity, ettrSensitivity } from './ettr-sensitivity.ts';
import type { IncidentColumns } from './incident-columns.ts';
import type { JobView } from './job-view.ts';
import type { LiveView } from './live-view.ts';

export type MtbfVariant = (typeof MTBF_VARIANTS)[number];

/** Failures of a job against the time it ran. */
export interface FailureRates {
  /** Interruptions that began in the range; `all` is the sum of the others. */
  readonly interruptions: {
    readonly all: number;
    /** Explicit and implicit failures. */
    readonly unplanned: number;
    readonly planned: number;
    readonly manual: number;
    /** Unplanned ones that a node is to blame for. */
    readonly node_attributed: number;
  };
  readonly elapsed_s: number;
  /** Computing and saving, kept or not. */
  readonly running_s: number;
  /** Running seconds times the nodes of the attempt; null where an attempt named none. */
  readonly node_running_s: number | null;
  readonly mtbf: Readonly<Record<MtbfVariant, Mtbf>>;
}

export interface Reliability extends FailureRates {
  /** Which phase is worth attacking. */
  readonly ettr: EttrSensitivity;
}

/** An incident with what kind of interruption it was. */
export type NamedIncident = Pick<Incident, 'kind' | 'node'> & {
  readonly causes: Pick<IncidentColumns, 'interruption'>;
};

const NO_NODES = 'an attempt did not say its nodes (attempt_start.nodes)';
const NO_CLOCK = 'the log carries no time: how long the job ran between failures is not known';

/**
 * Failures of a job against the time it ran. Elapsed time is the horizon without what was excluded; running time leaves
 * out down time, start-up and waiting, because what does not run does not fail the same way. Of nodes: N nodes that run
 * for an hour are N node-hours, so 1 / MTBI of the job = N / MTBF of a node + what is no node's fault.
 *
 * @param incidents of the report's range, with their causes
 */
export function failureRates(
  view: LiveView,
  ledger: LedgerJson,
  incidents: readonly NamedIncident[],
): FailureRates {
  const interruptions = countsOf(incidents);
  const { all, unplanned, node_attributed } = interruptions;
  const elapsed_s = ledger.horizon_s - (ledger.buckets_s.excluded ?? 0);
  const running_s = runningTime(ledger.buckets_s);
  const node_running_s = nodeRunningTime(view, ledger);
  const told = (exposure_s: number | null) => (view.clock_is_made_up ? null : exposure_s);
  const missing = view.clock_is_made_up ? NO_CLOCK : NO_NODES;
  const variant = (exposure_s: number | null, count: number, formula: string) =>
    mtbf(told(exposure_s), count, formula, missing);
  const node_s = unplanned > 0 && node_attributed === 0 ? null : node_running_s;
  return {
    interruptions,
    elapsed_s,
    running_s,
    node_running_s,
    mtbf: {
      elapsed: variant(elapsed_s, all, 'elapsed seconds (excluded ones taken out) / all interruptions'),
      elapsed_unplanned: variant(
        elapsed_s,
        unplanned,
        'elapsed seconds (excluded ones taken out) / unplanned interruptions',
      ),
      running_time: variant(running_s, all, 'seconds of computing and saving / all interruptions'),
      running_time_unplanned: variant(
        running_s,
        unplanned,
        'seconds of computing and saving / unplanned interruptions',
      ),
      node: variant(node_running_s, unplanned, 'node-seconds in the running job / unplanned interruptions'),
      node_attributed: mtbf(
        told(node_s),
        node_attributed,
        'node-seconds in the running job / unplanned interruptions that name a node',
        node_running_s === null ? missing : 'no failure names the node that was to blame',
      ),
    },
  };
}

export function reliabilityOf(
  view: JobView,
  ledger: LedgerJson,
  incidents: readonly NamedIncident[],
): Reliability {
  return { ...failureRates(view, ledger, incidents), ettr: ettrSensitivity(view, ledger) };
}

/** Why the variants are null that are, by field, for `quality.reasons`. */
export function reliabilityReasons({ mtbf, interruptions }: FailureRates): Record<string, string> {
  const reasons: Record<string, string> = {};
  for (const name of MTBF_VARIANTS) {
    const { reason, interval } = mtbf[name];
    // that nothing failed yet is a fact like any other, and stands at the figure itself with its lower end
    if (reason === null || interval !== null || interruptions.all === 0) continue;
    if (!Object.values(reasons).includes(reason)) reasons[`reliability.mtbf.${name}`] = reason;
  }
  return reasons;
}

function countsOf(incidents: readonly NamedIncident[]): Reliability['interruptions'] {
  const counts = { all: 0, unplanned: 0, planned: 0, manual: 0, node_attributed: 0 };
  for (const { kind, causes, node } of incidents) {
    if (kind !== 'interruption') continue;
    counts.all++;
    if (causes.interruption === 'planned') counts.planned++;
    else if (causes.interruption === 'manual') counts.manual++;
    else {
      counts.unplanned++;
      if (node !== null) counts.node_attributed++;
    }
  }
  return counts;
}

/** Null where an attempt that ran in the range did not say its nodes. */
function nodeRunningTime(
  { account, timeline, evidence }: LiveView,
  { from_us, to_us }: LedgerJson,
): number | null {
  const nodes = new Map<number, number | undefined>(
    account.attempts.map(({ attempt, start_us }) => [attempt, evidence.nodes_by_start.get(start_us)]),
  );
  let node_us = 0;
  for (const { bucket, attempt, from_us: begin_us, to_us: end_us } of timeline.rows(from_us, to_us)) {
    if (!RUNNING.has(bucket) || attempt === undefined) continue;
    const held = nodes.get(attempt);
    if (held === undefined) return null;
    node_us += (end_us - begin_us) * held;
  }
  return node_us / 1e6;
}

const RUNNING = new Set<Bucket>(RUNNING_BUCKETS);
