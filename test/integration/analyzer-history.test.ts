import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JobScopedEvent, RunEvent } from '../../domain/events.ts';
import { ledgerOf } from '../../domain/ledger/ledger.ts';
import { jobView } from '../../domain/report/job-view.ts';
import { createLog } from '../../platform/log.ts';
import type { Counters } from '../../platform/telemetry/counters.ts';
import { decodeLog } from '../../services/collector/decoders/logs/decode-log.ts';
import { type AnalyzerBench, openAnalyzerBench } from '../support/analyzer-bench.ts';
import { describeWithFixtures, fixturePath } from '../support/fixtures.ts';
import { contentOf } from '../support/result-rows.ts';
import { storeEvents } from '../support/stored-events.ts';
import { attempt, endOf, llamaSpec, START_US } from '../support/training-events.ts';

const RUNTIME = ['ratio', 'goodput_runtime'] as const;
const DAY_S = 86_400;
const RATES = [
  'headway_job_mfu_ratio',
  'headway_job_tokens_per_second',
  'headway_job_step_seconds',
  'headway_job_mfu_vs_baseline_ratio',
];

let bench: AnalyzerBench;
beforeEach(async () => {
  bench = await openAnalyzerBench();
});
afterEach(async () => {
  await bench.close();
});

/** 170 steps of which only the starts were told, and nothing after them. */
function startsOnly(): RunEvent[] {
  return [llamaSpec(), ...attempt({ steps: 170 })].map((event) => {
    if (event.type !== 'step') return event;
    const { end_us: _, ...started } = event;
    return started;
  });
}
/** When the last of them started. */
const NEWEST_S = 10 + 169 * 2;

describe('an open job that nobody ends', () => {
  it('hangs, with its true age, for as long as it is followed', async () => {
    bench.now_us = START_US + 3 * DAY_S * 1e6;
    const analyzer = bench.analyzer();
    await bench.receive(analyzer, startsOnly());
    await bench.pass(analyzer);
    await bench.pass(analyzer);
    const hang = ['state', 'hang'] as const;
    expect((await bench.pointsOf('headway_job_state', hang)).at(-1)).toEqual({
      at_s: 3 * DAY_S + 10,
      value: 1,
    });
    const [stalled] = (await bench.pointsOf('headway_job_stalled_seconds')).slice(-1);
    expect(stalled?.value).toBe(3 * DAY_S + 10 - NEWEST_S);
    const [run] = (await bench.pointsOf('headway_job_goodput_ratio', ['window', 'run'], RUNTIME)).slice(-1);
    expect(run?.value).toBeCloseTo((NEWEST_S - 10) / (3 * DAY_S + 10), 9);
    const [last5m] = (await bench.pointsOf('headway_job_goodput_ratio', ['window', '5m'], RUNTIME)).slice(-1);
    expect(last5m?.value).toBe(0);
    await bench.pass(analyzer, 4 * DAY_S - 10);
    expect((await bench.pointsOf('headway_job_state', hang)).at(-1)).toEqual({ at_s: 7 * DAY_S, value: 1 });
    expect(
      (await bench.pointsOf('headway_job_goodput_ratio', ['window', 'run'], RUNTIME)).at(-1)?.value,
    ).toBeLessThan(run?.value ?? 0);
  });

  it('has its series ended when it is given up, and never runs again', async () => {
    bench.now_us = START_US + 3 * DAY_S * 1e6;
    const analyzer = bench.analyzer();
    await bench.receive(analyzer, startsOnly());
    await bench.pass(analyzer);
    await bench.pass(analyzer);
    await bench.pass(analyzer, 5 * DAY_S);
    const hang = await bench.pointsOf('headway_job_state', ['state', 'hang']);
    expect(hang.at(-1)).toEqual({ at_s: 8 * DAY_S + 10, value: null });
    const running = await bench.pointsOf('headway_job_state', ['state', 'running']);
    expect(running.filter(({ at_s, value }) => at_s > NEWEST_S && value === 1)).toEqual([]);
    for (const name of ['headway_job_goodput_ratio', 'headway_job_stalled_seconds', 'headway_job_info']) {
      expect((await bench.pointsOf(name)).at(-1)?.value, name).toBeNull();
    }
    await bench.pass(analyzer);
    expect((await bench.pointsOf('headway_job_state')).at(-1)?.at_s).toBe(8 * DAY_S + 10);
  });

  it('is drawn up to its newest event, and ended there, when it is first seen after that', async () => {
    bench.now_us = START_US + 8 * DAY_S * 1e6;
    const analyzer = bench.analyzer();
    await bench.receive(analyzer, startsOnly());
    await bench.pass(analyzer);
    await bench.pass(analyzer);
    const running = await bench.pointsOf('headway_job_state', ['state', 'running']);
    expect(running.findLast(({ value }) => value === 1)?.at_s).toBe(345);
    const told = (await bench.pointsOf('headway_job_state')).filter(({ value }) => value !== null);
    expect(told.at(-1)?.at_s).toBe(350);
    expect((await bench.pointsOf('headway_job_goodput_ratio')).at(-1)).toEqual({
      at_s: 8 * DAY_S + 5,
      value: null,
    });
  });

  it('is taken up again where it was left, when it is heard after all', async () => {
    const analyzer = bench.analyzer({ ended_visible_s: 60 });
    await analyzer.tick();
    bench.now_us = endOf();
    const end = { type: 'attempt_end', job: 'a', attempt: 1, time_us: endOf(), clean: true } as const;
    await bench.receive(analyzer, [llamaSpec(), ...attempt(), end]);
    await bench.pass(analyzer);
    await bench.pass(analyzer);
    await bench.pass(analyzer, 120);
    const state = ['state', 'ended'] as const;
    expect((await bench.pointsOf('headway_job_state', state)).at(-1)?.value).toBeNull();
    const lost = attempt({ attempt: 2, first: 6, start_us: endOf() + 5e6, steps: 2 });
    await bench.receive(analyzer, lost);
    await bench.pass(analyzer);
    await bench.pass(analyzer);
    // what was written after the late events lie is written anew: it was over, and is down or at work now
    const again = (await bench.pointsOf('headway_job_state', state)).filter(({ at_s }) => at_s >= 35);
    expect(again.length).toBeGreaterThan(0);
    expect(again.every(({ value }) => value === null)).toBe(true);
  });
});

describe('events that were kept on a disk while others went on', () => {
  it('are accounted when they come, however long ago they arrived', async () => {
    const analyzer = bench.analyzer();
    bench.now_us = endOf({ steps: 10 });
    await bench.receive(analyzer, [llamaSpec(), ...attempt({ steps: 4 })]);
    await bench.pass(analyzer);
    await bench.pass(analyzer, 3600);
    // by the other collector, which was in touch all the time
    await bench.receive(analyzer, attempt({ steps: 10 }).slice(-2));
    await bench.pass(analyzer);
    const kept = attempt({ steps: 10 }).slice(5, 9);
    const arrived_ms = endOf({ steps: 8 }) / 1000;
    analyzer.touch(await storeEvents(bench.store, kept, arrived_ms));
    await bench.pass(analyzer);
    const { steps } = await contentOf(bench.store, 'a');
    expect(steps.map((row) => Reflect.get(row, 'step'))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });
});

describeWithFixtures('the history of an imported log', () => {
  it('agrees with the ledger at every point, and has no rates in the outage', async () => {
    const text = readFileSync(fixturePath('logs/torchtitan_llama3_8b_restart.log'), 'utf8');
    const events = decodeLog(text, { job: 'titan' }).events as JobScopedEvent[];
    bench.now_us = Date.parse('2025-06-26T00:00:00Z') * 1000;
    const { account } = jobView(events, { job: 'titan', at_us: bench.now_us });
    const analyzer = bench.analyzer();
    await bench.receive(analyzer, events);
    await bench.pass(analyzer);
    await bench.pass(analyzer);
    const at_us = (at_s: number) => START_US + at_s * 1e6;

    const last5m = (await bench.pointsOf('headway_job_goodput_ratio', ['window', '5m'], RUNTIME)).filter(
      ({ at_s, value }) => value !== null && at_us(at_s) < account.to_us,
    );
    expect(last5m.length).toBeGreaterThan(100);
    for (const { at_s, value } of last5m) {
      const from_us = Math.max(account.from_us, at_us(at_s) - 300e6);
      expect(value).toBe(ledgerOf(account, { from_us, to_us: at_us(at_s) }).goodput_ratio);
    }

    const [incident] = account.incidents;
    const failed_us = incident?.failed_at_us ?? 0;
    const started_us = failed_us + (incident?.time_to_restart_s ?? 0) * 1e6;
    expect(started_us - failed_us).toBeGreaterThan(30e6);
    const isOut = ({ at_s }: { at_s: number }) => at_us(at_s) >= failed_us && at_us(at_s) < started_us;
    const down = (await bench.pointsOf('headway_job_state', ['state', 'down'])).filter(isOut);
    expect(down.length).toBeGreaterThan(0);
    expect(down.every(({ value }) => value === 1)).toBe(true);
    for (const name of RATES) {
      const points = await bench.pointsOf(name);
      expect(
        points.some(({ value }) => value !== null),
        name,
      ).toBe(true);
      expect(
        points.filter((point) => isOut(point) && point.value !== null),
        name,
      ).toEqual([]);
    }
  });
});

describe('what the analyzer tells of itself', () => {
  it('measures its work, and says once that a job has very many events, none of which it drops', async () => {
    const lines: string[] = [];
    const told = new Map<string, number>();
    const gauges = new Map<string, () => unknown>();
    const count = (noun: string) => (amount: number) => told.set(noun, (told.get(noun) ?? 0) + amount);
    const counters: Counters = {
      counter: (noun) => ({ add: (amount = 1) => void count(noun)(amount) }),
      histogram: (noun) => ({ record: () => void count(noun)(1) }),
      observedCounter: () => undefined,
      gauge: (noun, _, read) => void gauges.set(noun, read),
    };
    const log = createLog('warn', (line) => void lines.push(line));
    const analyzer = bench.analyzer({ job_events_large: 10 }, { log, counters });
    bench.now_us = endOf();
    await bench.receive(analyzer, [llamaSpec(), ...attempt()]);
    for (let ticks = 0; ticks < 3; ticks++) await bench.pass(analyzer);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { job: 'a', events: 12, job_events_large: 10 },
    ]);
    expect((await bench.pointsOf('headway_job_last_step')).at(-1)?.value).toBe(10);
    expect([gauges.get('followed_jobs')?.(), gauges.get('kept_events')?.()]).toEqual([1, 12]);
    expect([told.get('ticks'), told.get('tick_duration_seconds')]).toEqual([3, 3]);
    const [row] = await bench.store.query<{ points: number }>('SELECT count() AS points FROM series_points');
    expect(told.get('written_points')).toBe(Number(row?.points));
    await bench.store.close();
    analyzer.touch(['a']);
    await expect(bench.pass(analyzer)).rejects.toThrow();
    expect(told.get('failures')).toBe(1);
  });
});
