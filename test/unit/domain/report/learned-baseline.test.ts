import { describe, expect, it } from 'vitest';
import type { JobEvent, JobScopedEvent } from '../../../../domain/events.ts';
import { jobReport } from '../../../../domain/report/job-report.ts';
import { jobView } from '../../../../domain/report/job-view.ts';
import {
  baselineAmong,
  baselineSpec,
  baselineWords,
  isBetter,
  type LearnedBaseline,
  learnedBaseline,
} from '../../../../domain/report/learned-baseline.ts';
import { linearityOfReports } from '../../../../domain/report/linearity-of-reports.ts';
import { attempt, endOf, llamaSpec } from '../../../support/training-events.ts';

const OPTIONS = { window_steps: 20, normal_steps_min: 20 };
const TOKENS = 65_536;

/** Stretches of steps of one length each, one after the other. */
function run(job: string, devices: number, stretches: readonly (readonly [steps: number, step_s: number])[]) {
  const spec: JobEvent = llamaSpec({ job, device_count: devices, tokens_per_step: TOKENS });
  const events: JobScopedEvent[] = [spec];
  let [start_us, first] = [1_800_000_000_000_000, 1];
  for (const [index, [steps, step_s]] of stretches.entries()) {
    const options = { job, devices, steps, step_s, start_us, first, attempt: 1, startup_s: 0 };
    events.push(...attempt(options).slice(index === 0 ? 0 : 1));
    start_us = endOf(options);
    first += steps;
  }
  return events;
}

function taughtBy(events: readonly JobScopedEvent[]): LearnedBaseline | null {
  return learnedBaseline(jobView(events, { job: 'small' }), OPTIONS);
}

function certain<T>(value: T | null): T {
  if (value === null) throw new Error('nothing was learned');
  return value;
}

describe('a learned baseline', () => {
  it('is the median of the best full window, with what it was measured on', () => {
    const learned = certain(
      taughtBy(
        run('small', 8, [
          [20, 4],
          [20, 2],
          [20, 3],
        ]),
      ),
    );
    expect(learned).toMatchObject({
      job: 'small',
      devices: 8,
      model: 'llama3-8b',
      hardware: 'h100-sxm',
      dtype: 'bf16',
      tokens_per_s_per_device: TOKENS / 2 / 8,
      step_s: 2,
      window_steps: 20,
    });
    expect(learned.to_us - learned.from_us).toBe(40e6);
    expect(baselineWords(learned)).toBe(
      'learned: 8 devices at 4096 tokens/s per device, the best window of job small',
    );
  });

  it('needs a full window, and shrugs off a few odd steps in it', () => {
    expect(taughtBy(run('small', 8, [[19, 2]]))).toBeNull();
    const odd = certain(
      taughtBy(
        run('small', 8, [
          [15, 2],
          [3, 1],
          [4, 2],
        ]),
      ),
    );
    expect(odd.tokens_per_s_per_device).toBe(4096);
  });

  it('is frozen while the job is degraded, and rises only when more is sustained', () => {
    const before = certain(taughtBy(run('small', 8, [[40, 2]])));
    const degraded = certain(
      taughtBy(
        run('small', 8, [
          [40, 2],
          [400, 3],
        ]),
      ),
    );
    expect(degraded.tokens_per_s_per_device).toBe(before.tokens_per_s_per_device);
    expect(isBetter(degraded, before)).toBe(false);
    const faster = certain(
      taughtBy(
        run('small', 8, [
          [40, 2],
          [40, 1.5],
        ]),
      ),
    );
    expect(isBetter(faster, before)).toBe(true);
    expect(isBetter(before, undefined)).toBe(true);
  });

  it('is learned of a job that said what it runs and on what, and of no other', () => {
    const events = run('small', 8, [[40, 2]]);
    const [spec, ...rest] = events;
    if (spec?.type !== 'job') throw new Error('no spec');
    const { model: _, ...withoutModel } = spec;
    expect(taughtBy([withoutModel, ...rest])).toBeNull();
    expect(taughtBy(rest)).toBeNull();
  });

  it('is that of the same specification at the fewest devices, there the fastest', () => {
    const base = certain(taughtBy(run('small', 8, [[40, 2]])));
    const list = [
      { ...base, job: 'large', devices: 64, tokens_per_s_per_device: 9000 },
      { ...base, job: 'slower', tokens_per_s_per_device: 4000 },
      base,
      { ...base, job: 'other', devices: 1, model: 'llama3-70b' },
    ];
    expect(baselineAmong(list, base)?.job).toBe('small');
    expect(baselineAmong(list, { ...base, dtype: 'fp8' })).toBeNull();
  });

  it('stands in for a job that is gone: 100 % is its rate, and what differs is flagged', () => {
    const learned = certain(taughtBy(run('small', 8, [[40, 2]])));
    const large = jobReport(run('large', 16, [[40, 1.25]]), { job: 'large' });
    const linearity = linearityOfReports([large], 'tokens', undefined, [learned]);
    expect(linearity).toMatchObject({
      baseline: { job: 'small', devices: 8, tokens_per_s_per_device: 4096 },
      baseline_source: 'learned',
      baseline_unit: 'tokens/s per device, at 8 devices',
    });
    expect(linearity.points[0]).toMatchObject({ linearity_ratio: 0.8, differs: ['batch_per_device'] });
  });

  it('does not stand in where a job of as few devices is there, or one is named', () => {
    const learned = certain(taughtBy(run('small', 8, [[40, 2]])));
    const [own, large] = [run('own', 8, [[40, 4]]), run('large', 16, [[40, 1.25]])].map((events, index) =>
      jobReport(events, { job: index === 0 ? 'own' : 'large' }),
    );
    if (own === undefined || large === undefined) throw new Error('no report');
    expect(linearityOfReports([own, large], 'tokens', undefined, [learned]).baseline_source).toBe('smallest');
    expect(linearityOfReports([large], 'tokens', { job: 'large' }, [learned]).baseline_source).toBe('job');
    expect(linearityOfReports([large], 'time_to_train', undefined, [learned]).baseline_source).toBe(
      'smallest',
    );
  });

  it('shares with a job what its specification says', () => {
    const view = jobView(run('small', 8, [[40, 2]]), { job: 'small' });
    expect(baselineSpec(view)).toEqual({
      model: 'llama3-8b',
      hardware: 'h100-sxm',
      dtype: 'bf16',
      sequence_length: 8192,
    });
  });
});

describe('the estimate of one job', () => {
  it('is its computing over its step time, labelled as such beside the ratio', () => {
    const phases_us = { compute: 1_500_000, comm: 500_000 };
    const events = [llamaSpec({ tokens_per_step: TOKENS }), ...attempt({ steps: 40, fields: { phases_us } })];
    const report = jobReport(events, { job: 'a' });
    expect(report.linearity_estimate_ratio).toBeCloseTo(0.75, 9);
    expect(linearityOfReports([report], 'tokens').points[0]).toMatchObject({
      linearity_ratio: 1,
      estimate_ratio: report.linearity_estimate_ratio,
    });
    expect(jobReport(run('a', 8, [[40, 2]]), { job: 'a' }).linearity_estimate_ratio).toBeNull();
  });
});
