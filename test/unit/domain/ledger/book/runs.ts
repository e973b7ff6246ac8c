import fc from 'fast-check';
import type { JobScopedEvent } from '../../../../../domain/events.ts';
import { JOB } from '../nasty-events.ts';

const S = 1_000_000;

interface Plan {
  readonly attempts: readonly {
    readonly steps: number;
    readonly back: number;
    readonly ending: 'fail' | 'clean' | 'unclean' | 'silent';
    readonly numbered: boolean;
    readonly started: boolean;
    readonly from_launch: boolean;
  }[];
  readonly ranks: number;
  readonly numbered_ranks: boolean;
  readonly count: number;
  readonly ends: boolean;
  readonly gaps: readonly number[];
  readonly spans: readonly {
    readonly at: number;
    readonly length: number;
    readonly kind: number;
    readonly blocking: boolean;
  }[];
  readonly noise: readonly number[];
  readonly inside: number;
  readonly evals: number;
}

const plan: fc.Arbitrary<Plan> = fc.record({
  attempts: fc.array(
    fc.record({
      steps: fc.integer({ min: 0, max: 25 }),
      back: fc.integer({ min: 0, max: 30 }),
      ending: fc.constantFrom('fail', 'fail', 'clean', 'unclean', 'silent'),
      numbered: fc.constantFrom(true, true, true, false),
      started: fc.constantFrom(true, true, true, false),
      from_launch: fc.constantFrom(false, false, false, true),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  ranks: fc.integer({ min: 1, max: 3 }),
  numbered_ranks: fc.boolean(),
  count: fc.constantFrom(1, 1, 1, 4),
  ends: fc.constantFrom(true, true, false),
  gaps: fc.array(fc.constantFrom(0, 0, 0, 100_000, 7_000_000), { minLength: 1, maxLength: 7 }),
  spans: fc.array(
    fc.record({
      at: fc.integer({ min: 0, max: 90 }),
      length: fc.integer({ min: 0, max: 9 }),
      kind: fc.nat(5),
      blocking: fc.constantFrom(true, true, false),
    }),
    { maxLength: 8 },
  ),
  noise: fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 4 }),
  inside: fc.integer({ min: 0, max: 60 }),
  evals: fc.integer({ min: 0, max: 15 }),
}) as fc.Arbitrary<Plan>;

const KINDS = ['ckpt_save', 'data_wait', 'custom', 'init', 'ckpt_restore', 'elastic_reinit'] as const;

/** A run that mostly goes as runs go: attempts with steps one after the other, by some ranks, with what happens between. */
function eventsOf(plan: Plan): JobScopedEvent[] {
  const events: JobScopedEvent[] = [];
  let now_us = 0;
  let step = 0;
  let told = 0;
  for (const [index, attempt] of plan.attempts.entries()) {
    const number = attempt.numbered ? { attempt: index + 1 } : {};
    if (attempt.started) {
      events.push({ type: 'attempt_start', job: JOB, ...number, time_us: now_us, device_count: 4 + index });
    }
    now_us += S / 2;
    step = Math.max(0, step - attempt.back);
    for (let done = 0; done < attempt.steps; done++, told++) {
      if (told === plan.inside) step = Math.max(0, step - 3);
      step += plan.count;
      const end_us = now_us + S * (done === 0 ? 2 : 1) * plan.count + (told % 3) * 1000;
      for (let rank = 0; rank < plan.ranks; rank++) {
        events.push({
          type: 'step',
          job: JOB,
          ...number,
          step,
          start_us: now_us + rank * 500,
          ...(plan.ends ? { end_us: end_us + rank * 300 } : {}),
          ...(plan.numbered_ranks ? { rank } : {}),
          ...(plan.count === 1 ? {} : { count: plan.count }),
          ...(done === 0 && attempt.from_launch ? { labels: { startup_included: true } } : {}),
        });
      }
      now_us = end_us + (plan.gaps[told % plan.gaps.length] ?? 0) + 1000;
      if (plan.evals > 0 && told % plan.evals === plan.evals - 1) {
        events.push({
          type: 'step',
          job: JOB,
          ...number,
          step,
          start_us: now_us,
          end_us: now_us + S,
          kind: 'eval',
        });
        now_us += S;
      }
    }
    if (attempt.ending === 'fail') {
      events.push({ type: 'fail', job: JOB, ...number, time_us: now_us, cause: `xid:${index}` });
      events.push({ type: 'mark', job: JOB, kind: 'detect', time_us: now_us + S });
      now_us += 3 * S;
    } else if (attempt.ending !== 'silent') {
      events.push({
        type: 'attempt_end',
        job: JOB,
        ...number,
        time_us: now_us,
        clean: attempt.ending === 'clean',
      });
    }
    now_us += S;
  }
  for (const { at, length, kind, blocking } of plan.spans) {
    events.push({
      type: 'span',
      job: JOB,
      kind: KINDS[kind] ?? 'custom',
      start_us: at * S,
      end_us: (at + length) * S,
      ...(blocking ? {} : { blocking }),
    });
  }
  for (const [index, at] of plan.noise.entries()) {
    if (index % 2 === 0) {
      events.push({
        type: 'exclude',
        job: JOB,
        start_us: at * S,
        end_us: (at + 4) * S,
        reason: 'maintenance',
      });
    } else {
      events.push({ type: 'capacity', job: JOB, time_us: at * S, stepping: 3, available: 3, total: 4 });
    }
  }
  return events;
}

function begin(event: JobScopedEvent): number {
  if ('start_us' in event) return event.start_us;
  return 'time_us' in event ? (event.time_us ?? 0) : 0;
}

/** A run and an order of arrival: mostly by time, some events late or early. */
export const anyRun = plan.chain((planned) => {
  const events = eventsOf(planned).sort((a, b) => begin(a) - begin(b));
  const moves = fc.array(fc.tuple(fc.nat(events.length), fc.integer({ min: -40, max: 40 })), {
    maxLength: 6,
  });
  return moves.map((moved) => {
    const order = events.map((_, index) => index);
    for (const [from, by] of moved) {
      const [index] = order.splice(from, 1);
      if (index !== undefined) order.splice(Math.max(0, from + by), 0, index);
    }
    return { events, order };
  });
});
