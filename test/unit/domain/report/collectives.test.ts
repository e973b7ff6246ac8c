import { expect, it } from 'vitest';
import { collectivesOf } from '../../../../domain/report/collectives.ts';

const run = (ranks: readonly number[]) =>
  Array.from({ length: 6 }, (_, sequence) =>
    ranks.map((rank) => ({
      communicator: 'c',
      rank,
      ranks: 4,
      node: null,
      operation: 'AllReduce',
      sequence,
      bytes: 1024,
      duration_us: rank === 3 ? 256 : 3369,
      time_us: 0,
    })),
  ).flat();

it('takes the rank of the shortest duration for the late one, and decides nothing of an incomplete set', () => {
  expect(collectivesOf(run([0, 1, 2, 3]))).toMatchObject([
    { count: 24, complete: 6, late_rank: 3, late_share_ratio: 1 },
  ]);
  expect(collectivesOf(run([0, 1, 3]))).toMatchObject([
    { complete: 0, late_rank: null, late_share_ratio: null },
  ]);
});
