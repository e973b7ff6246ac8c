import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readLinearityBaselines } from '../../platform/store/linearity-baselines.ts';
import { type AnalyzerBench, openAnalyzerBench } from '../support/analyzer-bench.ts';
import { attempt, endOf, llamaSpec } from '../support/training-events.ts';

let bench: AnalyzerBench;

beforeEach(async () => {
  bench = await openAnalyzerBench();
});
afterEach(async () => {
  await bench.close();
});

/** 65,536 tokens on 8 devices in 2 s, and twice that on 16 in 2.5 s. */
const SMALL = [
  llamaSpec({ job: 'small', tokens_per_step: 65_536 }),
  ...attempt({ job: 'small', devices: 8, steps: 30 }),
];
const LARGE_SPEC = llamaSpec({ job: 'large', tokens_per_step: 131_072, device_count: 16 });
const LARGE = [LARGE_SPEC, ...attempt({ job: 'large', devices: 16, steps: 30, step_s: 2.5 })];
const OTHER = [
  llamaSpec({ job: 'other', model: 'llama3-70b', tokens_per_step: 131_072, device_count: 16 }),
  ...attempt({ job: 'other', devices: 16, steps: 30, step_s: 25 }),
];

async function newestLinearity(job: string): Promise<number | null | undefined> {
  const points = await bench.pointsOf('headway_job_linearity_ratio', ['definition', 'tokens'], ['job', job]);
  return points.at(-1)?.value;
}

describe('learned baselines', () => {
  it('are kept, and compare a larger job of the same specification that names none', async () => {
    const analyzer = bench.analyzer();
    await analyzer.tick();
    bench.now_us = endOf({ steps: 30, step_s: 2.5 });
    await bench.receive(analyzer, SMALL);
    await bench.pass(analyzer);
    await bench.pass(analyzer);
    expect(await readLinearityBaselines(bench.store)).toMatchObject([
      { job: 'small', model: 'llama3-8b', hardware: 'h100-sxm', devices: 8, tokens_per_s_per_device: 4096 },
    ]);
    await bench.receive(analyzer, [...LARGE, ...OTHER]);
    await bench.pass(analyzer);
    await bench.pass(analyzer);
    expect(await newestLinearity('large')).toBeCloseTo(0.8, 12);
    expect(await newestLinearity('small'), 'nothing smaller was learned').toBeUndefined();
    expect(await newestLinearity('other'), 'another model').toBeUndefined();
  });

  it('outlive the process that learned them, and do not fall with a job that degrades', async () => {
    const first = bench.analyzer();
    await first.tick();
    bench.now_us = endOf({ steps: 30 });
    await bench.receive(first, SMALL);
    await bench.pass(first);
    await bench.pass(first);
    const second = bench.analyzer();
    await second.tick();
    const slow = {
      job: 'small',
      devices: 8,
      steps: 60,
      step_s: 4,
      first: 31,
      start_us: endOf({ steps: 30 }),
      startup_s: 0,
    };
    bench.now_us = endOf(slow);
    await bench.receive(second, [...attempt(slow).slice(1), ...LARGE]);
    for (let pass = 0; pass < 3; pass++) await bench.pass(second);
    expect(await readLinearityBaselines(bench.store)).toMatchObject([
      { job: 'small', devices: 8, tokens_per_s_per_device: 4096 },
      { job: 'large', devices: 16 },
    ]);
    expect(await newestLinearity('large')).toBeCloseTo(0.8, 12);
  });

  it('are raised by a job that sustains more, in the same row', async () => {
    const analyzer = bench.analyzer();
    await analyzer.tick();
    bench.now_us = endOf({ steps: 30 });
    await bench.receive(analyzer, SMALL);
    await bench.pass(analyzer);
    await bench.pass(analyzer);
    const fast = {
      job: 'small',
      devices: 8,
      steps: 60,
      step_s: 1.6,
      first: 31,
      start_us: endOf({ steps: 30 }),
      startup_s: 0,
    };
    bench.now_us = endOf(fast);
    await bench.receive(analyzer, attempt(fast).slice(1));
    await bench.pass(analyzer);
    const [learned, ...others] = (await readLinearityBaselines(bench.store)) ?? [];
    expect(others).toEqual([]);
    expect(learned?.tokens_per_s_per_device).toBeCloseTo(65_536 / 1.6 / 8, 6);
  });
});
