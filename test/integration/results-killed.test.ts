import { expect, it } from 'vitest';
import { silentLog } from '../../platform/log.ts';
import { createSeriesEncoder } from '../../platform/series/series-encoder.ts';
import type { Store } from '../../platform/store/store.ts';
import { createAnalyzer } from '../../services/analyzer/analyzer.ts';
import { ANALYZER_DEFAULTS } from '../../services/analyzer/config.ts';
import { openAnalyzerBench } from '../support/analyzer-bench.ts';
import { contentOf, resultsOf } from '../support/result-rows.ts';
import { attempt, endOf, llamaSpec, START_US } from '../support/training-events.ts';

const FAIL_US = endOf() + 3e6;
const AGAIN = { attempt: 2, start_us: FAIL_US + 40e6, first: 6 };
const BEFORE = [llamaSpec(), ...attempt()];
const AFTER = [
  { type: 'fail', job: 'a', attempt: 1, time_us: FAIL_US, cause: 'xid:79' } as const,
  ...attempt(AGAIN),
];
const END_US = endOf(AGAIN) + 10e6;

/** The engine as a process sees it that dies after so many more inserts: the next one never comes about. */
function dyingAfter(store: Store, inserts: number): Store {
  let left = inserts;
  const alive = () => {
    if (left-- <= 0) throw new Error('killed');
  };
  return {
    query: (...asked) => store.query(...asked),
    command: (...asked) => store.command(...asked),
    async insertRows(...rows) {
      alive();
      await store.insertRows(...rows);
    },
    async insertRowBinary(...rows) {
      alive();
      await store.insertRowBinary(...rows);
    },
    close: async () => {},
  };
}

/** The job published up to its failure; then one analyzer dies on the news, and the next one finds what it left. */
async function killedAfter(inserts: number) {
  const bench = await openAnalyzerBench();
  try {
    const first = bench.analyzer();
    await first.tick();
    bench.now_us = endOf();
    await bench.receive(first, BEFORE);
    await bench.pass(first);
    await bench.pass(first);
    await first.stop();
    bench.now_us = END_US;
    const dying = createAnalyzer({
      store: dyingAfter(bench.store, inserts),
      clock: { now_us: () => bench.now_us },
      config: ANALYZER_DEFAULTS,
      log: silentLog,
      encoder: createSeriesEncoder(),
    });
    await bench.receive(dying, AFTER);
    await dying.tick().catch(() => undefined);
    const next = bench.analyzer();
    await bench.pass(next);
    await bench.pass(next);
    const { revisions } = await resultsOf(bench.store, 'a');
    return { content: await contentOf(bench.store, 'a'), revisions: revisions.map(({ reason }) => reason) };
  } finally {
    await bench.close();
  }
}

it('finds the same rows and the same revision wherever the process before it was killed between two inserts', async () => {
  const whole = await killedAfter(Number.POSITIVE_INFINITY);
  expect(whole.revisions).toEqual(['first', 'rollback']);
  expect(whole.content.segments[0]).toMatchObject({ from_us: START_US, bucket: 'startup' });
  for (let inserts = 0; inserts < 9; inserts++) {
    expect(await killedAfter(inserts), `killed after ${inserts} inserts`).toEqual(whole);
  }
}, 120_000);
