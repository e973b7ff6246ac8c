import { describe, expect, it } from 'vitest';
import type { JobScopedEvent } from '../../../../domain/events.ts';
import { jobReport } from '../../../../domain/report/job-report.ts';
import { attempt, endOf, llamaSpec, START_US } from '../../../support/training-events.ts';

/** Forty steps of 2 s, then as told. */
function run(...stretches: readonly (readonly [steps: number, step_s: number])[]): JobScopedEvent[] {
  const events = attempt({ steps: 40 });
  let first = 41;
  let begin_us = endOf({ steps: 40 });
  for (const [steps, step_s] of stretches) {
    const more = attempt({ start_us: begin_us, startup_s: 0, first, steps, step_s });
    events.push(...more.slice(1));
    begin_us = endOf({ start_us: begin_us, startup_s: 0, steps, step_s });
    first += steps;
  }
  return events;
}
const SLOW_US = endOf({ steps: 40 });
const slowdowns = (events: readonly JobScopedEvent[], options = {}) =>
  jobReport(events, { job: 'a', ...options }).incidents.filter(({ kind }) => kind === 'slowdown');

describe('sustained slow-downs', () => {
  it('are incidents with begin, end and what they cost', () => {
    const [one, ...others] = slowdowns(run([40, 3], [10, 2]));
    expect(others).toEqual([]);
    expect(one).toMatchObject({
      state: 'recovered',
      failed_at_us: SLOW_US,
      time_to_regain_progress_s: 120,
      wall_s: 40,
      device_seconds: 320,
      causes: { symptom: 'slow_steps', root_cause: null, domain: 'unknown', interruption: 'implicit' },
    });
  });

  it('go on while the newest steps are slow, and end with the job', () => {
    const open = slowdowns(run([40, 3]), { now_us: SLOW_US + 121e6 });
    expect(open).toMatchObject([{ state: 'open', time_to_regain_progress_s: null }]);
    const end = { type: 'attempt_end', job: 'a', attempt: 1, time_us: SLOW_US + 121e6, clean: true } as const;
    expect(slowdowns([...run([40, 3]), end])).toMatchObject([{ state: 'ended' }]);
  });

  it.each([
    ['jitter below 10 %', [[60, 2.18]]],
    [
      'a stretch too short to be sustained',
      [
        [15, 3],
        [40, 2],
      ],
    ],
    [
      'a few steps far off',
      [
        [2, 40],
        [40, 2],
      ],
    ],
  ] as const)('are not %s', (_, stretches) => {
    expect(slowdowns(run(...(stretches as readonly (readonly [number, number])[])))).toEqual([]);
  });

  it('are not cut by a step or two at normal speed, but by three', () => {
    expect(slowdowns(run([30, 3], [2, 2], [30, 3], [10, 2]))).toHaveLength(1);
    expect(slowdowns(run([30, 3], [3, 2], [30, 3], [10, 2]))).toHaveLength(2);
  });

  it('take the limits they are given', () => {
    const slowdown = { step_factor: 1.05, steps_min: 3, duration_min_s: 60, recover_steps: 3 };
    expect(slowdowns(run([60, 2.18]), { slowdown })).toHaveLength(1);
  });

  it('are put down to a fault of that time, which then carries their cost', () => {
    const fault = { type: 'fault', time_us: SLOW_US - 2e6, node: 'n1', code: 'nic:link_degraded' } as const;
    const report = jobReport(run([40, 3], [10, 2]), { job: 'a', faults: [fault] });
    expect(report.incidents[0]).toMatchObject({ cause: 'nic:link_degraded', node: 'n1' });
    const own = report.losses.find(({ cause }) => cause === 'nic_error');
    expect(own).toMatchObject({
      symptom: 'slow_steps',
      domain: 'infrastructure',
      node: 'n1',
      device_seconds: 320,
      buckets: { slow_steps: 320 },
    });
    const { ideal, excess, productive } = report.slow_time.seconds;
    expect([ideal, excess, productive]).toEqual([180, 40, 220]);
  });

  it('say which rank it was', () => {
    const place = { type: 'placement', job: 'a', rank: 1, node: 'n9', device: 3, from_us: START_US } as const;
    const ranked = run([40, 3], [10, 2]).flatMap((event): JobScopedEvent[] => {
      if (event.type !== 'step' || event.end_us === undefined) return [event];
      const whole = event.end_us - event.start_us;
      return [0, 1, 2].map((rank) => {
        const compute = rank === 1 ? whole - 0.5e6 : 1.5e6;
        return { ...event, rank, phases_us: { compute, comm: whole - compute } };
      });
    });
    const [one] = slowdowns([place, ...ranked]);
    expect(one).toMatchObject({ cause: 'straggler', node: 'n9', device: '3' });
    expect(one?.causes).toMatchObject({ root_cause: 'straggler', source: 'steps' });
  });

  it('are no interruption, and in no repair time', () => {
    const report = jobReport([llamaSpec(), ...run([40, 3], [10, 2])], { job: 'a' });
    expect(report.ledger.interruptions).toBe(0);
    expect(report.mttr.count).toBe(0);
    expect(report.interruptions_by_kind.implicit).toMatchObject({ count: 1, device_seconds: 320 });
  });
});
