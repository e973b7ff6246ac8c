import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AnalyzerBench, openAnalyzerBench, type Point } from '../support/analyzer-bench.ts';
import { storeEvents } from '../support/stored-events.ts';
import { attempt, endOf, llamaSpec } from '../support/training-events.ts';

let bench: AnalyzerBench;

beforeEach(async () => {
  bench = await openAnalyzerBench();
});
afterEach(async () => {
  await bench.close();
});

const at = (seconds: number) => (point: Point) => point.at_s === seconds;

describe('the analyzer', () => {
  it('draws the history of a job it sees for the first time, then goes on with the present', async () => {
    const analyzer = bench.analyzer();
    await analyzer.tick();
    const spec = { steps: 60 };
    bench.now_us = endOf(spec);
    await bench.receive(analyzer, [llamaSpec(), ...attempt(spec)]);
    await bench.pass(analyzer);
    expect(await bench.pointsOf('headway_job_last_step'), 'it may still be arriving').toEqual([]);
    await bench.pass(analyzer);
    const steps = await bench.pointsOf('headway_job_last_step');
    expect(steps.find(at(60))).toEqual({ at_s: 60, value: 25 });
    expect(steps.at(-1)).toEqual({ at_s: 140, value: 60 });
    await bench.pass(analyzer);
    expect((await bench.pointsOf('headway_job_last_step')).at(-1)).toEqual({ at_s: 145, value: 60 });
  });

  it('ends what goes away: a hang has no MFU, and no stall once it is over', async () => {
    const analyzer = bench.analyzer({ hang_floor_s: 20 });
    await analyzer.tick();
    bench.now_us = endOf();
    const open = { type: 'step', job: 'a', attempt: 1, step: 11, start_us: endOf() } as const;
    await bench.receive(analyzer, [llamaSpec(), ...attempt(), open]);
    await bench.pass(analyzer);
    await bench.pass(analyzer);
    await bench.pass(analyzer, 20);
    expect((await bench.pointsOf('headway_job_stalled_seconds')).at(-1)).toEqual({ at_s: 60, value: 30 });
    expect(
      (await bench.pointsOf('headway_job_mfu_ratio', ['convention', 'mm_full'])).at(-1)?.value,
    ).toBeNull();
    await bench.receive(analyzer, [{ ...open, end_us: bench.now_us + 2e6 }]);
    await bench.pass(analyzer);
    expect((await bench.pointsOf('headway_job_stalled_seconds')).at(-1)).toEqual({ at_s: 65, value: null });
    expect(
      (await bench.pointsOf('headway_job_mfu_ratio', ['convention', 'mm_full'])).at(-1)?.value,
    ).toBeGreaterThan(0);
  });

  it('writes the past anew when late events change it', async () => {
    const analyzer = bench.analyzer();
    await analyzer.tick();
    const early = attempt({ steps: 20 });
    bench.now_us = endOf({ steps: 20 });
    await bench.receive(analyzer, [llamaSpec(), ...early.slice(0, 11)]);
    await bench.pass(analyzer);
    await bench.pass(analyzer);
    expect((await bench.pointsOf('headway_job_last_step')).find(at(50))?.value).toBe(10);
    await bench.receive(analyzer, early.slice(11));
    await bench.pass(analyzer);
    const revised = await bench.pointsOf('headway_job_last_step');
    expect(revised.find(at(50))?.value).toBe(20);
    expect(revised.find(at(25))?.value).toBe(7);
  });

  it('draws MFU over the whole past when the model becomes known', async () => {
    const analyzer = bench.analyzer();
    await analyzer.tick();
    bench.now_us = endOf();
    await bench.receive(analyzer, attempt());
    await bench.pass(analyzer);
    await bench.pass(analyzer);
    expect(await bench.pointsOf('headway_job_mfu_ratio')).toEqual([]);
    await bench.receive(analyzer, [llamaSpec()]);
    await bench.pass(analyzer);
    const mfu = await bench.pointsOf('headway_job_mfu_ratio', ['convention', 'mm_causal']);
    expect(mfu.find(at(20))?.value).toBeGreaterThan(0);
  });

  it('carries on in another process: no point is lost, and what ended meanwhile is ended', async () => {
    const first = bench.analyzer({ hang_floor_s: 20 });
    await first.tick();
    bench.now_us = endOf();
    const open = { type: 'step', job: 'a', attempt: 1, step: 11, start_us: endOf() } as const;
    await bench.receive(first, [llamaSpec(), ...attempt(), open]);
    await bench.pass(first);
    await bench.pass(first, 30);
    await first.stop();
    expect((await bench.pointsOf('headway_job_state', ['state', 'hang'])).at(-1)?.value).toBe(1);
    bench.now_us += 40e6;
    await storeEvents(bench.store, [{ ...open, end_us: bench.now_us }], bench.now_us / 1000);
    const second = bench.analyzer({ hang_floor_s: 20 });
    await bench.pass(second);
    expect((await bench.pointsOf('headway_job_state', ['state', 'hang'])).at(-1)?.value).toBeNull();
    expect((await bench.pointsOf('headway_job_last_step')).at(-1)?.value).toBe(11);
  });

  it('shows the last figures of a run that ended, and then lets its series end', async () => {
    const analyzer = bench.analyzer({ ended_visible_s: 60 });
    await analyzer.tick();
    bench.now_us = endOf();
    const end = { type: 'attempt_end', job: 'a', attempt: 1, time_us: endOf(), clean: true } as const;
    await bench.receive(analyzer, [llamaSpec(), ...attempt(), end]);
    await bench.pass(analyzer);
    await bench.pass(analyzer);
    expect((await bench.pointsOf('headway_job_state', ['state', 'ended'])).at(-1)).toEqual({
      at_s: 40,
      value: 1,
    });
    await bench.pass(analyzer, 60);
    expect((await bench.pointsOf('headway_job_state', ['state', 'ended'])).at(-1)).toEqual({
      at_s: 100,
      value: null,
    });
    await bench.pass(analyzer, 60);
    expect((await bench.pointsOf('headway_job_state', ['state', 'ended'])).at(-1)?.at_s).toBe(100);
  });

  it('measures linearity against the job that the spec names', async () => {
    const analyzer = bench.analyzer();
    await analyzer.tick();
    bench.now_us = endOf({ steps: 30, step_s: 2.5 });
    const small = [llamaSpec({ job: 'small' }), ...attempt({ job: 'small', devices: 8, steps: 30 })];
    const large = [
      llamaSpec({ baseline: { job: 'small' }, tokens_per_step: 131_072, device_count: 16 }),
      ...attempt({ devices: 16, steps: 30, step_s: 2.5 }),
    ];
    await bench.receive(analyzer, [...small, ...large]);
    await bench.pass(analyzer);
    await bench.pass(analyzer);
    const linearity = await bench.pointsOf('headway_job_linearity_ratio', ['definition', 'tokens']);
    expect(linearity.at(-1)?.value).toBeCloseTo(0.8, 12);
  });

  it('names a hang by a fault of its nodes', async () => {
    const analyzer = bench.analyzer({ hang_floor_s: 20 });
    await analyzer.tick();
    bench.now_us = endOf();
    const open = { type: 'step', job: 'a', attempt: 1, step: 11, start_us: endOf() } as const;
    const fault = {
      type: 'fault',
      node: 'n2',
      device: 'GPU-7',
      code: 'xid:79',
      time_us: endOf() + 1e6,
    } as const;
    await bench.receive(analyzer, [llamaSpec(), ...attempt({ nodes: ['n1', 'n2'] }), open, fault]);
    await bench.pass(analyzer);
    await bench.pass(analyzer, 30);
    const [row] = await bench.store.query<{ labels: Record<string, string> }>(
      `SELECT labels FROM series WHERE name = 'headway_incident_info' AND labels['cause'] != ''`,
    );
    expect(row?.labels).toMatchObject({ kind: 'hang', cause: 'xid:79', node: 'n2', device: 'GPU-7' });
  });
});
