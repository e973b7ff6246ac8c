import type {
  AttemptEndEvent,
  FailEvent,
  FaultEvent,
  JobScopedEvent,
  NodeStateEvent,
  SpanEvent,
} from '../events.ts';
import { type Layer, unionOf } from '../ledger/layers.ts';
import type { Bucket } from '../ledger/ledger-shape.ts';
import type { Timeline } from '../ledger/timeline.ts';
import { type CheckpointOperation, checkpointOperations } from './checkpoint-groups.ts';
import { nodesOf } from './job-nodes.ts';

/** What was told of a job beside its steps: the witnesses that causes, ladders and named ratios call. */
export interface JobEvidence {
  /** Hardware and driver faults of the job's nodes. */
  readonly faults: readonly FaultEvent[];
  /** States of the job's nodes (of all that were told, where it named none), in order of time. */
  readonly node_states: readonly NodeStateEvent[];
  readonly fails: readonly FailEvent[];
  readonly ends: readonly AttemptEndEvent[];
  /** Union of the `queue` spans, also of what lies before the first attempt. */
  readonly queue: Layer;
  /** Checkpoint saves that were complete by the moment looked from, in order of start. */
  readonly saves: readonly Pick<SpanEvent, 'start_us' | 'end_us'>[];
  /** Saves and restores of checkpoints that were over by then, put together from their spans, in order of start. */
  readonly checkpoints: readonly CheckpointOperation[];
  /** Nodes that each attempt said it runs on, by the time of its start. */
  readonly nodes_by_start: ReadonlyMap<number, number>;
}

export interface Witnesses {
  readonly at_us: number | undefined;
  readonly faults: readonly FaultEvent[];
  readonly node_states: readonly NodeStateEvent[];
}

/** Collects the witnesses of a job as of `at_us` (microseconds; undefined: everything that is known). */
export function evidenceOf(
  events: readonly JobScopedEvent[],
  { at_us = Number.POSITIVE_INFINITY, faults, node_states }: Witnesses,
): JobEvidence {
  const fails: FailEvent[] = [];
  const ends: AttemptEndEvent[] = [];
  const queued: SpanEvent[] = [];
  const spans: SpanEvent[] = [];
  const nodes_by_start = new Map<number, number>();
  const nodes = new Set(nodesOf(events));
  for (const event of events) {
    if (event.type === 'fail' && event.time_us <= at_us) fails.push(event);
    else if (event.type === 'attempt_end' && event.time_us <= at_us) ends.push(event);
    else if (event.type === 'attempt_start' && event.nodes !== undefined && event.nodes.length > 0)
      nodes_by_start.set(event.time_us, new Set(event.nodes).size);
    else if (event.type !== 'span') continue;
    else if (event.kind === 'queue' && event.start_us < at_us) queued.push(event);
    else if (isCheckpoint(event) && event.end_us <= at_us) spans.push(event);
  }
  const checkpoints = checkpointOperations(
    spans.sort((a, b) => a.start_us - b.start_us || a.end_us - b.end_us),
  );
  const intervals = queued.map(({ start_us, end_us }) => ({
    from_us: start_us,
    to_us: Math.min(end_us, at_us),
    item: 0,
  }));
  return {
    faults: faults.filter(({ time_us }) => time_us <= at_us),
    node_states: node_states
      .filter(({ time_us, node }) => time_us <= at_us && (nodes.size === 0 || nodes.has(node)))
      .sort((a, b) => a.time_us - b.time_us || (a.node < b.node ? -1 : 1)),
    fails,
    ends,
    queue: unionOf(intervals),
    saves: checkpoints.flatMap(({ kind, state_us, end_us }) =>
      kind === 'ckpt_save' ? [{ start_us: state_us, end_us }] : [],
    ),
    checkpoints,
    nodes_by_start,
  };
}

function isCheckpoint({ kind }: SpanEvent): boolean {
  return kind === 'ckpt_save' || kind === 'ckpt_restore';
}

/** Buckets in which a job may really have waited in a queue, whatever else was said of that time. */
const MAY_BE_QUEUED = new Set<Bucket>([
  'custom',
  'down',
  'down_detect',
  'down_localize',
  'down_wait_nodes',
  'startup',
  'other',
]);

/** A part of a bucket that was spent in the queue. */
export interface Queued {
  readonly bucket: Bucket;
  readonly wall_us: number;
  /** Undefined where nobody said how many devices the job holds. */
  readonly device_us: number | undefined;
}

/** The parts of an account that `queue` spans cover, inside `[from_us, to_us)`. */
export function queuedParts(
  timeline: Pick<Timeline, 'segments'>,
  queue: Layer,
  from_us: number,
  to_us: number,
): Queued[] {
  const parts: Queued[] = [];
  for (const [position, begin_us] of queue.from.entries()) {
    const from = Math.max(begin_us, from_us);
    const to = Math.min(queue.to[position] ?? begin_us, to_us);
    for (const segment of timeline.segments(from, to)) {
      if (!MAY_BE_QUEUED.has(segment.bucket)) continue;
      const wall_us = Math.min(segment.to_us, to) - Math.max(segment.from_us, from);
      const device_us = segment.devices === undefined ? undefined : wall_us * segment.devices;
      if (wall_us > 0) parts.push({ bucket: segment.bucket, wall_us, device_us });
    }
  }
  return parts;
}
