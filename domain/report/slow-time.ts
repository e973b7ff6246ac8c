import { SLOW_CAUSES } from '../catalog/derived-metrics.ts';
import type { LedgerJson } from '../ledger/ledger-shape.ts';
import type { IdealStep } from './ideal-step.ts';
import type { LiveView } from './live-view.ts';
import type { SlowCause, WorkSums } from './work-table.ts';

/** Productive time against its ideal: `productive = ideal + excess + unjudged`, and the causes sum to the excess. */
export interface SlowSplit {
  readonly productive: number;
  /** What the judged steps would have taken at the ideal step time. */
  readonly ideal: number;
  /** Above the ideal; negative where steps were faster. */
  readonly excess: number;
  /** Productive time of steps that no ideal is known for. */
  readonly unjudged: number;
  /** Only nonzero ones. `faster` is negative: what steps below the ideal saved. */
  readonly excess_by_cause: Readonly<Partial<Record<SlowCause, number>>>;
}

export interface SlowSuspect {
  readonly rank: number;
  readonly node: string | null;
  readonly device: string | null;
  /** Wall seconds by which its own work held kept steps up. */
  readonly excess_s: number;
  readonly steps: number;
}

/** Slow time of a range (`ledger.md` 2). Adjacent ranges add up. */
export interface SlowTime {
  /** Seconds. */
  readonly seconds: SlowSplit;
  /** Device-seconds; null where nobody said how many devices the job holds. */
  readonly device_seconds: SlowSplit | null;
  /** Ideal over actual of the judged time; above 1 where steps were faster. Null without an ideal. */
  readonly ideal_over_actual_ratio: number | null;
  readonly ideals: readonly IdealStep[];
  /** Ranks that held steps up, the worst first. */
  readonly suspects: readonly SlowSuspect[];
  readonly reason: string | null;
}

/** Suspects listed; the sums are of all. */
const SUSPECTS_MAX = 10;

export function slowTime(
  view: LiveView,
  { from_us, to_us }: Pick<LedgerJson, 'from_us' | 'to_us'>,
): SlowTime {
  const { ideals, table, evidence } = view.work();
  const wall = table.wall(from_us, to_us);
  const device = table.device(from_us, to_us);
  const suspects = new Map<
    number,
    { node: string | null; device: string | null; us: number; steps: number }
  >();
  for (const { rank, node, device: at, start_us, end_us, excess_us } of evidence.straggles) {
    if (end_us <= from_us || start_us >= to_us) continue;
    const known = suspects.get(rank) ?? { node, device: at, us: 0, steps: 0 };
    suspects.set(rank, { node, device: at, us: known.us + excess_us, steps: known.steps + 1 });
  }
  return {
    seconds: splitOf(wall),
    device_seconds: device === null ? null : splitOf(device),
    ideal_over_actual_ratio: wall.judged > 0 ? wall.ideal / wall.judged : null,
    ideals: ideals.list,
    suspects: [...suspects]
      .map(([rank, { node, device: at, us, steps }]) => ({
        rank,
        node,
        device: at,
        excess_s: us / 1e6,
        steps,
      }))
      .sort((a, b) => b.excess_s - a.excess_s || a.rank - b.rank)
      .slice(0, SUSPECTS_MAX),
    reason:
      wall.judged > 0
        ? null
        : 'no ideal step time is given (ideal_step_s in the job event), and too few alike steps to learn one',
  };
}

function splitOf({ productive, judged, ideal, causes }: WorkSums): SlowSplit {
  const told = SLOW_CAUSES.flatMap((cause): [SlowCause, number][] =>
    causes[cause] === 0 ? [] : [[cause, causes[cause] / 1e6]],
  );
  return {
    productive: productive / 1e6,
    ideal: ideal / 1e6,
    excess: (judged - ideal) / 1e6,
    unjudged: (productive - judged) / 1e6,
    excess_by_cause: Object.fromEntries(told),
  };
}
