import { expect, it } from 'vitest';
import { cutPacks } from '../../../../../platform/bus/kafka/pack.ts';

/** Batches with bodies of these sizes, cut; their sizes by pack. */
function packsOf(sizes: readonly number[], limit: number): number[][] {
  const entries = sizes.map((size) => ({
    prepared: {
      batch: {
        id: 'x',
        kind: 'run_events',
        schemaVersion: 1,
        key: 'job',
        rows: 1,
        body: Buffer.alloc(size),
      } as const,
    },
  }));
  return cutPacks(entries, limit).map((pack) => pack.map(({ prepared }) => prepared.batch.body.length));
}

it.each([
  ['nothing', [], 10, []],
  ['what fits together', [3, 3, 4, 1], 10, [[3, 3, 4], [1]]],
  ['a large one alone, in its place', [1, 1, 20, 1, 1], 10, [[1, 1], [20], [1, 1]]],
  ['what follows a large one', [20, 1], 10, [[20], [1]]],
  ['each alone without a limit to pack to', [1, 2], 0, [[1], [2]]],
])('%s', (_, sizes, limit, packs) => {
  expect(packsOf(sizes, limit)).toEqual(packs);
});
