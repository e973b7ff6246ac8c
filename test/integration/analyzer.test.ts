import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../domain/events.ts';
import { silentLog } from '../../platform/log.ts';
import { createSeriesEncoder } from '../../platform/series/series-encoder.ts';
import { STORE_DEFAULTS } from '../../platform/store/config.ts';
import { openEmbeddedStore } from '../../platform/store/embedded.ts';
import { migrate } from '../../platform/store/migrate.ts';
import type { Store } from '../../platform/store/store.ts';
import { type Analyzer, createAnalyzer } from '../../services/analyzer/analyzer.ts';
import { ANALYZER_DEFAULTS, type AnalyzerConfig } from '../../services/analyzer/config.ts';
import { storeEvents } from '../support/stored-events.ts';
import { makeFolder } from '../support/temporary-folder.ts';
import { attempt, endOf, llamaSpec, START_US } from '../support/training-events.ts';

/** Analyzer over the real engine; only the clock is the test's. */
let store: Store;
let now_us: number;
let remove: () => Promise<void>;

beforeEach(async () => {
  const folder = await makeFolder();
  remove = folder.remove;
  store = await openEmbeddedStore(folder.path, STORE_DEFAULTS, silentLog);
  await migrate(store);
  now_us = START_US;
});
afterEach(async () => {
  await store.close();
  await remove();
});

function startAnalyzer(config: Partial<AnalyzerConfig> = {}): Analyzer {
  return createAnalyzer({
    store,
    clock: { now_us: () => now_us },
    config: { ...ANALYZER_DEFAULTS, ...config },
    log: silentLog,
    encoder: createSeriesEncoder(),
  });
}

async function receive(analyzer: Analyzer, events: readonly RunEvent[]): Promise<void> {
  analyzer.touch(await storeEvents(store, events, now_us / 1000));
}

/** Time passes by one interval, and the analyzer does its work. */
async function pass(analyzer: Analyzer, seconds: number = ANALYZER_DEFAULTS.interval_s): Promise<void> {
  now_us += seconds * 1e6;
  await analyzer.tick();
}

interface Point {
  readonly at_s: number;
  readonly value: number | null;
}

/** Points of one series, seconds since the start; null is the end of the series. */
async function pointsOf(name: string, label?: readonly [string, string]): Promise<Point[]> {
  const rows = await store.query<{ ts_ms: number; value: number | null }>(
    `SELECT toUnixTimestamp64Milli(ts) AS ts_ms, value FROM series_points FINAL
     WHERE series_id IN (SELECT series_id FROM series WHERE name = {name:String}
       AND ({key:String} = '' OR labels[{key:String}] = {text:String}))
     ORDER BY ts_ms`,
    { name, key: label?.[0] ?? '', text: label?.[1] ?? '' },
  );
  return rows.map(({ ts_ms, value }) => ({ at_s: ts_ms / 1000 - START_US / 1e6, value }));
}

const at = (seconds: number) => (point: Point) => point.at_s === seconds;

describe('the analyzer', () => {
  it('draws the history of a job it sees for the first time, then goes on with the present', async () => {
    const analyzer = startAnalyzer();
    await analyzer.tick();
    const spec = { steps: 60 };
    now_us = endOf(spec);
    await receive(analyzer, [llamaSpec(), ...attempt(spec)]);
    await pass(analyzer);
    expect(await pointsOf('headway_job_last_step'), 'it may still be arriving').toEqual([]);
    await pass(analyzer);
    const steps = await pointsOf('headway_job_last_step');
    expect(steps.find(at(60))).toEqual({ at_s: 60, value: 25 });
    expect(steps.at(-1)).toEqual({ at_s: 140, value: 60 });
    await pass(analyzer);
    expect((await pointsOf('headway_job_last_step')).at(-1)).toEqual({ at_s: 145, value: 60 });
  });

  it('ends what goes away: a hang has no MFU, and no stall once it is over', async () => {
    const analyzer = startAnalyzer({ hang_floor_s: 20 });
    await analyzer.tick();
    now_us = endOf();
    const open = { type: 'step', job: 'a', attempt: 1, step: 11, start_us: endOf() } as const;
    await receive(analyzer, [llamaSpec(), ...attempt(), open]);
    await pass(analyzer);
    await pass(analyzer);
    await pass(analyzer, 20);
    expect((await pointsOf('headway_job_stalled_seconds')).at(-1)).toEqual({ at_s: 60, value: 30 });
    expect((await pointsOf('headway_job_mfu_ratio', ['convention', 'mm_full'])).at(-1)?.value).toBeNull();
    await receive(analyzer, [{ ...open, end_us: now_us + 2e6 }]);
    await pass(analyzer);
    expect((await pointsOf('headway_job_stalled_seconds')).at(-1)).toEqual({ at_s: 65, value: null });
    expect(
      (await pointsOf('headway_job_mfu_ratio', ['convention', 'mm_full'])).at(-1)?.value,
    ).toBeGreaterThan(0);
  });

  it('writes the past anew when late events change it', async () => {
    const analyzer = startAnalyzer();
    await analyzer.tick();
    const early = attempt({ steps: 20 });
    now_us = endOf({ steps: 20 });
    await receive(analyzer, [llamaSpec(), ...early.slice(0, 11)]);
    await pass(analyzer);
    await pass(analyzer);
    expect((await pointsOf('headway_job_last_step')).find(at(50))?.value).toBe(10);
    await receive(analyzer, early.slice(11));
    await pass(analyzer);
    const revised = await pointsOf('headway_job_last_step');
    expect(revised.find(at(50))?.value).toBe(20);
    expect(revised.find(at(25))?.value).toBe(7);
  });

  it('draws MFU over the whole past when the model becomes known', async () => {
    const analyzer = startAnalyzer();
    await analyzer.tick();
    now_us = endOf();
    await receive(analyzer, attempt());
    await pass(analyzer);
    await pass(analyzer);
    expect(await pointsOf('headway_job_mfu_ratio')).toEqual([]);
    await receive(analyzer, [llamaSpec()]);
    await pass(analyzer);
    const mfu = await pointsOf('headway_job_mfu_ratio', ['convention', 'mm_causal']);
    expect(mfu.find(at(20))?.value).toBeGreaterThan(0);
  });

  it('carries on in another process: no point is lost, and what ended meanwhile is ended', async () => {
    const first = startAnalyzer({ hang_floor_s: 20 });
    await first.tick();
    now_us = endOf();
    const open = { type: 'step', job: 'a', attempt: 1, step: 11, start_us: endOf() } as const;
    await receive(first, [llamaSpec(), ...attempt(), open]);
    await pass(first);
    await pass(first, 30);
    await first.stop();
    expect((await pointsOf('headway_job_state', ['state', 'hang'])).at(-1)?.value).toBe(1);
    now_us += 40e6;
    await storeEvents(store, [{ ...open, end_us: now_us }], now_us / 1000);
    const second = startAnalyzer({ hang_floor_s: 20 });
    await pass(second);
    expect((await pointsOf('headway_job_state', ['state', 'hang'])).at(-1)?.value).toBeNull();
    expect((await pointsOf('headway_job_last_step')).at(-1)?.value).toBe(11);
  });

  it('shows the last figures of a run that ended, and then lets its series end', async () => {
    const analyzer = startAnalyzer({ ended_visible_s: 60 });
    await analyzer.tick();
    now_us = endOf();
    const end = { type: 'attempt_end', job: 'a', attempt: 1, time_us: endOf(), clean: true } as const;
    await receive(analyzer, [llamaSpec(), ...attempt(), end]);
    await pass(analyzer);
    await pass(analyzer);
    expect((await pointsOf('headway_job_state', ['state', 'ended'])).at(-1)).toEqual({ at_s: 40, value: 1 });
    await pass(analyzer, 60);
    expect((await pointsOf('headway_job_state', ['state', 'ended'])).at(-1)).toEqual({
      at_s: 100,
      value: null,
    });
    await pass(analyzer, 60);
    expect((await pointsOf('headway_job_state', ['state', 'ended'])).at(-1)?.at_s).toBe(100);
  });

  it('measures linearity against the job that the spec names', async () => {
    const analyzer = startAnalyzer();
    await analyzer.tick();
    now_us = endOf({ steps: 30, step_s: 2.5 });
    const small = [llamaSpec({ job: 'small' }), ...attempt({ job: 'small', devices: 8, steps: 30 })];
    const large = [
      llamaSpec({ baseline: { job: 'small' }, tokens_per_step: 131_072, device_count: 16 }),
      ...attempt({ devices: 16, steps: 30, step_s: 2.5 }),
    ];
    await receive(analyzer, [...small, ...large]);
    await pass(analyzer);
    await pass(analyzer);
    const linearity = await pointsOf('headway_job_linearity_ratio', ['definition', 'tokens']);
    expect(linearity.at(-1)?.value).toBeCloseTo(0.8, 12);
  });

  it('names a hang by a fault of its nodes', async () => {
    const analyzer = startAnalyzer({ hang_floor_s: 20 });
    await analyzer.tick();
    now_us = endOf();
    const open = { type: 'step', job: 'a', attempt: 1, step: 11, start_us: endOf() } as const;
    const fault = {
      type: 'fault',
      node: 'n2',
      device: 'GPU-7',
      code: 'xid:79',
      time_us: endOf() + 1e6,
    } as const;
    await receive(analyzer, [llamaSpec(), ...attempt({ nodes: ['n1', 'n2'] }), open, fault]);
    await pass(analyzer);
    await pass(analyzer, 30);
    const [row] = await store.query<{ labels: Record<string, string> }>(
      `SELECT labels FROM series WHERE name = 'headway_incident_info' AND labels['cause'] != ''`,
    );
    expect(row?.labels).toMatchObject({ kind: 'hang', cause: 'xid:79', node: 'n2', device: 'GPU-7' });
  });
});
