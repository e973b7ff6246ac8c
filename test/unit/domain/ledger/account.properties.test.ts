import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JobScopedEvent } from '../../../../domain/events.ts';
import { accountOf } from '../../../../domain/ledger/account.ts';
import { deviceSeconds } from '../../../../domain/ledger/device-seconds.ts';
import { viewOf } from '../../../../domain/ledger/job-view.ts';
import { launchesOf } from '../../../../domain/ledger/launches.ts';
import { ledgerOf } from '../../../../domain/ledger/ledger.ts';
import type { Account, Bucket } from '../../../../domain/ledger/ledger-shape.ts';
import { anyEvents, anyView, fail, JOB, optionsOf } from './nasty-events.ts';

const RUNS = { numRuns: 700 };

function lengths(account: Account): Map<Bucket, number> {
  const sums = new Map<Bucket, number>();
  for (const { bucket, from_us, to_us } of account.segments) {
    sums.set(bucket, (sums.get(bucket) ?? 0) + to_us - from_us);
  }
  return sums;
}

describe('an account, whatever the events', () => {
  it('is a partition of the horizon into whole microseconds', () => {
    fc.assert(
      fc.property(anyEvents, anyView, (events, view) => {
        const { from_us, to_us, segments } = accountOf(events, optionsOf(view));
        expect(to_us).toBeGreaterThanOrEqual(from_us);
        let reached = from_us;
        for (const segment of segments) {
          expect(segment.from_us).toBe(reached);
          expect(Number.isSafeInteger(segment.to_us)).toBe(true);
          expect(segment.to_us).toBeGreaterThan(segment.from_us);
          reached = segment.to_us;
        }
        expect(reached).toBe(to_us);
      }),
      RUNS,
    );
  });

  it('depends on the set of events: order and repetition change nothing', () => {
    const shuffled = anyEvents.chain((events) =>
      fc.tuple(
        fc.constant(events),
        fc.shuffledSubarray([...events, ...events], {
          minLength: 2 * events.length,
          maxLength: 2 * events.length,
        }),
      ),
    );
    fc.assert(
      fc.property(shuffled, anyView, ([events, others], view) => {
        expect(accountOf(others, optionsOf(view))).toEqual(accountOf(events, optionsOf(view)));
      }),
      RUNS,
    );
  });

  it('names every attempt once, in order of start, and every incident after the attempt that ended', () => {
    fc.assert(
      fc.property(anyEvents, anyView, (events, view) => {
        const { attempts, incidents, state } = accountOf(events, optionsOf(view));
        const numbers = attempts.map(({ attempt }) => attempt);
        expect(new Set(numbers).size).toBe(numbers.length);
        expect(attempts).toEqual([...attempts].sort((a, b) => a.start_us - b.start_us));
        const ends = incidents.filter(({ kind, state: over }) => kind !== 'hang' || over !== 'recovered');
        const isStuck = ['down', 'hang', 'silent'].includes(state);
        const lastEnded = isStuck || (state === 'ended' && ends.at(-1)?.attempt === numbers.at(-1));
        expect(ends.map(({ attempt }) => attempt)).toEqual(lastEnded ? numbers : numbers.slice(0, -1));
        for (const {
          time_to_first_step_s: first,
          time_to_regain_progress_s: regain,
          state: over,
        } of incidents) {
          if (regain !== null) expect(over).toBe('recovered');
          if (over !== 'recovered') expect(over).toBe(state === 'ended' ? 'ended' : 'open');
          if (regain !== null) expect(regain).toBeGreaterThanOrEqual(first ?? Number.POSITIVE_INFINITY);
        }
      }),
      RUNS,
    );
  });

  it('as of a moment is the account of what had happened by then', () => {
    fc.assert(
      fc.property(anyEvents, anyView, fc.integer({ min: 0, max: 70_000_000 }), (events, view, at_us) => {
        const options = { ...optionsOf(view), at_us };
        expect(
          accountOf(
            events.flatMap((event) => knownBy(event, at_us)),
            options,
          ),
        ).toEqual(accountOf(events, options));
      }),
      RUNS,
    );
  });

  it('gives every step execution no more than its own time, and together exactly the time of steps', () => {
    const ofSteps: readonly Bucket[] = [
      'productive',
      'program_startup',
      'lost_work',
      'in_flight',
      'hang_or_unfinished',
    ];
    fc.assert(
      fc.property(anyEvents, (events) => {
        // limits that nothing reaches: no open step is judged
        const account = accountOf(events, { job: JOB });
        const { steps } = account;
        for (const { net_us, start_us, end_us } of steps) {
          expect(net_us).toBeGreaterThanOrEqual(0);
          expect(net_us).toBeLessThanOrEqual(end_us - start_us);
        }
        const sums = lengths(account);
        const inBuckets = ofSteps.reduce((sum, bucket) => sum + (sums.get(bucket) ?? 0), 0);
        const train = steps.filter(
          ({ kind, fate }) => kind !== 'eval' || fate === 'in_flight' || fate === 'hang_or_unfinished',
        );
        const inSteps = train.reduce((sum, { net_us }) => sum + net_us, 0);
        const openEvaluations = steps.filter(({ kind, fate }) => kind === 'eval' && fate === 'lost_work');
        const slack = openEvaluations.reduce((sum, { net_us }) => sum + net_us, 0);
        expect(inBuckets).toBeGreaterThanOrEqual(inSteps);
        expect(inBuckets).toBeLessThanOrEqual(inSteps + slack);
      }),
      RUNS,
    );
  });

  it('weighs every second with the devices held, no more and no less', () => {
    fc.assert(
      fc.property(anyEvents, anyView, (events, view) => {
        const { segments } = accountOf(events, optionsOf(view));
        const known = segments.filter(({ devices }) => devices !== undefined);
        if (known.length !== segments.length) {
          expect(known).toEqual([]);
          expect(deviceSeconds(segments)).toBeUndefined();
          return;
        }
        const held = segments.reduce(
          (sum, { from_us, to_us, devices }) => sum + ((to_us - from_us) * (devices ?? 0)) / 1e6,
          0,
        );
        const spent = (deviceSeconds(segments) ?? []).reduce((sum, { device_s }) => sum + device_s, 0);
        expect(spent).toBeCloseTo(held, 6);
      }),
      RUNS,
    );
  });
});

describe('windows', () => {
  it('add up to the whole, to the microsecond, in seconds and device-seconds, interruptions included', () => {
    const cut = fc.integer({ min: 0, max: 120_000_000 });
    fc.assert(
      fc.property(anyEvents, anyView, fc.array(cut, { maxLength: 6 }), (events, view, cuts) => {
        const account = accountOf(events, optionsOf(view));
        const { from_us, to_us } = account;
        const inside = cuts.filter((at) => at > from_us && at < to_us).sort((a, b) => a - b);
        const bounds = [...new Set([from_us, ...inside, to_us])];
        const whole = ledgerOf(account);
        const parts = bounds
          .slice(1)
          .map((end, index) => ledgerOf(account, { from_us: bounds[index] ?? 0, to_us: end }));
        if (parts.length === 0) return;
        for (const field of [
          'buckets_s',
          'device_seconds',
          'custom_s',
          'cost_by_cause_device_seconds',
        ] as const) {
          expect(inMicroseconds(parts.map((part) => part[field]))).toEqual(inMicroseconds([whole[field]]));
        }
        expect(parts.reduce((sum, part) => sum + part.interruptions, 0)).toBe(whole.interruptions);
      }),
      RUNS,
    );
  });

  it('of one size cover the range without gap', () => {
    fc.assert(
      fc.property(anyEvents, anyView, fc.integer({ min: 1, max: 30 }), (events, view, size_s) => {
        const account = accountOf(events, optionsOf(view));
        const windows_us = { size_us: size_s * 1_000_000 - 1, count_max: 1000 };
        const { windows, buckets_s, device_seconds } = ledgerOf(account, { windows_us });
        expect(inMicroseconds(windows.map((window) => window.buckets_s))).toEqual(
          inMicroseconds([buckets_s]),
        );
        expect(inMicroseconds(windows.map((window) => window.device_seconds))).toEqual(
          inMicroseconds([device_seconds]),
        );
      }),
      { numRuns: 500 },
    );
  });
});

describe('a failure added', () => {
  /*
   * What holds exactly. Added at any moment of any timeline, a fail of an attempt that had been heard of by then (or of the newest
   * one) never adds time to training that counts, as long as start-up of the program is counted with it: R7 compares an
   * attempt's first step with its others, so cutting an attempt in two changes what counts as slow start, in either
   * direction. What is divided by (horizon - excluded) never shrinks, so the ratio falls or stays. A fail of an attempt
   * that nothing else tells of is news of an attempt, and moves where the others end. Steps go forward within an attempt
   * here: whether a step that goes back was rolled back inside its process is guessed from the steps around it.
   * An attempt starts once: several starts of one number are one attempt until a failure between them makes them two.
   * And no span claims to have gone on beyond the failure of its attempt: it is cut there, and what it hid comes to light.
   */
  it('never raises goodput, program start-up counted in', () => {
    fc.assert(
      fc.property(anyEvents, anyView, fail, (pile, view, failure) => {
        const all = pile.filter(isFirstStart);
        const events = all.filter(isForward(all, view));
        fc.pre(events.every(isForward(events, view)));
        fc.pre(!events.some((event) => isCrossing(event, failure.time_us)));
        const known = events.flatMap((event) => knownBy(event, view.at_us ?? Number.POSITIVE_INFINITY));
        fc.pre(
          failure.attempt === undefined ||
            known.some((event) => isHeardOf(event, failure.attempt, failure.time_us)),
        );
        const before = accountOf(events, optionsOf(view));
        fc.pre(before.attempts.length > 0);
        const after = accountOf([...events, failure as JobScopedEvent], optionsOf(view));
        expect(training(after)).toBeLessThanOrEqual(training(before));
        expect(divisor(after)).toBeGreaterThanOrEqual(divisor(before));
      }),
      RUNS,
    );
  });
});

function isHeardOf(event: JobScopedEvent, attempt: number | undefined, until_us: number): boolean {
  if (event.type === 'span' && event.kind === 'queue') return false;
  if (event.type === 'attempt_start') return event.attempt === attempt && event.time_us <= until_us;
  const tells = event.type === 'step' || event.type === 'span';
  return tells && event.attempt === attempt && event.start_us <= until_us;
}

function isFirstStart(event: JobScopedEvent, index: number, all: readonly JobScopedEvent[]): boolean {
  if (event.type !== 'attempt_start') return true;
  return (
    all.findIndex(
      ({ type, ...other }) =>
        type === event.type &&
        'attempt' in other === 'attempt' in event &&
        (!('attempt' in other) || other.attempt === event.attempt),
    ) === index
  );
}

function isCrossing(event: JobScopedEvent, time_us: number): boolean {
  const isSpan = event.type === 'span' || (event.type === 'step' && event.kind === 'eval');
  return isSpan && event.start_us <= time_us && (event.end_us ?? event.start_us) > time_us;
}

/** Whether an event is a step that goes back within its attempt, told by rank or not. */
function isForward(
  events: readonly JobScopedEvent[],
  view: Parameters<typeof optionsOf>[0],
): (event: JobScopedEvent) => boolean {
  const back = new Set<JobScopedEvent>();
  for (const { steps } of launchesOf(viewOf(events, optionsOf(view)))) {
    let highest = -1;
    for (const event of steps) {
      if (event.step < highest) back.add(event);
      highest = Math.max(highest, event.step);
    }
  }
  return (event) => !back.has(event);
}

function divisor(account: Account): number {
  return account.to_us - account.from_us - (lengths(account).get('excluded') ?? 0);
}

function training(account: Account): number {
  const sums = lengths(account);
  return (sums.get('productive') ?? 0) + (sums.get('program_startup') ?? 0);
}

/** What an observer had of an event at a moment: nothing, all of it, or that it had begun. */
function knownBy(event: JobScopedEvent, at_us: number): JobScopedEvent[] {
  if ('start_us' in event) {
    if (event.start_us > at_us) return [];
    if (event.type === 'step' && event.end_us !== undefined && event.end_us > at_us) {
      const { end_us: _, ...open } = event;
      return [open];
    }
    return [event];
  }
  if (event.type === 'placement') return [event];
  return (event.time_us ?? 0) > at_us ? [] : [event];
}

function inMicroseconds(
  records: readonly Readonly<Partial<Record<string, number>>>[],
): Record<string, number> {
  const sums = new Map<string, number>();
  for (const record of records) {
    for (const [name, value] of Object.entries(record)) {
      sums.set(name, (sums.get(name) ?? 0) + Math.round((value ?? 0) * 1e6));
    }
  }
  return Object.fromEntries([...sums].sort());
}
