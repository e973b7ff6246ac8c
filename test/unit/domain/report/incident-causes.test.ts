import { describe, expect, it } from 'vitest';
import type { FailEvent, FaultEvent } from '../../../../domain/events.ts';
import { jobView } from '../../../../domain/report/job-view.ts';
import { attempt, endOf } from '../../../support/training-events.ts';

const FAILED_US = endOf() + 120e6;
const fail: FailEvent = { type: 'fail', job: 'a', attempt: 1, time_us: FAILED_US, cause: 'unknown' };
const again = attempt({ attempt: 2, start_us: FAILED_US + 30e6, first: 8 });
const fault = (after_s: number, more: Partial<FaultEvent> = {}): FaultEvent => ({
  type: 'fault',
  time_us: endOf() + after_s * 1e6,
  node: 'n1',
  device: 'GPU-1',
  code: 'xid:79',
  ...more,
});

function viewOf(faults: readonly FaultEvent[], failure: FailEvent = fail) {
  return jobView([...attempt({ nodes: ['n1', 'n2'] }), failure, ...again], { job: 'a', faults }).account;
}

describe('causes from faults', () => {
  it('name cause, node and device of a failure that says nothing, and what it cost', () => {
    const { incidents, segments } = viewOf([fault(1)]);
    expect(incidents[0]).toMatchObject({ cause: 'xid:79', node: 'n1', device: 'GPU-1' });
    const causes = new Map(
      segments.map(({ bucket, attempt, cause }) => [`${bucket} ${attempt ?? '-'}`, cause]),
    );
    expect(causes.get('lost_work 1')).toBe('xid:79');
    expect(causes.get('down -')).toBe('xid:79');
    expect(causes.get('startup 2')).toBe('xid:79');
    expect(causes.get('productive 2')).toBeUndefined();
  });

  it('take the fault nearest to the moment progress stopped', () => {
    const { incidents } = viewOf([
      fault(-400, { code: 'nic:link_degraded' }),
      fault(2),
      fault(100, { code: 'xid:45' }),
    ]);
    expect(incidents[0]?.cause).toBe('xid:79');
  });

  it('never replace what the job said, and fill in where it happened', () => {
    const said = { ...fail, cause: 'oom' };
    expect(viewOf([fault(1)], said).incidents[0]).toMatchObject({
      cause: 'oom',
      node: 'n1',
      device: 'GPU-1',
    });
    const elsewhere = { ...said, node: 'n2' };
    expect(viewOf([fault(1)], elsewhere).incidents[0]).toMatchObject({
      cause: 'oom',
      node: 'n2',
      device: null,
    });
  });

  it('leave alone what lies too far away', () => {
    expect(viewOf([fault(-700), fault(300)]).incidents[0]).toMatchObject({ cause: 'unknown', node: null });
  });

  it('name a hang while it lasts', () => {
    const open = { type: 'step', job: 'a', attempt: 1, step: 11, start_us: endOf() } as const;
    const now_us = endOf() + 600e6;
    const { account } = jobView([...attempt(), open], { job: 'a', now_us, faults: [fault(5)] });
    expect(account.state).toBe('hang');
    expect(account.incidents[0]).toMatchObject({ kind: 'hang', state: 'open', cause: 'xid:79', node: 'n1' });
  });
});
