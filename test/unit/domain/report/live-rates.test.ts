import { describe, expect, it } from 'vitest';
import { scalingEstimate } from '../../../../domain/report/compute-share.ts';
import { jobView } from '../../../../domain/report/job-view.ts';
import { liveRates } from '../../../../domain/report/live-rates.ts';
import { attempt, endOf, llamaSpec } from '../../../support/training-events.ts';

const OPTIONS = { window_steps: 20, normal_steps_min: 20 };

function stepsOf(...parts: Parameters<typeof attempt>[0][]) {
  return jobView([llamaSpec(), ...parts.flatMap((part) => attempt(part))], { job: 'a' }).measured;
}

/** The second attempt goes on where the first ended. */
const next = { attempt: 2, start_us: endOf({ steps: 60 }), first: 61, steps: 40 };

describe('liveRates', () => {
  it('looks at the newest steps only', () => {
    const rates = liveRates(stepsOf({ steps: 60 }, { ...next, step_s: 4 }), OPTIONS);
    expect(rates.step_s).toEqual({ last: 4, median: 4, p99: 4 });
    expect(rates.tokens_per_s_per_device).toBe(65_536 / 4 / 8);
  });

  it('keeps the normal it learned while the job is slow', () => {
    const { speed_vs_normal_ratio } = liveRates(stepsOf({ steps: 60 }, { ...next, step_s: 2.5 }), OPTIONS);
    expect(speed_vs_normal_ratio).toBeCloseTo(0.8, 12);
  });

  it('does not take a few lucky steps for the normal', () => {
    const lucky = { attempt: 2, start_us: endOf({ steps: 60 }), first: 61, steps: 5, step_s: 1 };
    expect(liveRates(stepsOf({ steps: 60 }, lucky), OPTIONS).speed_vs_normal_ratio).toBe(1);
  });

  it('has no normal before enough steps, and none of another number of devices', () => {
    expect(liveRates(stepsOf({ steps: 19 }), OPTIONS).speed_vs_normal_ratio).toBeNull();
    const fewer = { ...next, steps: 10, devices: 4 };
    expect(liveRates(stepsOf({ steps: 60 }, fewer), OPTIONS).speed_vs_normal_ratio).toBeNull();
  });

  it('knows its normal in steps where nobody tells tokens', () => {
    const events = [...attempt({ steps: 60 }), ...attempt({ ...next, step_s: 4 })];
    const { measured } = jobView(events, { job: 'a' });
    expect(liveRates(measured, OPTIONS)).toMatchObject({ tokens_per_s: null, speed_vs_normal_ratio: 0.5 });
  });
});

describe('scalingEstimate', () => {
  it('sets the computing of the best window against the step time of now', () => {
    const phases = (compute: number, comm: number) => ({ fields: { phases_us: { compute, comm } } });
    const healthy = { steps: 60, ...phases(1_600_000, 400_000) };
    expect(scalingEstimate(stepsOf(healthy), OPTIONS)).toBeCloseTo(0.8, 12);
    // twice the step time, all of it communication
    const slow = { ...next, step_s: 4, ...phases(1_600_000, 2_400_000) };
    expect(scalingEstimate(stepsOf(healthy, slow), OPTIONS)).toBeCloseTo(0.4, 12);
  });

  it('is null without phases', () => {
    expect(scalingEstimate(stepsOf({ steps: 60 }), OPTIONS)).toBeNull();
  });
});
