import {
  amount,
  baseline,
  boolean,
  device,
  durationUs,
  type FieldReader,
  finite,
  index,
  latenessCounts,
  model,
  name,
  nodeNames,
  oneOf,
  packedLengths,
  positiveInteger,
  positiveNumber,
  ratioBetween,
  record,
  text,
  timeUs,
  zeroStage,
} from './event-fields.ts';
import { CKPT_TIERS, MARK_KINDS, NODE_STATES, type RunEvent, SPAN_KINDS } from './events.ts';

export interface Field {
  readonly read: FieldReader;
  readonly required: boolean;
}

const must = (read: FieldReader): Field => ({ read, required: true });
const may = (read: FieldReader): Field => ({ read, required: false });

type FieldNames<T extends RunEvent['type']> = Exclude<
  keyof Extract<RunEvent, { type: T }>,
  'type' | 'labels'
> &
  string;

/** Fields of every event type; the compiler holds it against `domain/events.ts`, name by name. */
type EventSchema = { readonly [T in RunEvent['type']]: { readonly [K in FieldNames<T>]: Field } };

const IN_ATTEMPT = { job: must(name), attempt: may(index) };
const PARALLELISM = record({
  tp: positiveInteger,
  pp: positiveInteger,
  dp: positiveInteger,
  cp: positiveInteger,
  ep: positiveInteger,
});
const PHASES = record({
  compute: durationUs,
  comm: durationUs,
  comm_hidden: durationUs,
  io: durationUs,
  io_hidden: durationUs,
  checkpoint: durationUs,
  bubble: durationUs,
  other: durationUs,
});

export const EVENT_SCHEMA: EventSchema = {
  job: {
    job: must(name),
    model: may(model),
    hardware: may(name),
    device_count: may(positiveInteger),
    dtype: may(name),
    sequence_length: may(positiveInteger),
    packed_lengths: may(packedLengths),
    global_batch_sequences: may(positiveNumber),
    tokens_per_step: may(positiveNumber),
    recompute: may(oneOf(['none', 'selective', 'full'])),
    parallelism: may(PARALLELISM),
    micro_batch_sequences: may(positiveNumber),
    zero_stage: may(zeroStage),
    baseline: may(baseline),
    price_per_device_hour: may(amount),
    ideal_step_s: may(positiveNumber),
    goodput_target_ratio: may(ratioBetween),
    time_us: may(timeUs),
  },
  attempt_start: {
    ...IN_ATTEMPT,
    time_us: must(timeUs),
    device_count: may(positiveInteger),
    nodes: may(nodeNames),
  },
  attempt_end: { ...IN_ATTEMPT, time_us: must(timeUs), clean: must(boolean) },
  step: {
    ...IN_ATTEMPT,
    step: must(index),
    start_us: must(timeUs),
    end_us: may(timeUs),
    rank: may(index),
    tokens: may(amount),
    phases_us: may(PHASES),
    count: may(positiveInteger),
    kind: may(oneOf(['train', 'eval', 'warmup', 'profile'])),
  },
  span: {
    ...IN_ATTEMPT,
    kind: must(oneOf(SPAN_KINDS)),
    name: may(name),
    start_us: must(timeUs),
    end_us: must(timeUs),
    blocking: may(boolean),
    tier: may(oneOf(CKPT_TIERS)),
    phase: may(name),
    step: may(index),
    bytes: may(amount),
  },
  fail: {
    ...IN_ATTEMPT,
    time_us: must(timeUs),
    cause: must(name),
    node: may(name),
    device: may(device),
    planned: may(boolean),
  },
  mark: { job: must(name), kind: must(oneOf(MARK_KINDS)), time_us: must(timeUs) },
  capacity: {
    job: must(name),
    time_us: must(timeUs),
    stepping: must(index),
    available: must(index),
    total: must(positiveInteger),
  },
  exclude: { job: must(name), start_us: must(timeUs), end_us: must(timeUs), reason: must(text) },
  placement: {
    ...IN_ATTEMPT,
    rank: must(index),
    node: must(name),
    device: must(device),
    dp: may(index),
    tp: may(index),
    pp: may(index),
    ep: may(index),
    from_us: must(timeUs),
    to_us: may(timeUs),
  },
  fault: {
    time_us: must(timeUs),
    node: must(name),
    device: may(device),
    code: must(name),
    message: may(text),
    source: may(name),
    job: may(name),
  },
  node_state: { node: must(name), time_us: must(timeUs), state: must(oneOf(NODE_STATES)) },
  collective_window: {
    job: must(name),
    communicator: must(name),
    group_rank: must(index),
    ranks: must(positiveInteger),
    node: may(name),
    process: may(name),
    operation: must(name),
    log2_bytes: must(index),
    algorithm: may(name),
    protocol: may(name),
    inter_node: may(boolean),
    start_us: must(timeUs),
    end_us: must(timeUs),
    count: must(positiveInteger),
    start_count: may(index),
    start_offset_sum_us: may(finite),
    duration_sum_us: must(amount),
    duration_min_us: must(amount),
    duration_max_us: must(amount),
    duration_sum_sq_us2: must(amount),
    lateness_counts: may(latenessCounts),
    bytes: must(amount),
    bus_bandwidth_log_sum: must(finite),
    bus_bandwidth_count: must(index),
    sequence_first: must(index),
    sequence_last: must(index),
  },
};
