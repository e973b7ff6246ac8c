import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { FaultEvent, JobScopedEvent, StepEvent } from '../../../../../domain/events.ts';
import type { LiveLimits } from '../../../../../domain/ledger/ledger-shape.ts';
import { jobView } from '../../../../../domain/report/job-view.ts';
import { learnedBaseline } from '../../../../../domain/report/learned-baseline.ts';
import { LiveJob } from '../../../../../domain/report/live/live-job.ts';
import type { LiveView } from '../../../../../domain/report/live-view.ts';
import { SITE_DEFAULTS } from '../../../../../domain/report/site.ts';
import { createJobHistory } from '../../../../../services/analyzer/metrics/job-history.ts';
import { samplesOf } from '../../../../../services/analyzer/metrics/samples.ts';
import { anyRun } from '../../../domain/ledger/book/runs.ts';
import { anyEvents, JOB } from '../../../domain/ledger/nasty-events.ts';

const S = 1_000_000;
const SMALL = { chapter_steps: 3, lag_steps: 2, batch_events: 7 };
const RATES = { window_steps: 4, normal_steps_min: 6 };
const OPTIONS = { ...RATES, baseline_tokens_per_s_per_device: 12, revision: 3 };
const SITE = {
  ...SITE_DEFAULTS,
  price_per_device_hour: 2,
  goodput_target_ratio: 0.9,
  slowdown: { step_factor: 1.05, steps_min: 2, duration_min_s: 2, recover_steps: 2 },
};
const LIMITS: LiveLimits = {
  hang_factor: 4,
  hang_floor_us: 6 * S,
  hang_before_first_step_us: 20 * S,
  silent_after_us: 15 * S,
};

interface Extras {
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

const extras: fc.Arbitrary<Extras> = fc.record({
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
function told(events: readonly JobScopedEvent[], { labels, slow, tokens }: Extras): JobScopedEvent[] {
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

function added({ specs, saves, queue }: Extras): JobScopedEvent[] {
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

function keyed(view: LiveView) {
  const samples = samplesOf(view, OPTIONS).map(({ name, labels, value }): [string, number] => [
    JSON.stringify([name, labels]),
    value,
  ]);
  return {
    samples: Object.fromEntries(samples.sort(([a], [b]) => (a < b ? -1 : 1))),
    taught: learnedBaseline(view, RATES),
    since: view.track.since(20 * S),
  };
}

interface Compared {
  looked: number;
  sealed: number;
  past: number;
}

function check(
  events: readonly JobScopedEvent[],
  cuts: readonly number[],
  extra: Extras,
  compared: Compared,
): void {
  const live = new LiveJob({ job: JOB, site: SITE, rates: RATES, book: SMALL });
  const known: JobScopedEvent[] = [];
  const bounds = [...new Set(cuts.map((cut) => cut % (events.length + 1))), events.length].sort(
    (a, b) => a - b,
  );
  const faults = extra.faults.map(
    ({ at, node }): FaultEvent => ({ type: 'fault', node: `n${node}`, code: 'xid:79', time_us: at * S }),
  );
  const node_states = extra.states.map((at, index) => ({
    type: 'node_state' as const,
    node: `n${index % 2}`,
    time_us: at * S,
    state: index % 3 === 1 ? ('healthy' as const) : ('unhealthy' as const),
  }));
  let at_us = 0;
  let from = 0;
  for (const bound of bounds) {
    const part = events.slice(from, bound);
    from = bound;
    live.add(part);
    known.push(...part);
    at_us = Math.max(at_us + S / 2, newestOf(part) + S / 4);
    const limits =
      extra.heard === undefined ? LIMITS : { ...LIMITS, heard_until_us: Math.min(extra.heard * S, at_us) };
    const told = { faults, node_states, baseline_tokens_per_s_per_device: 12 };
    const look = live.look({ at_us, live: limits, ...told });
    if (look === undefined) continue;
    const reference = jobView(known, { job: JOB, at_us, live: limits, site: SITE, ...told });
    expect(keyed(look.view)).toEqual(keyed(reference));
    compared.looked++;
    if (look.account.sealed.length > 0) compared.sealed++;
    const before = createJobHistory(reference, known, limits);
    for (const ago_us of [S / 10, S, 3 * S]) {
      const then = look.before(at_us - ago_us);
      if (then === undefined) continue;
      compared.past++;
      expect(keyed(then), `${ago_us / S} s before`).toEqual(keyed(before(at_us - ago_us)));
    }
  }
}

function newestOf(events: readonly JobScopedEvent[]): number {
  return events.reduce((newest, event) => {
    if (event.type === 'exclude' || event.type === 'job' || event.type === 'placement') return newest;
    const time_us = 'start_us' in event ? (event.end_us ?? event.start_us) : event.time_us;
    return Math.max(newest, time_us);
  }, 0);
}

const RUNS = 60;
const anyCuts = fc.array(fc.nat(300), { maxLength: 12 });

it('live samples of a job that is kept up to date are those of a view of all its events', () => {
  const compared = { looked: 0, sealed: 0, past: 0 };
  fc.assert(
    fc.property(anyRun, anyCuts, extras, ({ events, order }, cuts, extra) => {
      const arriving = order.map((index) => events[index]).filter((event) => event !== undefined);
      const stream = told(arriving, extra);
      // declarations and spans come somewhere in between
      for (const [index, event] of added(extra).entries())
        stream.splice((index * 17) % (stream.length + 1), 0, event);
      check(stream, cuts, extra, compared);
    }),
    { numRuns: RUNS },
  );
  expect(compared.sealed).toBeGreaterThan(RUNS);
  expect(compared.past).toBeGreaterThan(RUNS);
}, 600_000);

it('also of contradictory piles of events', () => {
  const compared = { looked: 0, sealed: 0, past: 0 };
  fc.assert(
    fc.property(anyEvents, anyCuts, extras, (events, cuts, extra) => {
      check([...told(events, extra), ...added(extra)], cuts, extra, compared);
    }),
    { numRuns: RUNS },
  );
  expect(compared.looked).toBeGreaterThan(RUNS);
}, 600_000);
