import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EVENT_LIMITS } from '../../../domain/event-fields.ts';
import { canonicalEventLine, readEventLine, readEventLines } from '../../../domain/event-reader.ts';
import { EVENT_TYPES, type RunEvent } from '../../../domain/events.ts';
import { anyEvents } from './ledger/nasty-events.ts';

/** One full event of each type: every field it may have. */
const FULL: Readonly<Record<RunEvent['type'], Record<string, unknown>>> = {
  job: {
    job: 'j',
    model: 'llama3-8b',
    hardware: 'h100-sxm5-80gb',
    device_count: 8,
    dtype: 'bf16',
    sequence_length: 8192,
    global_batch_sequences: 8,
    tokens_per_step: 65536,
    recompute: 'selective',
    parallelism: { tp: 2, pp: 1, dp: 4, cp: 1, ep: 1 },
    baseline: { devices: 8, tokens_per_s_per_device: 1234.5 },
    price_per_device_hour: 2.5,
    ideal_step_s: 1.25,
    goodput_target_ratio: 0.95,
    time_us: 1_750_000_000_000_000,
  },
  attempt_start: { job: 'j', attempt: 1, time_us: 0, device_count: 8, nodes: ['n1', 'n2'] },
  attempt_end: { job: 'j', attempt: 1, time_us: 5, clean: false },
  step: {
    job: 'j',
    attempt: 1,
    step: 10,
    start_us: 1,
    end_us: 2,
    rank: 0,
    tokens: 65536,
    phases_us: {
      compute: 1,
      comm: 2,
      comm_hidden: 3,
      io: 4,
      io_hidden: 5,
      checkpoint: 6,
      bubble: 7,
      other: 8,
    },
    count: 10,
    kind: 'train',
  },
  span: {
    job: 'j',
    attempt: 1,
    kind: 'ckpt_save',
    name: 'write',
    start_us: 1,
    end_us: 1,
    blocking: false,
    tier: 'persistent',
    phase: 'cleanup',
    step: 100,
    bytes: 1e12,
  },
  fail: { job: 'j', attempt: 1, time_us: 3, cause: 'xid:79', node: 'n1', device: 3, planned: true },
  mark: { job: 'j', kind: 'nodes_ready', time_us: 3 },
  capacity: { job: 'j', time_us: 3, stepping: 6, available: 7, total: 8 },
  exclude: { job: 'j', start_us: 1, end_us: 2, reason: 'power work' },
  placement: {
    job: 'j',
    attempt: 1,
    rank: 3,
    node: 'n1',
    device: 'GPU-1',
    dp: 0,
    tp: 1,
    pp: 0,
    ep: 0,
    from_us: 1,
    to_us: 2,
  },
  fault: {
    time_us: 1,
    node: 'n1',
    device: 0,
    code: 'xid:79',
    message: 'fell off the bus',
    source: 'kernel',
    job: 'j',
  },
  node_state: { node: 'n1', time_us: 1, state: 'draining' },
  collective_window: {
    job: 'j',
    communicator: '0x7f8c496ae9f661',
    group_rank: 2,
    ranks: 8,
    node: 'n1',
    operation: 'AllReduce',
    log2_bytes: 34,
    algorithm: 'RING',
    protocol: 'SIMPLE',
    inter_node: false,
    start_us: 10_000_000,
    end_us: 20_000_000,
    count: 3,
    duration_sum_us: 185_922,
    duration_min_us: 61_974,
    duration_max_us: 61_974,
    duration_sum_sq_us2: 11_522_330_028,
    lateness_counts: [2, 0, 1],
    bytes: 51_539_607_552,
    bus_bandwidth_log_sum: 80.7,
    bus_bandwidth_count: 3,
    sequence_first: 1407,
    sequence_last: 1409,
  },
};

const REQUIRED: Readonly<Record<RunEvent['type'], readonly string[]>> = {
  job: ['job'],
  attempt_start: ['job', 'time_us'],
  attempt_end: ['job', 'time_us', 'clean'],
  step: ['job', 'step', 'start_us'],
  span: ['job', 'kind', 'start_us', 'end_us'],
  fail: ['job', 'time_us', 'cause'],
  mark: ['job', 'kind', 'time_us'],
  capacity: ['job', 'time_us', 'stepping', 'available', 'total'],
  exclude: ['job', 'start_us', 'end_us', 'reason'],
  placement: ['job', 'rank', 'node', 'device', 'from_us'],
  fault: ['time_us', 'node', 'code'],
  node_state: ['node', 'time_us', 'state'],
  collective_window: [
    'job',
    'communicator',
    'group_rank',
    'ranks',
    'operation',
    'log2_bytes',
    'start_us',
    'end_us',
    'count',
    'duration_sum_us',
    'duration_min_us',
    'duration_max_us',
    'duration_sum_sq_us2',
    'bytes',
    'bus_bandwidth_log_sum',
    'bus_bandwidth_count',
    'sequence_first',
    'sequence_last',
  ],
};

function read(fields: Record<string, unknown>) {
  return readEventLine(JSON.stringify(fields));
}

function refusal(fields: Record<string, unknown>): string {
  const result = read(fields);
  return result.ok ? 'accepted' : `${result.code}: ${result.message}`;
}

const STEP = { type: 'step', job: 'j', step: 3, start_us: 10 };

describe.each(EVENT_TYPES)('a %s line', (type) => {
  it('is read whole', () => {
    expect(read({ type, ...FULL[type] })).toEqual({ ok: true, event: { type, ...FULL[type] } });
  });

  it('needs its required fields and no others', () => {
    const required = REQUIRED[type];
    const only = Object.fromEntries(required.map((name) => [name, FULL[type][name]]));
    expect(read({ type, ...only })).toEqual({ ok: true, event: { type, ...only } });
    for (const name of required) {
      expect(refusal({ type, ...FULL[type], [name]: undefined })).toBe(
        `missing_field: ${type}.${name} is missing; it is required`,
      );
      expect(refusal({ type, ...FULL[type], [name]: null })).toMatch(/^missing_field/);
    }
  });

  it('takes null for absent in every optional field', () => {
    const optional = Object.keys(FULL[type]).filter((name) => !REQUIRED[type].includes(name));
    const nulls = Object.fromEntries(optional.map((name) => [name, null]));
    const kept = Object.fromEntries(REQUIRED[type].map((name) => [name, FULL[type][name]]));
    expect(read({ type, ...FULL[type], ...nulls })).toEqual({ ok: true, event: { type, ...kept } });
  });

  it('refuses every field of another type, naming it', () => {
    for (const [name, value] of Object.entries(FULL[type])) {
      const wrong = typeof value === 'boolean' ? 1 : true;
      expect(refusal({ type, ...FULL[type], [name]: wrong })).toContain(
        `wrong_type: ${type}.${name} is ${wrong}`,
      );
    }
  });
});

describe('a line that cannot be used', () => {
  it.each([
    ['{"type":"step"', /^not_json: the line is not JSON: /],
    ['[1]', /^not_an_object: the line is an array; expected one JSON object$/],
    ['null', /^not_an_object: the line is null/],
    ['{}', /^missing_field: type is missing; expected one of job, attempt_start, /],
    ['{"type":"steps"}', /^unknown_type: type is "steps"; expected one of job, /],
    ['{"type":"__proto__"}', /^unknown_type/],
    ['{"type":"step","job":"j","step":1,"start_us":1e999}', /^not_an_integer: step.start_us is Infinity/],
  ])('%s', (line, message) => {
    const result = readEventLine(line);
    expect(result.ok ? 'accepted' : `${result.code}: ${result.message}`).toMatch(message);
  });

  it.each([
    [
      { start_us: 1.5 },
      'not_an_integer: step.start_us is 1.5; expected an integer, microseconds since the epoch',
    ],
    [
      { start_us: '10' },
      'wrong_type: step.start_us is "10" (string); expected an integer, microseconds since the epoch',
    ],
    [{ start_us: -1 }, /^out_of_range: step.start_us is -1; /],
    // nanoseconds given by mistake are beyond every exact integer
    [{ start_us: 1_750_000_000_000_000_000 }, /^out_of_range: step.start_us is 1750000000000000000; /],
    [{ end_us: 9 }, 'out_of_range: step.end_us is 9; expected start_us <= end_us, and they are 10 and 9'],
    [{ count: 0 }, /^out_of_range: step.count is 0; expected an integer from 1/],
    [{ count: 5 }, /^out_of_range: step.count is 5; .* with step 3 at most 4 are allowed$/],
    [
      { kind: 'training' },
      'not_in_list: step.kind is "training"; expected one of train, eval, warmup, profile',
    ],
    [{ phases_us: { comm: -1 } }, /^out_of_range: step.phases_us.comm is -1/],
    [{ job: ' ' }, 'out_of_range: step.job is empty; expected a name'],
    [{ job: 'x'.repeat(513) }, 'too_long: step.job has 513 characters; at most 512 are allowed'],
    [{ labels: [] }, 'wrong_type: step.labels is an array; expected an object of scalars'],
    [{ note: 'x'.repeat(8193) }, /^too_long: step.labels.note has 8193 characters/],
  ])('%j', (fields, message) => {
    const got = refusal({ ...STEP, ...fields });
    if (typeof message === 'string') expect(got).toBe(message);
    else expect(got).toMatch(message);
  });

  it.each([
    [{ goodput_target_ratio: 1 }, /^out_of_range: job.goodput_target_ratio is 1; .* such as 0.95$/],
    [{ goodput_target_ratio: 95 }, /^out_of_range: job.goodput_target_ratio is 95/],
    [{ ideal_step_s: 0 }, /^out_of_range: job.ideal_step_s is 0; expected a number above 0$/],
  ])('a job with %j', (fields, message) => {
    expect(refusal({ type: 'job', job: 'j', ...fields })).toMatch(message);
  });

  it.each([
    [{ tier: 'tape' }, 'not_in_list: span.tier is "tape"; expected one of local, persistent, emergency'],
    [{ step: 1.5 }, /^not_an_integer: span.step is 1.5/],
    [{ bytes: -1 }, /^out_of_range: span.bytes is -1/],
    [{ phase: '' }, /^out_of_range: span.phase is empty/],
  ])('a span with %j', (fields, message) => {
    const span = { type: 'span', job: 'j', kind: 'ckpt_save', start_us: 1, end_us: 2 };
    expect(refusal({ ...span, ...fields })).toMatch(message);
  });

  it('contradicts itself about capacity, baseline or nodes', () => {
    const capacity = { type: 'capacity', job: 'j', time_us: 1, stepping: 9, available: 8, total: 8 };
    expect(refusal(capacity)).toBe(
      'out_of_range: capacity.stepping is 9; expected stepping <= total, and they are 9 and 8',
    );
    expect(refusal({ type: 'job', job: 'j', baseline: { devices: 8 } })).toMatch(
      /^missing_field: job.baseline names no/,
    );
    expect(refusal({ type: 'attempt_start', job: 'j', time_us: 1, nodes: ['a', 2] })).toMatch(
      /^wrong_type: attempt_start.nodes\[1\] is 2/,
    );
  });

  it('is beyond a limit, and the limit is named', () => {
    expect(refusal({ ...STEP, note: 'x'.repeat(EVENT_LIMITS.line_chars_max) })).toMatch(
      /^line_too_long: .*at most 1048576/,
    );
    const labels = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`l${index}`, index]));
    expect(refusal({ ...STEP, labels })).toMatch(/^too_many: step has 65 labels, .* at most 64$/);
  });

  it('nests absurdly deep, and nothing overflows', () => {
    const deep = `{"type":"job","job":"j","model":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`;
    expect(readEventLine(deep)).toEqual({
      ok: false,
      code: 'too_deep',
      message: 'the line nests deeper than 16 levels',
    });
    const flat = { type: 'job', job: 'j', extra: [[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]] };
    expect(refusal(flat)).toMatch(/^too_deep/);
  });
});

describe('labels', () => {
  it('keep unknown scalars, a given label wins, and what is not scalar is ignored', () => {
    const line = {
      ...STEP,
      loss: 2.5,
      rack: 'r1',
      extra: { a: 1 },
      list: [1],
      labels: { rack: 'r2', type: 'x', o: {} },
    };
    expect(read(line)).toEqual({
      ok: true,
      event: { ...STEP, labels: { loss: 2.5, rack: 'r2', type: 'x' } },
    });
  });

  it('never reach a prototype', () => {
    const line = `{"type":"step","job":"j","step":3,"start_us":10,"__proto__":7,"labels":{"__proto__":{"a":1},"constructor":"c"}}`;
    const result = readEventLine(line);
    expect(result).toEqual({ ok: true, event: { ...STEP, labels: { constructor: 'c' } } });
    const model = readEventLine('{"type":"job","job":"j","model":{"a":{"__proto__":{"polluted":1}}}}');
    expect(JSON.stringify(model)).toBe('{"ok":true,"event":{"type":"job","job":"j","model":{"a":{}}}}');
  });
});

describe('NDJSON text', () => {
  it('keeps good lines, and counts the line numbers of bad ones as an editor does', () => {
    const text = `\ufeff${JSON.stringify(STEP)}\r\n\n  \nnope\n${JSON.stringify({ ...STEP, step: 4 })}`;
    const { events, rejected } = readEventLines(text);
    expect(events.map(({ line, event }) => [line, event.type === 'step' && event.step])).toEqual([
      [1, 3],
      [5, 4],
    ]);
    expect(rejected.map(({ line, code }) => [line, code])).toEqual([[4, 'not_json']]);
    expect(readEventLines('')).toEqual({ events: [], rejected: [] });
  });

  it('never throws, whatever is sent', () => {
    const fields = fc.record(
      {
        type: fc.constantFrom(...EVENT_TYPES, 'x', 1),
        job: fc.anything(),
        time_us: fc.anything(),
        start_us: fc.anything(),
        kind: fc.anything(),
        labels: fc.anything(),
        model: fc.anything(),
      },
      { requiredKeys: [] },
    );
    const line = fc.oneof(
      fc.string(),
      fc.json(),
      fields.map((value) => JSON.stringify(value) ?? ''),
    );
    fc.assert(
      fc.property(line, (text) => {
        const result = readEventLine(text);
        if (!result.ok) expect(result.message).not.toBe('');
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the canonical line', () => {
  it('reads back to the same event, and is the same for any order of fields', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        for (const event of events) {
          const line = canonicalEventLine(event);
          expect(readEventLine(line)).toEqual({ ok: true, event });
          const reversed = Object.fromEntries(Object.entries(event).reverse()) as unknown as RunEvent;
          expect(canonicalEventLine(reversed)).toBe(line);
        }
      }),
    );
    expect(canonicalEventLine({ type: 'job', job: 'j', parallelism: { tp: 2, dp: 4 } })).toBe(
      '{"job":"j","parallelism":{"dp":4,"tp":2},"type":"job"}',
    );
  });
});
