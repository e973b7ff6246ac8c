import { describe, expect, it } from 'vitest';
import type { JobScopedEvent, StepPhases } from '../../../../domain/events.ts';
import { jobReport } from '../../../../domain/report/job-report.ts';
import { START_US } from '../../../support/training-events.ts';

const JOB = { job: 'a' };

interface Told {
  readonly s: number;
  readonly phases?: StepPhases;
  readonly rank?: number;
}

/** Steps back to back after a start of 10 s, one entry (or one for each rank) a step. */
function run(steps: readonly (Told | readonly Told[])[], devices = 8): JobScopedEvent[] {
  const events: JobScopedEvent[] = [
    { type: 'attempt_start', job: 'a', attempt: 1, time_us: START_US, device_count: devices },
  ];
  let begin_us = START_US + 10e6;
  for (const [index, told] of steps.entries()) {
    const ranks = 's' in told ? [told] : told;
    let end_us = begin_us;
    for (const { s, phases, rank } of ranks) {
      const own_us = begin_us + Math.round(s * 1e6);
      end_us = Math.max(end_us, own_us);
      events.push({
        type: 'step',
        job: 'a',
        attempt: 1,
        step: index + 1,
        start_us: begin_us,
        end_us: own_us,
        ...(phases === undefined ? {} : { phases_us: phases }),
        ...(rank === undefined ? {} : { rank }),
      });
    }
    begin_us = end_us;
  }
  return events;
}
const repeat = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);
const sum = (values: readonly (number | undefined)[]) => values.reduce<number>((all, v) => all + (v ?? 0), 0);

describe('slow time', () => {
  it('learns the ideal from the best sustained window and closes with productive, exactly', () => {
    const { slow_time, ledger } = jobReport(run([...repeat(40, { s: 2 }), ...repeat(30, { s: 3 })]), JOB);
    const { seconds, device_seconds, ideals } = slow_time;
    expect(ideals).toMatchObject([{ devices: 8, ideal_step_s: 2, source: 'learned' }]);
    expect(seconds).toEqual({
      productive: 170,
      ideal: 140,
      excess: 30,
      unjudged: 0,
      excess_by_cause: { unknown: 30 },
    });
    expect(seconds.productive).toBe(ledger.buckets_s.productive);
    expect(device_seconds?.excess).toBe(240);
    expect(slow_time.ideal_over_actual_ratio).toBeCloseTo(140 / 170, 12);
  });

  it('shows steps faster than the operator said, unclamped', () => {
    const spec = {
      type: 'job',
      job: 'a',
      device_count: 8,
      ideal_step_s: 2.5,
      time_us: START_US,
    } as JobScopedEvent;
    const { slow_time } = jobReport([spec, ...run(repeat(10, { s: 2 }))], JOB);
    expect(slow_time.ideals).toMatchObject([{ ideal_step_s: 2.5, source: 'operator' }]);
    expect(slow_time.seconds).toMatchObject({ ideal: 25, excess: -5, excess_by_cause: { faster: -5 } });
    expect(slow_time.ideal_over_actual_ratio).toBe(1.25);
  });

  it('judges nothing without an ideal', () => {
    const { slow_time, quality } = jobReport(run(repeat(5, { s: 2 })), JOB);
    expect(slow_time.seconds).toMatchObject({ productive: 10, ideal: 0, excess: 0, unjudged: 10 });
    expect(quality.reasons['slow_time']).toMatch(/ideal_step_s/);
  });

  it('gives to phases what they exceed their own ideal by, and the rest to unknown', () => {
    const good = { s: 2, phases: { compute: 1.5e6, comm: 0.4e6, io: 0.1e6 } };
    const slow = { s: 3, phases: { compute: 1.5e6, comm: 1.0e6, io: 0.3e6, comm_hidden: 9e6 } };
    const { slow_time } = jobReport(run([...repeat(40, good), ...repeat(10, slow)]), JOB);
    const causes = slow_time.seconds.excess_by_cause;
    expect(causes.exposed_communication).toBeCloseTo(6, 3);
    expect(causes.data).toBeCloseTo(2, 3);
    expect(causes.unknown).toBeCloseTo(2, 3);
    expect(sum(Object.values(causes))).toBeCloseTo(slow_time.seconds.excess, 9);
  });

  it('never gives a cause more than there is', () => {
    const good = { s: 2, phases: { comm: 0.2e6, io: 0.2e6 } };
    const slow = { s: 2.4, phases: { comm: 1e6, io: 1e6 } };
    const { slow_time } = jobReport(run([...repeat(40, good), ...repeat(10, slow)]), JOB);
    const { excess, excess_by_cause } = slow_time.seconds;
    expect(excess).toBeCloseTo(4, 9);
    expect(sum([excess_by_cause.exposed_communication, excess_by_cause.data])).toBeLessThanOrEqual(excess);
    expect(excess_by_cause.data).toBeCloseTo(2, 3);
  });

  it('names the rank whose own computing holds the others up, by placement', () => {
    const ranks = (slow_s: number): Told[] =>
      [0, 1, 2, 3].map((rank) => {
        const compute = (rank === 2 ? slow_s : 1.5) * 1e6;
        const s = slow_s + 0.5;
        return { rank, s, phases: { compute, comm: s * 1e6 - compute } };
      });
    const place = {
      type: 'placement',
      job: 'a',
      rank: 2,
      node: 'n7',
      device: 'GPU-2',
      from_us: START_US,
    } as const;
    const events = [place, ...run([...repeat(40, ranks(1.5)), ...repeat(10, ranks(2.5))], 4)];
    const { slow_time, losses } = jobReport(events, JOB);
    expect(slow_time.seconds.excess).toBeCloseTo(10, 6);
    expect(slow_time.seconds.excess_by_cause.straggler).toBeCloseTo(10, 3);
    expect(slow_time.seconds.excess_by_cause.exposed_communication ?? 0).toBeLessThan(0.01);
    expect(slow_time.suspects[0]).toMatchObject({ rank: 2, node: 'n7', device: 'GPU-2', steps: 10 });
    expect(losses[0]?.cause).toBe('startup');
    const straggler = losses.find(({ cause }) => cause === 'straggler');
    expect(straggler).toMatchObject({ node: 'n7', device: 'GPU-2', domain: 'unknown', source: 'steps' });
    expect(straggler?.device_seconds).toBeCloseTo(40, 2);
  });

  it('compares only steps of as many devices and of one batch', () => {
    const second: JobScopedEvent[] = run(repeat(30, { s: 4 }), 4).map((event) => ({
      ...event,
      ...('attempt' in event ? { attempt: 2 } : {}),
      ...('time_us' in event ? { time_us: (event.time_us ?? 0) + 200e6 } : {}),
      ...('start_us' in event ? { start_us: event.start_us + 200e6 } : {}),
      ...('end_us' in event && event.end_us !== undefined ? { end_us: event.end_us + 200e6 } : {}),
      ...('step' in event ? { step: event.step + 30 } : {}),
    })) as JobScopedEvent[];
    const { slow_time } = jobReport([...run(repeat(30, { s: 2 })), ...second], JOB);
    expect(slow_time.ideals.map(({ devices, ideal_step_s }) => [devices, ideal_step_s])).toEqual([
      [8, 2],
      [4, 4],
    ]);
    expect(slow_time.seconds.excess).toBe(0);
  });

  it('adds up over windows, to the microsecond', () => {
    const events = run([...repeat(33, { s: 1.7 }), ...repeat(20, { s: 2.9 }), ...repeat(9, { s: 1.71 })]);
    const whole = jobReport(events, JOB).slow_time.seconds;
    const cuts = [0, 17.123457, 40.5, 61.7, 99.999999, 200].map((s) => START_US + Math.round(s * 1e6));
    const parts = cuts.slice(1).map((to_us, index) => {
      return jobReport(events, { ...JOB, from_us: cuts[index], to_us }).slow_time.seconds;
    });
    for (const field of ['productive', 'ideal', 'excess', 'unjudged'] as const) {
      expect(sum(parts.map((part) => part[field])), field).toBeCloseTo(whole[field], 9);
    }
    for (const part of parts) {
      expect(part.ideal + part.excess + part.unjudged).toBeCloseTo(part.productive, 9);
      expect(sum(Object.values(part.excess_by_cause))).toBeCloseTo(part.excess, 9);
    }
  });

  it('expects no more of a step than an exclusion leaves of it', () => {
    const exclude = {
      type: 'exclude',
      job: 'a',
      start_us: START_US + 11e6,
      end_us: START_US + 11_500_000,
      reason: 'x',
    } as const;
    const { slow_time } = jobReport([...run(repeat(40, { s: 2 })), exclude], JOB);
    expect(slow_time.seconds).toMatchObject({ productive: 79.5, ideal: 79.5, excess: 0 });
  });
});
