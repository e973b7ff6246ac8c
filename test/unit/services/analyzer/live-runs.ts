import fc from 'fast-check';
import type { FaultEvent, JobScopedEvent, NodeStateEvent, StepEvent } from '../../../../domain/events.ts';
import type { LiveLimits } from '../../../../domain/ledger/ledger-shape.ts';
import { SITE_DEFAULTS } from '../../../../domain/report/site.ts';
import { JOB } from '../../domain/ledger/nasty-events.ts';

export const S = 1_000_000;
/** Chapters of three steps, so that runs of some dozens seal many. */
export const SMALL = { chapter_steps: 3, lag_steps: 2, batch_events: 7 };
export const RATES = { window_steps: 4, normal_steps_min: 6 };
export const SITE = {
  ...SITE_DEFAULTS,
  price_per_device_hour: 2,
  goodput_target_ratio: 0.9,
  slowdown: { step_factor: 1.05, steps_min: 2, duration_min_s: 2, recover_steps: 2 },
};
export const LIMITS: LiveLimits = {
  hang_factor: 4,
  hang_floor_us: 6 * S,
  hang_before_first_step_us: 20 * S,
  silent_after_us: 15 * S,
};

/** What a run may have beside its attempts and steps. */
export interface Extras {
  readonly specs: readonly { readonly at: number; readonly tokens: number; readonly model: boolean }[];
  readonly labels: readonly number[];
  readonly slow: readonly { readonly from: number; readonly steps: number; readonly factor: number }[];
  readonly tokens: number;
  readonly faults: readonly { readonly at: number; readonly node: number }[];
  readonly saves: readonly { readonly at: number; readonly step: boolean; readonly blocking: boolean }[];
  readonly queue: boolean;
  readonly states: readonly number[];
  readonly heard: number | undefined;
}

export const anyExtras: fc.Arbitrary<Extras> = fc.record({
  specs: fc.array(
    fc.record({
      at: fc.integer({ min: -1, max: 90 }),
      tokens: fc.constantFrom(100, 100, 200),
      model: fc.boolean(),
    }),
    { maxLength: 2 },
  ),
  labels: fc.array(fc.nat(80), { maxLength: 4 }),
  slow: fc.array(
    fc.record({
      from: fc.nat(70),
      steps: fc.integer({ min: 1, max: 25 }),
      factor: fc.constantFrom(0.8, 1.3, 9),
    }),
    { maxLength: 2 },
  ),
  tokens: fc.constantFrom(0, 0, 1, 2),
  faults: fc.array(fc.record({ at: fc.nat(90), node: fc.nat(2) }), { maxLength: 2 }),
  saves: fc.array(fc.record({ at: fc.nat(90), step: fc.boolean(), blocking: fc.boolean() }), {
    maxLength: 3,
  }),
  queue: fc.boolean(),
  states: fc.array(fc.nat(90), { maxLength: 3 }),
  heard: fc.option(fc.nat(100), { nil: undefined }),
});

/** Other lengths and labels for some steps, as one source tells them. */
export function told(events: readonly JobScopedEvent[], { labels, slow, tokens }: Extras): JobScopedEvent[] {
  let index = -1;
  return events.flatMap((event): JobScopedEvent[] => {
    if (event.type === 'attempt_start') {
      return [{ ...event, nodes: event.time_us % 2 === 0 ? ['n0', 'n1'] : ['n1'] }];
    }
    if (event.type !== 'step') return [event];
    if ((event.rank ?? 0) !== 0) return [];
    index++;
    const factor = slow.reduce((all, one) => {
      return index >= one.from && index < one.from + one.steps ? all * one.factor : all;
    }, 1);
    const { end_us, start_us, count = 1 } = event;
    const isOdd = labels.includes(index);
    return [
      {
        ...event,
        ...(end_us === undefined ? {} : { end_us: Math.round(start_us + (end_us - start_us) * factor) }),
        ...(tokens === 0 ? {} : { tokens: 100 * count * (tokens === 2 && index % 7 === 0 ? 2 : 1) }),
        ...(isOdd ? { labels: index % 2 === 0 ? { unlogged: true } : { logged_tflops: 3 } } : {}),
      } satisfies StepEvent,
    ];
  });
}

export function added({ specs, saves, queue }: Extras): JobScopedEvent[] {
  return [
    ...specs.map(
      ({ at, tokens, model }): JobScopedEvent => ({
        type: 'job',
        job: JOB,
        tokens_per_step: tokens,
        device_count: 4,
        ...(model ? { model: 'llama3-8b', hardware: 'H100', sequence_length: 8192 } : {}),
        time_us: at * S,
      }),
    ),
    ...saves.map(
      ({ at, step, blocking }): JobScopedEvent => ({
        type: 'span',
        job: JOB,
        kind: 'ckpt_save',
        start_us: at * S,
        end_us: (at + 1) * S,
        ...(step ? { step: at } : {}),
        ...(blocking ? {} : { blocking }),
      }),
    ),
    ...(queue
      ? [{ type: 'span', job: JOB, kind: 'queue', start_us: -9 * S, end_us: 3 * S } satisfies JobScopedEvent]
      : []),
  ];
}

/** What others say of the nodes of the run. */
export function witnesses({ faults, states }: Extras): {
  readonly faults: readonly FaultEvent[];
  readonly node_states: readonly NodeStateEvent[];
} {
  return {
    faults: faults.map(({ at, node }) => ({
      type: 'fault',
      node: `n${node}`,
      code: 'xid:79',
      time_us: at * S,
    })),
    node_states: states.map((at, index) => ({
      type: 'node_state',
      node: `n${index % 2}`,
      time_us: at * S,
      state: index % 3 === 1 ? 'healthy' : 'unhealthy',
    })),
  };
}

/** Declarations and spans come somewhere in between. */
export function streamOf(arriving: readonly JobScopedEvent[], extra: Extras): JobScopedEvent[] {
  const stream = told(arriving, extra);
  for (const [index, event] of added(extra).entries()) {
    stream.splice((index * 17) % (stream.length + 1), 0, event);
  }
  return stream;
}

export const anyCuts = fc.array(fc.nat(300), { maxLength: 12 });

/** A delivery, and when the job is looked at after it. */
export interface Delivery {
  readonly part: readonly JobScopedEvent[];
  readonly at_us: number;
}

/** The stream cut into deliveries; time goes on from look to look, mostly to a little after the newest event. */
export function deliveriesOf(events: readonly JobScopedEvent[], cuts: readonly number[]): Delivery[] {
  const bounds = [...new Set(cuts.map((cut) => cut % (events.length + 1))), events.length];
  let at_us = 0;
  let from = 0;
  return bounds
    .sort((a, b) => a - b)
    .map((bound) => {
      const part = events.slice(from, bound);
      from = bound;
      at_us = Math.max(at_us + S / 2, newestOf(part) + S / 4);
      return { part, at_us };
    });
}

/** Silence is judged by when the nodes were last heard. */
export function limitsAt({ heard }: Extras, at_us: number): LiveLimits {
  return heard === undefined ? LIMITS : { ...LIMITS, heard_until_us: Math.min(heard * S, at_us) };
}

function newestOf(events: readonly JobScopedEvent[]): number {
  return events.reduce((newest, event) => {
    if (event.type === 'exclude' || event.type === 'job' || event.type === 'placement') return newest;
    const time_us = 'start_us' in event ? (event.end_us ?? event.start_us) : event.time_us;
    return Math.max(newest, time_us);
  }, 0);
}
