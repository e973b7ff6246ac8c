import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AnalyzerBench, openAnalyzerBench } from '../support/analyzer-bench.ts';
import { createPageTarget } from '../support/device-pages.ts';
import { attempt, endOf, llamaSpec, START_US } from '../support/training-events.ts';

let bench: AnalyzerBench;
beforeEach(async () => {
  bench = await openAnalyzerBench();
});
afterEach(async () => {
  await bench.close();
});

const SPEC = llamaSpec({ device_count: 2, price_per_device_hour: 3.6 });
const TRAINING = { steps: 60, devices: 2, nodes: ['n1'] };

/** Two devices at 500 W and half of their tensor cycles, scraped every ten seconds until `until_s`. */
async function scrape(from_s: number, until_s: number): Promise<void> {
  const target = createPageTarget(bench.store, 'n1:9400');
  for (let s = from_s; s <= until_s; s += 10) {
    const lines = [0, 1].flatMap((gpu) =>
      Object.entries({
        DEV_TOTAL_ENERGY_CONSUMPTION: 1e9 + s * 500e3,
        PROF_PIPE_TENSOR_ACTIVE: 0.5,
        DEV_SM_CLOCK: 1830,
      }).map(([name, value]) => `DCGM_FI_${name}{gpu="${gpu}",UUID="GPU-${gpu}",Hostname="n1"} ${value}`),
    );
    await target.scrape(`${lines.join('\n')}\n`, START_US / 1000 + s * 1000);
  }
}

describe('live figures of device telemetry', () => {
  it('are of the newest kept steps, stay when a late event rewrites their time, and end with a hang', async () => {
    const analyzer = bench.analyzer({ hang_floor_s: 20 });
    await analyzer.tick();
    const events = attempt(TRAINING);
    const open = { type: 'step', job: 'a', attempt: 1, step: 61, start_us: endOf(TRAINING) } as const;
    bench.now_us = endOf(TRAINING);
    await scrape(0, 130);
    await bench.receive(analyzer, [SPEC, ...events.slice(0, 40), ...events.slice(41), open]);
    await bench.pass(analyzer);
    await bench.pass(analyzer);
    const newest = async (name: string, label?: [string, string]) =>
      (await bench.pointsOf(name, label)).at(-1)?.value ?? null;
    expect(await newest('headway_job_ofu_ratio')).toBeCloseTo(0.5, 6);
    expect(await newest('headway_job_device_power_watts')).toBeCloseTo(500, 6);
    // two devices, two seconds a step
    expect(await newest('headway_joules_per_step')).toBeCloseTo(2 * 2 * 500, 3);
    expect(await newest('headway_joules_per_token')).toBeCloseTo(2000 / 65_536, 9);
    // 10 s of starting up at 3.6 an hour for each of two devices
    expect(await newest('headway_job_cost', ['bucket', 'startup'])).toBeCloseTo(0.02, 9);
    const at_s = (await bench.pointsOf('headway_job_ofu_ratio')).at(-1)?.at_s;
    // the step that was left out comes late: that time is written anew, with what its devices did
    await bench.receive(analyzer, events.slice(40, 41));
    await bench.pass(analyzer);
    const again = (await bench.pointsOf('headway_job_ofu_ratio')).find((point) => point.at_s === at_s);
    expect(again?.value).toBeCloseTo(0.5, 6);
    await bench.pass(analyzer, 60);
    expect(await newest('headway_job_state', ['state', 'hang'])).toBe(1);
    expect(await newest('headway_job_ofu_ratio')).toBeNull();
    expect(await newest('headway_cost_per_million_tokens')).toBeGreaterThan(0);
  });

  it('stay as an earlier process told them when another one rewrites their time', async () => {
    const first = bench.analyzer();
    await first.tick();
    const events = attempt(TRAINING);
    bench.now_us = endOf(TRAINING);
    await scrape(0, 130);
    await bench.receive(first, [SPEC, ...events.slice(0, 40), ...events.slice(41)]);
    await bench.pass(first);
    await bench.pass(first);
    const told = (await bench.pointsOf('headway_job_ofu_ratio')).filter(({ value }) => value !== null);
    const steps = (await bench.pointsOf('headway_job_device_seconds', ['bucket', 'productive'])).at(-1);
    expect(told.length).toBeGreaterThan(0);
    await first.stop();
    const second = bench.analyzer();
    await bench.receive(second, events.slice(40, 41));
    await bench.pass(second);
    const again = await bench.pointsOf('headway_job_ofu_ratio');
    for (const point of told) expect(again).toContainEqual(point);
    const watts = await bench.pointsOf('headway_job_device_power_watts');
    expect(watts.find(({ at_s }) => at_s === told.at(-1)?.at_s)?.value).toBeCloseTo(500, 6);
    // the time itself was written anew: the step that came late is in it
    const now = await bench.pointsOf('headway_job_device_seconds', ['bucket', 'productive']);
    expect(now.find(({ at_s }) => at_s === steps?.at_s)?.value).toBeCloseTo((steps?.value ?? 0) + 4, 6);
  });

  it('a job whose nodes were never heard has none', async () => {
    const analyzer = bench.analyzer();
    await analyzer.tick();
    bench.now_us = endOf(TRAINING);
    await bench.receive(analyzer, [SPEC, ...attempt(TRAINING)]);
    await bench.pass(analyzer);
    await bench.pass(analyzer);
    expect(await bench.pointsOf('headway_job_ofu_ratio')).toEqual([]);
    expect(await bench.pointsOf('headway_joules_per_token')).toEqual([]);
    expect((await bench.pointsOf('headway_job_last_step')).at(-1)?.value).toBe(60);
  });
});
