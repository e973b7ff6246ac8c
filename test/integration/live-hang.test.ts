import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../domain/events.ts';
import { silentLog } from '../../platform/log.ts';
import { ANALYZER_DEFAULTS, liveLimits } from '../../services/analyzer/config.ts';
import { API_DEFAULTS } from '../../services/api/config.ts';
import { createJobReader } from '../../services/api/job-reader.ts';
import { createResultReader } from '../../services/api/result-reader.ts';
import { createV1Routes } from '../../services/api/routes/v1.ts';
import { createSimulatedCluster } from '../../simulator/cluster.ts';
import { createVirtualTime } from '../../simulator/scheduler.ts';
import { type AnalyzerBench, openAnalyzerBench } from '../support/analyzer-bench.ts';
import { START_US } from '../support/training-events.ts';

/** A watchdog kills the job two minutes after its collective stopped; an open step is called hung after twenty seconds. */
const SIMULATED = { watchdog_s: 120, backfill_s: 60, trouble_after_s: 30 };
const LIMITS = { hang_floor_s: 20 };

let bench: AnalyzerBench;
beforeEach(async () => {
  bench = await openAnalyzerBench();
});
afterEach(async () => {
  await bench.close();
});

/** A simulated job over the analyzer and the read routes; only the clock is the test's. */
async function openLiveRun() {
  bench.now_us = START_US;
  const analyzer = bench.analyzer(LIMITS);
  const time = createVirtualTime(START_US);
  const received: RunEvent[] = [];
  const cluster = createSimulatedCluster('hang', {
    seed: 1,
    clock: time.clock,
    scheduler: time.scheduler,
    log: silentLog,
    config: SIMULATED,
    async send(events) {
      received.push(...events);
      bench.now_us = time.clock.now_us();
      await bench.receive(analyzer, events);
    },
  });
  const app = createV1Routes({
    config: API_DEFAULTS,
    jobs: createJobReader(bench.store),
    results: createResultReader(bench.store),
    clock: time.clock,
    live: liveLimits({ ...ANALYZER_DEFAULTS, ...LIMITS }),
    caughtUp: async () => {},
  });
  const json = async (path: string) =>
    (await (await app.request(`/jobs/${cluster.job}${path}`)).json()) as Record<string, unknown>;
  await analyzer.tick();
  cluster.start();
  const pass = async (seconds: number) => {
    await time.advanceTo(time.clock.now_us() + seconds * 1e6);
    bench.now_us = time.clock.now_us();
    await analyzer.tick();
  };
  return { cluster, received, json, pass, now_us: () => time.clock.now_us() };
}

function lastProgress(events: readonly RunEvent[]): number {
  return Math.max(...events.flatMap((event) => (event.type === 'step' ? [event.end_us ?? 0] : [])));
}

describe('a job that hangs while it is watched', () => {
  it('has goodput 0 over the last minute, hangs since its last progress, and its past is revised after the restart', async () => {
    const run = await openLiveRun();
    for (let state = ''; state !== 'hang'; state = String((await run.json('/ledger'))['state'])) {
      if (run.now_us() > START_US + 300e6) throw new Error('the simulated job never hung');
      await run.pass(5);
    }
    while (run.now_us() - lastProgress(run.received) < 70e6) await run.pass(5);
    const since_us = lastProgress(run.received);
    const minute = await run.json('/ledger?from=now-60s');
    expect(minute).toMatchObject({ state: 'hang', goodput_ratio: 0, horizon_s: 60 });
    expect(minute['buckets_s']).toEqual({ hang: 60 });
    const hung = await run.json('/ledger');
    const seconds = hung['buckets_s'] as Record<string, number>;
    expect(seconds['hang']).toBeCloseTo((run.now_us() - since_us) / 1e6, 6);
    const { revisions: before } = (await run.json('/revisions')) as { revisions: { revision: number }[] };
    const published = before.at(-1)?.revision ?? 0;

    while (!run.received.some(({ type }) => type === 'fail')) await run.pass(5);
    const failed_us = run.received.find((event) => event.type === 'fail')?.time_us ?? 0;
    while (lastProgress(run.received) <= failed_us) await run.pass(5);
    await run.pass(5);
    const { revisions } = (await run.json('/revisions')) as {
      revisions: { revision: number; moved_s: Record<string, number> }[];
    };
    const after = revisions.filter(({ revision }) => revision > published);
    expect(after.length).toBeGreaterThan(0);
    const moved = after.reduce((sum, { moved_s }) => sum + (moved_s['hang>lost_work'] ?? 0), 0);
    expect(moved, 'what had been called a hang was lost').toBeGreaterThan(60);
    const now = (await run.json('/ledger'))['buckets_s'] as Record<string, number>;
    expect(now['hang']).toBeUndefined();
    expect(now['lost_work']).toBeGreaterThan(moved);
    const reported = (await run.json(`/ledger?revision=${published}`))['buckets_s'] as Record<string, number>;
    expect(reported['hang']).toBeGreaterThan(60);
    expect(reported['lost_work']).toBeUndefined();
  }, 60_000);
});
