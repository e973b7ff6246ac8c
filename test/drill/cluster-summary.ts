import { faultOf } from '../support/oracle.ts';
import type { ClusterDrillResult } from './cluster-drill.ts';
import { deviceFaultOf } from './device-oracle.ts';

/** What is wrong after a drill; empty when nothing is. */
export function clusterFaults(result: ClusterDrillResult): string[] {
  const events = faultOf(result.verdict);
  const devices = result.devices.map(deviceFaultOf);
  const stuck = result.own_ends.filter((end) => end.includes('did not stop'));
  return [events, ...devices, ...result.derived, ...result.stops, ...stuck].filter((fault) => fault !== null);
}

/** The figures of a drill, for a person. */
export function clusterSummary(result: ClusterDrillResult): string {
  const { verdict, faults, devices, said, fresh_s } = result;
  const total = [...faults.values()].reduce((sum, count) => sum + count, 0);
  const sum = (of: (one: (typeof devices)[number]) => number) =>
    devices.reduce((all, one) => all + of(one), 0);
  const quantile = (q: number) => fresh_s[Math.floor(q * (fresh_s.length - 1))]?.toFixed(1) ?? 'none';
  return [
    `${total} faults in ${result.took_s.toFixed(0)} s: ${listOf(faults)}`,
    `events: ${verdict.acknowledged} of ${verdict.issued} acknowledged, ${result.unknown_outcomes} sends of unknown outcome (${listOf(result.refusals)}), ` +
      `${verdict.stored} stored; ${verdict.lost.length} lost, ${verdict.doubled.length} doubled, ` +
      `${verdict.written_twice.length} written twice, ${verdict.damaged.length} damaged`,
    `device pages: ${sum(({ served }) => served)} served, ${sum(({ stored }) => stored)} stored; ` +
      `${sum(({ doubled }) => doubled.length)} doubled, ${sum(({ torn }) => torn.length)} torn, ` +
      `${sum(({ unknown }) => unknown.length)} unknown`,
    `topic: ${result.messages} batches, ${result.copies} of them copies; ${result.leader_changes} changes of leaders`,
    `counted, at least: ${listOf(result.counted)}`,
    `claims: ${result.claims}; derived results that differ: ${result.derived.length}`,
    `all well again, and events of all jobs through, after p50 ${quantile(0.5)} s, at most ${quantile(1)} s, ${fresh_s.length} times`,
    `ended by themselves: ${result.own_ends.length}`,
    ...result.own_ends.slice(0, 10).map((end) => `  ${end}`),
    'said:',
    ...[...said].sort(([, a], [, b]) => b - a).map(([message, count]) => `  ${count} x ${message}`),
    ...[...result.errors.values()].slice(0, 10),
  ].join('\n');
}

function listOf(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([what, count]) => `${count} ${what}`).join(', ');
}
