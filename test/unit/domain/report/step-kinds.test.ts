import { describe, expect, it } from 'vitest';
import type { JobScopedEvent } from '../../../../domain/events.ts';
import { jobReport } from '../../../../domain/report/job-report.ts';
import { attempt, llamaSpec, START_US } from '../../../support/training-events.ts';

/** Steps back to back whose seconds are given one by one, after an attempt's start. */
function stepsOf(seconds: readonly number[], attempt_number = 1, start_us = START_US): JobScopedEvent[] {
  let at_us = start_us + 10e6;
  const steps = seconds.map((step_s, index): JobScopedEvent => {
    const begin_us = at_us;
    at_us += Math.round(step_s * 1e6);
    return {
      type: 'step',
      job: 'a',
      attempt: attempt_number,
      step: index + 1,
      start_us: begin_us,
      end_us: at_us,
    };
  });
  return [{ type: 'attempt_start', job: 'a', attempt: attempt_number, time_us: start_us }, ...steps];
}

function kindsOf(events: readonly JobScopedEvent[]) {
  return jobReport(events, { job: 'a' }).step_kinds;
}

describe('kinds of steps', () => {
  it('tell the first after a start from ordinary ones', () => {
    expect(kindsOf(stepsOf([30, 2, 2, 2]))).toEqual({
      train: { count: 3, median_s: 2 },
      first_after_start: { count: 1, median_s: 30 },
    });
  });

  it('tell a step that a save overlaps, also one that does not block', () => {
    const events = stepsOf([5, 2, 2, 3, 3, 2]);
    const [start_us, end_us] = [START_US + 20e6, START_US + 24e6];
    const save = { type: 'span', job: 'a', attempt: 1, kind: 'ckpt_save', blocking: false } as const;
    expect(kindsOf([...events, { ...save, start_us, end_us }])).toMatchObject({
      checkpoint: { count: 2, median_s: 3 },
      train: { count: 3 },
    });
    expect(kindsOf(events)).not.toHaveProperty('checkpoint');
  });

  it('take evaluation, profiler and warm-up from the source', () => {
    const [start, first, ...rest] = stepsOf([5, 2, 4, 6, 2]);
    if (start === undefined || first === undefined) throw new Error('no step');
    const kinds = ['train', 'eval', 'profile', 'warmup'] as const;
    const told = rest.map((event, index) =>
      event.type === 'step' ? { ...event, kind: kinds[index] ?? 'train' } : event,
    );
    expect(kindsOf([start, first, ...told])).toMatchObject({
      evaluation: { count: 1, median_s: 4 },
      profiler: { count: 1, median_s: 6 },
      warmup: { count: 1, median_s: 2 },
    });
  });

  it('reject a step above the peak', () => {
    const events = [llamaSpec({ tokens_per_step: 65_536 }), ...attempt({ steps: 3 })];
    const fast = attempt({ steps: 4 }).at(-1);
    if (fast?.type !== 'step') throw new Error('no step');
    const end_us = fast.start_us + 1000;
    expect(kindsOf([...events, { ...fast, end_us }])).toMatchObject({ above_peak: { count: 1 } });
  });

  it('call slow steps on a stride garbage collection, and the others outliers', () => {
    const seconds = Array.from({ length: 60 }, (_, index) => (index % 10 === 9 ? 2.4 : 2));
    expect(kindsOf(stepsOf(seconds))).toMatchObject({
      gc_outlier: { count: 6, median_s: 2.4 },
      train: { count: 53 },
    });
    const odd = seconds.map((value, index) => ([13, 14, 40].includes(index) ? 3 : Math.min(value, 2)));
    expect(kindsOf(stepsOf(odd))).toMatchObject({ outlier: { count: 3, median_s: 3 } });
    expect(kindsOf(stepsOf(odd))).not.toHaveProperty('gc_outlier');
  });
});
