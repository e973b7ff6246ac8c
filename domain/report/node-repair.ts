import type { NodeStateEvent } from '../events.ts';
import { type DurationSummary, durationsOf } from './durations.ts';

/** A node that is out of service now. */
export interface OpenRepair {
  readonly node: string;
  readonly state: NodeStateEvent['state'];
  readonly since_us: number;
  /** Seconds up to the moment looked from. */
  readonly for_s: number;
}

export interface NodeRepairSummary extends DurationSummary {
  /** The longest open first. */
  readonly open: readonly OpenRepair[];
  /** The same of each node that was ever out, the one that lost most time first. */
  readonly nodes: readonly (DurationSummary & { readonly node: string; readonly open: boolean })[];
}

/**
 * Repair of machines, apart from the recovery of jobs: a job goes on elsewhere long before a node is mended. A repair
 * begins when a healthy node is first said to be unhealthy, quarantined or repairing, and ends when it is said to be
 * healthy; draining alone is no fault.
 *
 * @param states of the job's nodes, in order of time; what lies after `at_us` is unseen
 * @param range repairs that began in it are counted
 */
export function nodeRepairOf(
  states: readonly NodeStateEvent[],
  at_us: number | null,
  range: { readonly from_us?: number | undefined; readonly to_us?: number | undefined } = {},
): NodeRepairSummary {
  const { from_us = Number.NEGATIVE_INFINITY, to_us = Number.POSITIVE_INFINITY } = range;
  const seen = states.filter(({ time_us }) => at_us === null || time_us <= at_us);
  const until_us = at_us ?? seen.at(-1)?.time_us ?? 0;
  const repairs = repairsOf(seen).filter(({ since_us }) => since_us >= from_us && since_us < to_us);
  const names = [...new Set(repairs.map(({ node }) => node))];
  const nodes = names.map((name) => {
    const own = repairs.filter(({ node }) => node === name);
    return { node: name, ...durationsOf(secondsOf(own)), open: own.some((repair) => !repair.is_over) };
  });
  return {
    ...durationsOf(secondsOf(repairs)),
    open: repairs
      .filter((repair) => !repair.is_over)
      .map(({ node, state, since_us }) => ({ node, state, since_us, for_s: (until_us - since_us) / 1e6 }))
      .sort((a, b) => a.since_us - b.since_us || (a.node < b.node ? -1 : 1)),
    nodes: nodes.sort((a, b) => repairTime(b) - repairTime(a) || (a.node < b.node ? -1 : 1)),
  };
}

interface Repair {
  readonly node: string;
  readonly since_us: number;
  state: NodeStateEvent['state'];
  until_us: number;
  is_over: boolean;
}

function repairsOf(states: readonly NodeStateEvent[]): Repair[] {
  const repairs: Repair[] = [];
  const open = new Map<string, Repair>();
  for (const { node, state, time_us } of states) {
    const repair = open.get(node);
    if (repair === undefined) {
      if (state === 'healthy' || state === 'draining') continue;
      const begun = { node, since_us: time_us, state, until_us: time_us, is_over: false };
      repairs.push(begun);
      open.set(node, begun);
      continue;
    }
    repair.state = state;
    repair.until_us = time_us;
    repair.is_over = state === 'healthy';
    if (repair.is_over) open.delete(node);
  }
  return repairs;
}

function secondsOf(repairs: readonly Repair[]): number[] {
  return repairs.flatMap(({ is_over, since_us, until_us }) => (is_over ? [(until_us - since_us) / 1e6] : []));
}

function repairTime({ count, mean_s }: DurationSummary): number {
  return count * (mean_s ?? 0);
}
