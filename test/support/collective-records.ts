import { windowsOf } from '../../domain/collective-windows.ts';
import type { CollectiveWindowEvent } from '../../domain/events.ts';
import { START_US } from './training-events.ts';

/** Windows of an all-reduce among eight, one each of two nodes' halves, to which the sixth member comes late. */
export function slowMember(job: string, collectives: number): readonly CollectiveWindowEvent[] {
  const records = Array.from({ length: collectives }, (_, sequence) =>
    Array.from({ length: 8 }, (_, rank) => ({
      communicator: '0x7f8c496ae9f661',
      rank,
      ranks: 8,
      node: rank < 4 ? 'n1' : 'n2',
      operation: 'AllReduce',
      sequence,
      bytes: 1 << 20,
      duration_us: rank === 5 ? 1000 : 3000,
      time_us: START_US + 20e6 + sequence * 1e6,
      inter_node: true,
    })),
  ).flat();
  return windowsOf(job, records).windows;
}
