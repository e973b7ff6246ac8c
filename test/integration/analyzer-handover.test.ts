import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../domain/events.ts';
import { silentLog } from '../../platform/log.ts';
import { createSeriesEncoder } from '../../platform/series/series-encoder.ts';
import type { Store } from '../../platform/store/store.ts';
import { ANALYZER_DEFAULTS } from '../../services/analyzer/config.ts';
import { createShardedAnalyzer, type ShardedAnalyzer } from '../../services/analyzer/shards.ts';
import { type AnalyzerBench, openAnalyzerBench } from '../support/analyzer-bench.ts';
import { Claims } from '../support/claimed-store.ts';
import { contentOf, resultsOf } from '../support/result-rows.ts';
import { storeEvents } from '../support/stored-events.ts';
import { attempt, endOf, llamaSpec } from '../support/training-events.ts';

const FAIL_US = endOf() + 3e6;
const AGAIN = { attempt: 2, start_us: FAIL_US + 40e6, first: 6 };
const BEFORE = [llamaSpec(), ...attempt()];
const AFTER = [
  { type: 'fail', job: 'a', attempt: 1, time_us: FAIL_US, cause: 'xid:79' } as const,
  ...attempt(AGAIN),
];
const END_US = endOf(AGAIN) + 10e6;
const INTERVAL_MS = ANALYZER_DEFAULTS.interval_s * 1000;

/** A process of a cluster that accounts shards; its clock may be off. */
function analyzerOf(bench: AnalyzerBench, store: Store, clock_off_us = 0): ShardedAnalyzer {
  return createShardedAnalyzer({
    store,
    clock: { now_us: () => bench.now_us + clock_off_us },
    config: { ...ANALYZER_DEFAULTS, job_time_ratio_max: Number.POSITIVE_INFINITY, results_open_end_s: 1 },
    log: silentLog,
    encoder: createSeriesEncoder(),
    shardOf: (job) => (job === 'a' ? 'p/0' : 'p/1'),
  });
}

/**
 * Every value that is valid now from the failure on: before it, whoever takes a job up draws more of the past in
 * hindsight. The number of the newest revision is said from the second tick on.
 */
function pointsOf(store: Store) {
  return store.query<{ readonly ts_ms: number }>(
    `SELECT s.name AS name, s.labels AS labels, toUnixTimestamp64Milli(p.ts) AS ts_ms, toString(p.value) AS value
     FROM series_points AS p FINAL
     INNER JOIN (SELECT series_id, any(name) AS name, any(labels) AS labels FROM series GROUP BY series_id) AS s
       ON s.series_id = p.series_id
     WHERE NOT isNaN(p.value) AND ts_ms >= {from_ms:Int64} AND name != 'headway_job_revision'
     ORDER BY name, toString(labels), ts_ms`,
    { from_ms: FAIL_US / 1000 },
  );
}

interface HandOver {
  /** Inserts of the news that the earlier owner gets done before the later one claims; undefined: it stays owner. */
  readonly after_inserts?: number;
  readonly next_clock_off_us?: number;
  /** Events that come after it was taken over. */
  readonly late?: readonly RunEvent[];
}

/**
 * A job published up to its failure. While its owner writes the news, another process claims the shard and accounts
 * it; the earlier one goes on all the while, with what it had begun and with ticks of its own.
 */
async function handedOver({ after_inserts, next_clock_off_us = 0, late = [] }: HandOver) {
  const bench = await openAnalyzerBench();
  const claims = new Claims();
  try {
    let next: ShardedAnalyzer | undefined;
    let counting = false;
    let left = after_inserts ?? Number.POSITIVE_INFINITY;
    let torn_ms: number | undefined;
    const takeOver = () => {
      torn_ms = bench.now_us / 1000 - ((bench.now_us / 1000) % INTERVAL_MS);
      next = analyzerOf(bench, claims.guard(bench.store), next_clock_off_us);
      next.take({ name: 'p/0', fence: claims.claim('p/0', 'next') });
    };
    const first = analyzerOf(
      bench,
      claims.guard(bench.store, () => {
        if (counting && left-- === 0) takeOver();
      }),
    );
    first.take({ name: 'p/0', fence: claims.claim('p/0', 'first') });
    await first.tick();
    bench.now_us = endOf();
    first.touch(await storeEvents(bench.store, BEFORE, bench.now_us / 1000));
    await first.tick();
    bench.now_us += 5e6;
    await first.tick();
    bench.now_us = END_US;
    first.touch(await storeEvents(bench.store, AFTER, bench.now_us / 1000));
    counting = true;
    await first.tick().catch(() => undefined);
    for (let round = 0; round < 3; round++) {
      bench.now_us += 5e6;
      await next?.tick();
      await first.tick().catch(() => undefined);
    }
    next?.touch(await storeEvents(bench.store, late, bench.now_us / 1000));
    await next?.tick();
    const { revisions } = await resultsOf(bench.store, 'a');
    return {
      content: await contentOf(bench.store, 'a'),
      revisions: revisions.map(({ reason }) => reason),
      points: await pointsOf(bench.store),
      shards: first.shards(),
      torn_ms,
    };
  } finally {
    await bench.close();
  }
}

describe('a shard that another process takes over', () => {
  it('is told the same, wherever between two inserts that was, and by whichever of both was heard last', async () => {
    const whole = await handedOver({});
    expect(whole.revisions).toEqual(['first', 'rollback']);
    expect(whole.points.length).toBeGreaterThan(100);
    for (let after_inserts = 0; after_inserts < 9; after_inserts++) {
      const one = await handedOver({ after_inserts });
      const where = `taken over before insert ${after_inserts}`;
      expect(one.shards, where).toEqual([]);
      expect(one.torn_ms, where).toBeDefined();
      // the time of the torn tick may stay without values, which is less than the gap that a query looks back over
      const untorn = ({ points }: typeof one) => points.filter(({ ts_ms }) => ts_ms !== one.torn_ms);
      expect(untorn(one), where).toEqual(untorn(whole));
      expect(one.content, where).toEqual(whole.content);
      expect(one.revisions, where).toEqual(whole.revisions);
    }
  }, 240_000);

  it('says what its present owner says, also where the clock of that one is behind', async () => {
    const span_us = { start_us: endOf() + 0.5e6, end_us: endOf() + 2.5e6 };
    const late = { type: 'span', job: 'a', attempt: 1, kind: 'ckpt_save', ...span_us } as const;
    const taken = { after_inserts: 9, late: [late] };
    const straight = await handedOver(taken);
    // it writes a time anew at which the one before, by its clock, wrote it later
    const behind = await handedOver({ ...taken, next_clock_off_us: -20e6 });
    const told = ({ points }: typeof straight) =>
      points.filter(({ ts_ms }) => ts_ms < END_US / 1000 - 60_000);
    const badput = {
      name: 'headway_job_badput_seconds',
      labels: { job: 'a', bucket: 'ckpt_save' },
      value: '2',
    };
    expect(told(straight)).toContainEqual(expect.objectContaining(badput));
    expect(told(behind)).toEqual(told(straight));
  }, 240_000);
});
