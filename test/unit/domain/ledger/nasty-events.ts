import fc from 'fast-check';
import { type JobScopedEvent, MARK_KINDS, SPAN_KINDS } from '../../../../domain/events.ts';

export const JOB = 'nasty';

/** Few distinct times, so that ties, overlaps, inversions and empty intervals are the rule. */
const time = fc.oneof(
  fc.integer({ min: 0, max: 60 }).map((s) => s * 1_000_000),
  fc.integer({ min: 0, max: 60_000_000 }),
);
const attempt = fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined });
const later = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20_000_000 }));

function without<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as T;
}

const start = fc
  .record({
    attempt,
    time_us: time,
    device_count: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
  })
  .map((event) => without({ type: 'attempt_start', job: JOB, ...event }));
const end = fc
  .record({ attempt, time_us: time, clean: fc.boolean() })
  .map((event) => without({ type: 'attempt_end', job: JOB, ...event }));
export const fail = fc
  .record({ attempt, time_us: time, cause: fc.constantFrom('xid:79', 'nccl_timeout', 'oom') })
  .map((event) => without({ type: 'fail', job: JOB, ...event }));
const step = fc
  .record({
    attempt,
    step: fc.integer({ min: 0, max: 14 }),
    start_us: time,
    length: fc.option(later, { nil: undefined }),
    rank: fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined }),
    count: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
    tokens: fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }),
    kind: fc.constantFrom(undefined, undefined, 'train', 'eval', 'warmup'),
  })
  .map(({ length, count, ...event }) => {
    const end_us = length === undefined ? undefined : event.start_us + length;
    const covered = count === undefined ? undefined : Math.min(count, event.step + 1);
    return without({ type: 'step', job: JOB, ...event, end_us, count: covered });
  });
const span = fc
  .record({
    attempt,
    kind: fc.constantFrom(...SPAN_KINDS),
    name: fc.constantFrom(undefined, 'sdc_check', 'eval'),
    start_us: time,
    length: later,
    blocking: fc.constantFrom(undefined, true, false),
  })
  .map(({ length, ...event }) =>
    without({ type: 'span', job: JOB, ...event, end_us: event.start_us + length }),
  );
const mark = fc
  .record({ kind: fc.constantFrom(...MARK_KINDS), time_us: time })
  .map((event) => ({ type: 'mark', job: JOB, ...event }));
const capacity = fc
  .record({ time_us: time, total: fc.integer({ min: 1, max: 8 }), stepping: fc.nat(8), available: fc.nat(8) })
  .map(({ total, stepping, available, time_us }) => ({
    type: 'capacity',
    job: JOB,
    time_us,
    total,
    stepping: Math.min(stepping, total),
    available: Math.min(available, total),
  }));
const exclude = fc.record({ start_us: time, length: later }).map(({ start_us, length }) => ({
  type: 'exclude',
  job: JOB,
  start_us,
  end_us: start_us + length,
  reason: 'maintenance',
}));
const job = fc
  .record({ device_count: fc.integer({ min: 1, max: 8 }), time_us: fc.option(time, { nil: undefined }) })
  .map((event) => without({ type: 'job', job: JOB, ...event }));

/** Any pile of events: contradictory, out of order, without starts, without numbers. */
export const anyEvents = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: step },
    { weight: 3, arbitrary: span },
    { weight: 2, arbitrary: start },
    { weight: 1, arbitrary: end },
    { weight: 2, arbitrary: fail },
    { weight: 1, arbitrary: mark },
    { weight: 1, arbitrary: capacity },
    { weight: 1, arbitrary: exclude },
    { weight: 1, arbitrary: job },
  ),
  { maxLength: 40 },
) as fc.Arbitrary<JobScopedEvent[]>;

/** Limits short enough for the timelines above to hang and fall silent. */
export const SHORT_LIMITS = {
  hang_factor: 3,
  hang_floor_us: 2_000_000,
  hang_before_first_step_us: 5_000_000,
  silent_after_us: 4_000_000,
};

/** Clock and sources that a live caller may add. */
export const anyView = fc.record({
  now_us: fc.option(fc.integer({ min: 0, max: 120_000_000 }), { nil: undefined }),
  at_us: fc.option(fc.integer({ min: 0, max: 80_000_000 }), { nil: undefined }),
  heard_until_us: fc.option(fc.integer({ min: 0, max: 120_000_000 }), { nil: undefined }),
});

export function optionsOf(view: {
  now_us: number | undefined;
  at_us: number | undefined;
  heard_until_us: number | undefined;
}) {
  const { now_us, at_us, heard_until_us } = view;
  return {
    job: JOB,
    ...(now_us === undefined ? {} : { now_us }),
    ...(at_us === undefined ? {} : { at_us }),
    live: { ...SHORT_LIMITS, ...(heard_until_us === undefined ? {} : { heard_until_us }) },
  };
}
