import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isJobScoped, type JobScopedEvent, type StepEvent } from '../../../../../domain/events.ts';
import { jobReport } from '../../../../../domain/report/job-report.ts';
import { STEP_PARTS } from '../../../../../domain/report/step-time.ts';
import { recogniseDocument } from '../../../../../services/collector/decoders/documents.ts';
import {
  clipped,
  lengthOf,
  overlapOf,
  unionOf,
} from '../../../../../services/collector/decoders/intervals.ts';
import type { DecodedLog } from '../../../../../services/collector/decoders/logs/decode-log.ts';
import { decodeDocuments } from '../../../../../services/collector/decoders/profiled-steps.ts';
import { describeWithFixtures, fixturePath } from '../../../../support/fixtures.ts';

function decode(...texts: readonly string[]): DecodedLog {
  const format = recogniseDocument(texts[0] ?? '');
  if (format === undefined) throw new Error('not recognised');
  return decodeDocuments(format, texts, { job: 'j' });
}

function stepsOf({ events }: DecodedLog): StepEvent[] {
  return events.filter((event): event is StepEvent => event.type === 'step');
}

function reportOf({ events }: DecodedLog) {
  return jobReport(events.filter(isJobScoped) as JobScopedEvent[], { job: 'j' });
}

describe('intervals', () => {
  const interval = fc.tuple(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 30 }));
  const intervals = fc.array(interval.map(([from, length]): [number, number] => [from, from + length]));
  const covered = (all: readonly (readonly [number, number])[], at: number) =>
    all.some(([from, to]) => from <= at && at < to);

  it('cover, overlap and clip the same time as counting it point by point', () => {
    fc.assert(
      fc.property(intervals, intervals, interval, (a, b, [from, length]) => {
        const points = Array.from({ length: 240 }, (_, at) => at);
        const [one, other] = [unionOf(a), unionOf(b)];
        expect(lengthOf(one)).toBe(points.filter((at) => covered(a, at)).length);
        expect(overlapOf(one, other)).toBe(points.filter((at) => covered(a, at) && covered(b, at)).length);
        const inside = points.filter((at) => covered(a, at) && at >= from && at < from + length);
        expect(lengthOf(clipped(one, [from, from + length]))).toBe(inside.length);
      }),
    );
  });
});

describe('a Kineto trace', () => {
  const kernel = (name: string, ts: number, dur: number, cat = 'kernel') => ({ ph: 'X', cat, name, ts, dur });
  const step = (number: number, ts: number, dur: number) =>
    kernel(`ProfilerStep#${number}`, ts, dur, 'user_annotation');
  const trace = (events: readonly object[], more: object = {}) =>
    JSON.stringify({ schemaVersion: 1, ...more, traceEvents: events });
  const EVENTS = [
    step(7, 0, 1000),
    step(8, 1000, 1000),
    kernel('gemm', 100, 500),
    kernel('gemm', 300, 400),
    kernel('ncclDevKernel_AllReduce_Sum_bf16_RING_LL', 600, 300),
    kernel('Memcpy HtoD', 0, 50, 'gpu_memcpy'),
    kernel('gemm', 950, 250),
    kernel('cudaLaunchKernel', 0, 900, 'cuda_runtime'),
  ];

  it('is cut at its steps: computing as a union, exposed and hidden communication apart', () => {
    const steps = stepsOf(decode(trace(EVENTS, { distributedInfo: { rank: 3, world_size: 8 } })));
    expect(steps.map(({ step: number, rank, phases_us }) => ({ number, rank, phases_us }))).toEqual([
      { number: 7, rank: 3, phases_us: { compute: 650, comm: 200, comm_hidden: 100 } },
      { number: 8, rank: 3, phases_us: { compute: 200, comm: 0, comm_hidden: 0 } },
    ]);
    expect(steps[0]?.labels).toEqual({ phase_source: 'kineto' });
  });

  it('without steps is one, from its first to its last kernel', () => {
    const steps = stepsOf(decode(trace(EVENTS.slice(2))));
    expect(steps).toMatchObject([{ step: 1, rank: 0, phases_us: { compute: 850, comm: 200 } }]);
    expect((steps[0]?.end_us ?? 0) - (steps[0]?.start_us ?? 0)).toBe(1200);
  });

  it('that was cut tells nothing, and one with infinities is read', () => {
    const cut = decode(trace(EVENTS).slice(0, 300));
    expect([cut.events, cut.rejected[0]?.code]).toEqual([[], 'cut_trace']);
    const odd = trace(EVENTS).replace('"dur":250}', '"dur":250,"args":{"est. achieved occupancy %":inf}}');
    expect(stepsOf(decode(odd))).toHaveLength(2);
    expect(decode(trace([])).rejected[0]?.code).toBe('no_kernels');
  });

  it('of several ranks gives the steps of each, on one clock', () => {
    const of = (rank: number) => trace(EVENTS, { distributedInfo: { rank }, baseTimeNanoseconds: 1.7e18 });
    const steps = stepsOf(decode(of(0), of(1)));
    expect(steps.map(({ rank, step: number }) => `${rank}/${number}`)).toEqual(['0/7', '1/7', '0/8', '1/8']);
    expect(steps[0]?.start_us).toBe(1.7e15);
  });
});

/** Columns and meaning: Ascend msprof-analyze, delivered files; the last value is what some versions print. */
const STEP_TRACE = [
  'Step,Computing,Communication(Not Overlapped),Overlapped,Communication,Free,Stage,Bubble,Communication(Not Overlapped and Exclude Receive),Preparing',
  '10,800000.5,150000.25,90000,240000.25,49999.25,960000,40000,110000.25,1726054679554437.8',
  '11,810000.5,160000,90000,250000,29999.5,960000,0,160000,12',
];

describe('an Ascend step trace', () => {
  it('gives computing, communication in both kinds, and the bubble', () => {
    const steps = stepsOf(decode(STEP_TRACE.join('\r\n')));
    expect(steps[0]).toMatchObject({
      step: 10,
      phases_us: { compute: 800_001, comm: 110_000, comm_hidden: 90_000, bubble: 40_000 },
    });
    expect((steps[0]?.end_us ?? 0) - (steps[0]?.start_us ?? 0)).toBe(1_000_000);
    const { parts, hidden } = reportOf(decode(STEP_TRACE.join('\n'))).step_time;
    expect(hidden.comm.mean_s).toBeCloseTo(0.09, 9);
    expect(parts.other.mean_s).toBeCloseTo(0.04, 5);
  });

  it('of a cluster gives ranks, not stages, and finds the slow one', () => {
    const head = 'Step,Type,Index,Computing,Communication(Not Overlapped),Overlapped,Communication,Free';
    const rows = [0, 1, 2, 3, 4].flatMap((step) => [
      `${step},stage,"(0, 1)",9,9,9,9,9`.replace('"(0, 1)"', '0'),
      ...[0, 1, 2].map(
        (rank) => `${step},rank,${rank},${rank === 2 ? 1500 : 1000},${rank === 2 ? 0 : 500},0,0,0`,
      ),
    ]);
    const decoded = decode([head, ...rows].join('\n'));
    expect(stepsOf(decoded)).toHaveLength(15);
    expect(decoded.notes.join()).toContain('stages');
    expect(reportOf(decoded).step_time.parts.compute.mean_s).toBeCloseTo(0.0015, 12);
  });

  it('refuses cut and unreadable rows, and reads a unit that the header names', () => {
    const decoded = decode([...STEP_TRACE, '12,810000,160', '13,x,1,1,1,1,1,1,1,1'].join('\n'));
    expect(decoded.rejected.map(({ line, code }) => [line, code])).toEqual([
      [4, 'no_step_time'],
      [5, 'no_step_time'],
    ]);
    const ms = decode('Step,Computing(ms),Communication(Not Overlapped)(ms),Free(ms)\n1,800,150,50');
    expect(stepsOf(ms)[0]?.phases_us).toEqual({ compute: 800_000, comm: 150_000 });
  });

  it('adds up to the step, whatever is in it', () => {
    const us = fc.integer({ min: 0, max: 10_000_000 });
    fc.assert(
      fc.property(fc.array(fc.tuple(us, us, us, us), { minLength: 1, maxLength: 8 }), (rows) => {
        const head = 'Step,Computing,Communication(Not Overlapped),Overlapped,Free';
        const lines = rows.map(([c, e, o, f], step) => `${step},${c + 1},${e},${o},${f}`);
        const { parts, step_s } = reportOf(decode([head, ...lines].join('\n'))).step_time;
        const sum = STEP_PARTS.reduce((total, name) => total + (parts[name].mean_s ?? 0), 0);
        expect(sum).toBeCloseTo(step_s.mean ?? Number.NaN, 9);
      }),
    );
  });
});

describe('a trainer_state.json of Hugging Face', () => {
  const state = (history: readonly object[]) =>
    JSON.stringify({
      epoch: 1,
      global_step: 100,
      max_steps: 100,
      num_input_tokens_seen: 819_200,
      log_history: history,
    });
  const END = {
    epoch: 1,
    step: 100,
    total_flos: 1.5e18,
    train_loss: 2.1,
    train_runtime: 230,
    train_steps_per_second: 0.43,
  };

  it('gives the mean step of the run, evaluations apart', () => {
    const evaluation = { epoch: 0.5, step: 50, eval_loss: 2, eval_runtime: 30 };
    const decoded = decode(state([{ loss: 3, step: 10 }, evaluation, END]));
    const length = ({ start_us, end_us = 0 }: { start_us: number; end_us?: number }) =>
      (end_us - start_us) / 1e6;
    expect(stepsOf(decoded).map((step) => [step.step, step.count, step.tokens, length(step)])).toEqual([
      [50, 50, 409_600, 100],
      [100, 50, 409_600, 100],
    ]);
    expect(decoded.events.filter(({ type }) => type === 'span')).toMatchObject([
      { kind: 'custom', name: 'eval' },
    ]);
    expect(reportOf(decoded).step_s.median).toBeCloseTo(2, 9);
    expect(reportOf(decoded).tokens_per_s).toBeCloseTo(4096, 6);
  });

  it('of a run that did not finish has no time', () => {
    const decoded = decode(state([{ loss: 3, step: 10 }]));
    expect([stepsOf(decoded), decoded.rejected[0]?.code]).toEqual([[], 'no_time']);
  });
});

describeWithFixtures('the public Kineto trace', () => {
  it('gives the breakdown that was worked out of it by hand, with HTA its definitions', () => {
    const file = 'nccl/kineto/nccl_data_gpu_events.json.gz';
    const decoded = decode(gunzipSync(readFileSync(fixturePath(file))).toString());
    const expected: unknown = JSON.parse(readFileSync(fixturePath('EXPECTED.json'), 'utf8'));
    const [want] = (expected as { nccl: { kineto: Record<string, number>[] } }).nccl.kineto;
    const told = ['span_us', 'compute_us', 'comm_us', 'overlap_us', 'exposed_comm_us', 'idle_us'];
    for (const name of told) expect(decoded.notes[0]).toContain(`${want?.[name]?.toFixed(2)} us`);
    expect(stepsOf(decoded).map(({ step }) => step)).toEqual([4, 5, 6]);
  });
});
