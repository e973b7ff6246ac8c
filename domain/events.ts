/**
 * Run events: the few, precise facts about a training job (jobs, attempts, steps, spans, failures).
 * One event is one NDJSON line of `POST /v1/events`. Times are integers, microseconds since the Unix
 * epoch, and end in `_us`; names are the wire names, so that a stored line reads like the sent one.
 */

/** Scalar labels a sender attached; unknown scalar fields of a line end up here too. */
export type Labels = Readonly<Record<string, string | number | boolean>>;

/** A published `config.json` object, as Hugging Face prints it. Read only by `domain/model-config.ts`. */
export type ModelConfig = Readonly<Record<string, unknown>>;

export type Recompute = 'none' | 'selective' | 'full';

export interface Parallelism {
  readonly tp?: number;
  readonly pp?: number;
  readonly dp?: number;
  readonly cp?: number;
  readonly ep?: number;
}

/** What a linearity is measured against: another job, or a stored point. */
export type BaselineReference =
  | { readonly job: string }
  | { readonly devices: number; readonly tokens_per_s_per_device: number };

interface InJob {
  readonly job: string;
  readonly labels?: Labels;
}

/** An event of one attempt; a missing `attempt` means the job's newest when the event arrived. */
interface InAttempt extends InJob {
  readonly attempt?: number;
}

export interface JobEvent extends InJob {
  readonly type: 'job';
  /** Preset name (`llama3-8b`) or a published `config.json` object. */
  readonly model?: string | ModelConfig;
  /** Catalog key or any name that telemetry and logs print for the device. */
  readonly hardware?: string;
  readonly device_count?: number;
  readonly dtype?: string;
  readonly sequence_length?: number;
  /** Documents of packed batches, real tokens only: attention does not cross them, so sum L^2 replaces T^2. */
  readonly packed_lengths?: readonly { readonly tokens: number; readonly documents: number }[];
  readonly global_batch_sequences?: number;
  readonly tokens_per_step?: number;
  readonly recompute?: Recompute;
  readonly parallelism?: Parallelism;
  /** Sequences that one data parallel rank computes at a time: activation memory grows with it. */
  readonly micro_batch_sequences?: number;
  /** What is divided over data parallel ranks: 1 optimizer state, 2 gradients too, 3 parameters too; 0 nothing. */
  readonly zero_stage?: number;
  readonly baseline?: BaselineReference;
  readonly price_per_device_hour?: number;
  /** What one step takes when nothing is wrong, seconds, as the operator knows it; else it is learned. */
  readonly ideal_step_s?: number;
  /** Goodput that the job is held to, above 0 and below 1: what is left to 1 is its error budget. */
  readonly goodput_target_ratio?: number;
  /** When the spec became known; orders revisions of the same job. Defaults to arrival. */
  readonly time_us?: number;
}

export interface AttemptStartEvent extends InAttempt {
  readonly type: 'attempt_start';
  readonly time_us: number;
  readonly device_count?: number;
  readonly nodes?: readonly string[];
}

export interface AttemptEndEvent extends InAttempt {
  readonly type: 'attempt_end';
  readonly time_us: number;
  readonly clean: boolean;
}

/** Parts of a step in microseconds; `*_hidden` parts overlap compute and cost nothing. */
export interface StepPhases {
  readonly compute?: number;
  readonly comm?: number;
  readonly comm_hidden?: number;
  readonly io?: number;
  readonly io_hidden?: number;
  readonly checkpoint?: number;
  readonly bubble?: number;
  readonly other?: number;
}

export type StepKind = 'train' | 'eval' | 'warmup' | 'profile';

export interface StepEvent extends InAttempt {
  readonly type: 'step';
  /** Number of the step, or of the last step of an averaged line. */
  readonly step: number;
  readonly start_us: number;
  readonly end_us?: number;
  readonly rank?: number;
  /** Tokens of the whole event, over all devices (all `count` steps together). */
  readonly tokens?: number;
  readonly phases_us?: StepPhases;
  /** Steps that this line averages: it covers steps `step - count + 1 .. step`. Default 1. */
  readonly count?: number;
  readonly kind?: StepKind;
}

export const SPAN_KINDS = [
  'init',
  'prep',
  'data_wait',
  'ckpt_save',
  'ckpt_restore',
  'custom',
  'elastic_slice_down',
  'elastic_scale_up',
  'elastic_reinit',
  'queue',
  'comm_init',
  'health_check',
] as const;
export type SpanKind = (typeof SPAN_KINDS)[number];

/** Where a checkpoint goes: memory or disk of the node, shared storage, or out of turn because the node is going away. */
export const CKPT_TIERS = ['local', 'persistent', 'emergency'] as const;
export type CkptTier = (typeof CKPT_TIERS)[number];

export interface SpanEvent extends InAttempt {
  readonly type: 'span';
  readonly kind: SpanKind;
  readonly name?: string;
  readonly start_us: number;
  readonly end_us: number;
  /** Default true. A span that does not block training costs nothing and is shown separately. */
  readonly blocking?: boolean;
  /** Of `ckpt_save` and `ckpt_restore` only. */
  readonly tier?: CkptTier;
  /**
   * Of `ckpt_save` and `ckpt_restore`: which part of it this span is; without it, all of it. Of a save `wait_previous`,
   * `blocking` and `cleanup` are usual, of a restore `fetch` and `broadcast`; other names are shown as they are.
   */
  readonly phase?: string;
  /** Of `ckpt_save` and `ckpt_restore`: the step whose state it holds. Spans of one step and tier are one checkpoint. */
  readonly step?: number;
  /** Of `ckpt_save` and `ckpt_restore`: bytes written or read, over all ranks. */
  readonly bytes?: number;
}

export interface FailEvent extends InAttempt {
  readonly type: 'fail';
  readonly time_us: number;
  readonly cause: string;
  readonly node?: string;
  readonly device?: string | number;
  readonly planned?: boolean;
}

export const MARK_KINDS = ['detect', 'localized', 'nodes_ready'] as const;
export interface MarkEvent extends InJob {
  readonly type: 'mark';
  readonly kind: (typeof MARK_KINDS)[number];
  readonly time_us: number;
}

export interface CapacityEvent extends InJob {
  readonly type: 'capacity';
  readonly time_us: number;
  readonly stepping: number;
  readonly available: number;
  readonly total: number;
}

export interface ExcludeEvent extends InJob {
  readonly type: 'exclude';
  readonly start_us: number;
  readonly end_us: number;
  readonly reason: string;
}

export interface PlacementEvent extends InAttempt {
  readonly type: 'placement';
  readonly rank: number;
  readonly node: string;
  readonly device: string | number;
  readonly dp?: number;
  readonly tp?: number;
  readonly pp?: number;
  readonly ep?: number;
  readonly from_us: number;
  readonly to_us?: number;
}

/**
 * Collectives of one member of a communicator over a stretch of time: counts and sums, so that windows merge exactly.
 * Durations include waiting for the others. Of no ledger; the member's rank is the communicator's, not the job's.
 */
export interface CollectiveWindowEvent {
  readonly type: 'collective_window';
  readonly job: string;
  /** As the library names it, the same on every rank. */
  readonly communicator: string;
  readonly group_rank: number;
  /** Members of the communicator. */
  readonly ranks: number;
  readonly node?: string;
  /** Process of the member, `node:pid`: it names the same one across communicators. */
  readonly process?: string;
  readonly operation: string;
  /** Messages of `2^log2_bytes` up to, not including, `2^(log2_bytes + 1)` bytes, as the library counts them. */
  readonly log2_bytes: number;
  readonly algorithm?: string;
  readonly protocol?: string;
  /** Whether the communicator reaches over several nodes. */
  readonly inter_node?: boolean;
  readonly start_us: number;
  readonly end_us: number;
  readonly count: number;
  /** Of how many of them the start was told, and the sum of these starts, counted from `start_us` of the window. */
  readonly start_count?: number;
  readonly start_offset_sum_us?: number;
  readonly duration_sum_us: number;
  readonly duration_min_us: number;
  readonly duration_max_us: number;
  readonly duration_sum_sq_us2: number;
  /**
   * How late this member came to them, as far as that is known: entry 0 counts those below 1 us behind the first member,
   * entry k those from 2^(k-1) up to 2^k us (`domain/collective-lateness.ts`).
   */
  readonly lateness_counts?: readonly number[];
  readonly bytes: number;
  /** Sum of natural logarithms of bus bandwidths in bytes per second, over `bus_bandwidth_count` of the collectives. */
  readonly bus_bandwidth_log_sum: number;
  readonly bus_bandwidth_count: number;
  readonly sequence_first: number;
  readonly sequence_last: number;
  readonly labels?: Labels;
}

export interface FaultEvent {
  readonly type: 'fault';
  readonly time_us: number;
  readonly node: string;
  readonly device?: string | number;
  /** `xid:79`, `sxid:20034`, `ecc:dbe`, `link:down`, ... */
  readonly code: string;
  readonly message?: string;
  readonly source?: string;
  readonly job?: string;
  readonly labels?: Labels;
}

export const NODE_STATES = ['healthy', 'unhealthy', 'draining', 'quarantined', 'repairing'] as const;
export interface NodeStateEvent {
  readonly type: 'node_state';
  readonly node: string;
  readonly time_us: number;
  readonly state: (typeof NODE_STATES)[number];
  readonly labels?: Labels;
}

/** Events that belong to one job and feed its ledger. */
export type JobScopedEvent =
  | JobEvent
  | AttemptStartEvent
  | AttemptEndEvent
  | StepEvent
  | SpanEvent
  | FailEvent
  | MarkEvent
  | CapacityEvent
  | ExcludeEvent
  | PlacementEvent;

export type RunEvent = JobScopedEvent | FaultEvent | NodeStateEvent | CollectiveWindowEvent;

const OUTSIDE_LEDGER: ReadonlySet<RunEvent['type']> = new Set(['fault', 'node_state', 'collective_window']);

/** Whether an event feeds a job's ledger; faults and node states are of machines, windows of collectives of networks. */
export function isJobScoped(event: RunEvent): event is JobScopedEvent {
  return !OUTSIDE_LEDGER.has(event.type);
}

export const EVENT_TYPES = [
  'job',
  'attempt_start',
  'attempt_end',
  'step',
  'span',
  'fail',
  'mark',
  'capacity',
  'exclude',
  'placement',
  'fault',
  'node_state',
  'collective_window',
] as const satisfies readonly RunEvent['type'][];
