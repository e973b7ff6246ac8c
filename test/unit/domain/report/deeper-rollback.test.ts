import { expect, it } from 'vitest';
import type { FailEvent, FaultEvent, JobScopedEvent } from '../../../../domain/events.ts';
import { jobReport } from '../../../../domain/report/job-report.ts';
import { attempt, endOf } from '../../../support/training-events.ts';

const FIRST_US = endOf({ steps: 20 }) + 4e6;
const SECOND = { attempt: 2, start_us: FIRST_US + 60e6, first: 21, steps: 10 };
const SECOND_US = endOf(SECOND) + 4e6;
const THIRD = { attempt: 3, start_us: SECOND_US + 60e6, first: 11, steps: 20 };

/** Two failures without a rollback between them; the second one goes back over ten kept steps of the first attempt. */
function report(causes: readonly [string, string | undefined], faults: readonly FaultEvent[]) {
  const fail = (index: number, time_us: number, cause: string | undefined): JobScopedEvent => {
    return {
      type: 'fail',
      job: 'a',
      attempt: index,
      time_us,
      ...(cause === undefined ? {} : { cause }),
    } as FailEvent;
  };
  const events: JobScopedEvent[] = [
    ...attempt({ steps: 20, nodes: ['n1'] }),
    fail(1, FIRST_US, causes[0]),
    ...attempt({ ...SECOND, nodes: ['n1'] }),
    fail(2, SECOND_US, causes[1]),
    ...attempt({ ...THIRD, nodes: ['n1'] }),
  ];
  return jobReport(events, { job: 'a', faults });
}

/** Ten steps of the first attempt and all ten of the second, 2 s each, on 8 devices. */
const UNDONE = 20 * 2 * 8;

it.each(['unknown', 'nccl_timeout'])(
  'work of an earlier attempt is charged to the failure that undid it, also when a fault names that (%s)',
  (said) => {
    const fault: FaultEvent = { type: 'fault', time_us: SECOND_US - 1e6, node: 'n1', code: 'xid:48' };
    for (const faults of [[], [fault]]) {
      const { losses, incidents, ledger } = report(['xid:79', said], faults);
      const second = incidents.find(({ id }) => id === 'a/2');
      const own = losses.find(
        ({ interruption, buckets }) => interruption !== null && buckets['lost_work'] === UNDONE,
      );
      expect(own?.interruption).toBe(second?.causes.interruption);
      expect(second?.device_seconds).toBe(own?.device_seconds);
      const byCause = Object.values(ledger.cost_by_cause_device_seconds ?? {}).reduce((a, b) => a + b, 0);
      expect(byCause).toBeGreaterThanOrEqual(UNDONE);
      if (faults.length > 0 && said === 'unknown')
        expect(ledger.cost_by_cause_device_seconds?.['unknown']).toBeUndefined();
    }
  },
);
