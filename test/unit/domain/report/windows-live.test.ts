import { describe, expect, it } from 'vitest';
import type { JobScopedEvent } from '../../../../domain/events.ts';
import { jobReport } from '../../../../domain/report/job-report.ts';
import { attempt, endOf, llamaSpec } from '../../../support/training-events.ts';

/** The last minute, at any moment of a stand-still, is read as nothing done: it is never missing, and never the last good value. */
const open = { type: 'step', job: 'a', attempt: 1, step: 11, start_us: endOf() } as const;
const fail = { type: 'fail', job: 'a', attempt: 1, time_us: endOf() + 60e6, cause: 'xid:79' } as const;
const lastMinute = (events: readonly JobScopedEvent[], after_s: number, heard_s?: number) => {
  const now_us = endOf() + after_s * 1e6;
  const live = {
    hang_factor: 10,
    hang_floor_us: 300e6,
    hang_before_first_step_us: 1800e6,
    silent_after_us: 900e6,
    ...(heard_s === undefined ? {} : { heard_until_us: endOf() + heard_s * 1e6 }),
  };
  return jobReport([llamaSpec(), ...events], {
    job: 'a',
    now_us,
    live,
    from_us: now_us - 60e6,
    to_us: now_us,
  });
};

describe('the last minute of a job', () => {
  it.each([
    ['a hang', [...attempt(), open], 3600, 3600, 'hang'],
    ['a silence', [...attempt(), open], 3600, 10, 'silent'],
    ['an outage', [...attempt(), open, fail], 3600, 3600, 'down'],
  ] as const)('in %s', (_, events, after_s, heard_s, state) => {
    const report = lastMinute(events, after_s, heard_s);
    expect(report.state).toBe(state);
    expect(report.ledger).toMatchObject({ horizon_s: 60, goodput_ratio: 0, buckets_s: { [state]: 60 } });
    expect(report.ratios.goodput_runtime.value).toBe(0);
    expect(report.ratios.ettr_with_queue.value).toBe(0);
    expect(report.ratios.effective_share.value).toBe(0);
    expect(report.effective_compute).toMatchObject({ effective_compute_ratio: 0, paid_device_s: 480 });
    expect(report.losses).toHaveLength(1);
    expect(report.losses[0]).toMatchObject({ device_seconds: 480, share: 1 });
  });

  it('says hang since the last progress, not since it was noticed', () => {
    const report = jobReport([...attempt(), open], { job: 'a', now_us: endOf() + 301e6 });
    expect(report.ledger.buckets_s.hang).toBe(301);
    expect(report.incidents[0]).toMatchObject({ kind: 'hang', failed_at_us: endOf(), wall_s: 301 });
  });

  it('is revised once the job has restarted: what hung is lost to the failure that ended it', () => {
    const at_us = endOf() + 3600e6;
    const killed = { ...fail, time_us: at_us };
    const again = attempt({ attempt: 2, start_us: at_us + 30e6, first: 11 });
    const report = jobReport([...attempt(), open, killed, ...again], { job: 'a' });
    expect(report.ledger.buckets_s.lost_work).toBe(3600);
    expect(report.ledger.buckets_s.hang).toBeUndefined();
    expect(report.losses[0]).toMatchObject({ cause: 'xid:79', wall_s: 3640, count: 1 });
  });

  it('takes an exclusion out of a hang', () => {
    const exclude = {
      type: 'exclude',
      job: 'a',
      start_us: endOf() + 100e6,
      end_us: endOf() + 400e6,
      reason: 'maintenance',
    } as const;
    const report = jobReport([...attempt(), open, exclude], { job: 'a', now_us: endOf() + 1000e6 });
    expect(report.ledger.buckets_s).toMatchObject({ hang: 700, excluded: 300, productive: 20 });
    expect(report.ratios.goodput_runtime.value).toBeCloseTo(20 / 730, 12);
    expect(report.losses.find(({ cause }) => cause === 'hang')?.device_seconds).toBe(5600);
  });
});
