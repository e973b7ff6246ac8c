import type { AttemptStartEvent, JobScopedEvent, PlacementEvent } from '../events.ts';
import type { Segment } from '../ledger/ledger-shape.ts';
import { clipped } from '../ledger/timeline.ts';
import type { LiveView } from './live-view.ts';

/** Where the job was, over some time (microseconds): one device of a node, or all of them. */
export interface DevicePlace {
  readonly node: string;
  /** Uid, or index as text; empty: every device of the node. */
  readonly device: string;
  readonly from_us: number;
  readonly to_us: number;
}

/** Neighbouring segments of one bucket as one. */
export interface BucketStretch {
  readonly bucket: string;
  readonly from_us: number;
  readonly to_us: number;
}

/** What is to be asked of device telemetry about a job. */
export interface TelemetryRequest {
  readonly places: readonly DevicePlace[];
  /** Whether the devices were named by `placement` events, or are all of the nodes that the attempts named. */
  readonly placed_by: 'placement' | 'nodes' | 'both';
  /** The ledger of the range, in order, without gap or overlap; empty when there is nothing to ask for. */
  readonly stretches: readonly BucketStretch[];
  /** Nodes that the job was given whole, together, and the most devices it held there; undefined where nobody said. */
  readonly whole_nodes: readonly {
    readonly nodes: readonly string[];
    readonly devices: number | undefined;
  }[];
  /** Device-seconds that the job held by bucket; null where nobody said how many devices it held. */
  readonly held_device_s: Readonly<Record<string, number>> | null;
}

/**
 * The devices of a job and the stretches of its ledger, for the view's range or a narrower one. Null when no event
 * names a node, or the clock of the job's events is made up: then no device can be told to be the job's.
 */
export function telemetryRequest(
  view: Pick<LiveView, 'account' | 'timeline' | 'range' | 'clock_is_made_up'>,
  events: readonly JobScopedEvent[],
  range: { readonly from_us?: number | undefined; readonly to_us?: number | undefined } = view.range,
): TelemetryRequest | null {
  const { account, timeline, clock_is_made_up } = view;
  if (clock_is_made_up || account.attempts.length === 0) return null;
  const from_us = Math.max(account.from_us, range.from_us ?? account.from_us);
  const to_us = Math.min(account.to_us, range.to_us ?? account.to_us);
  const segments = clipped(timeline.segments(from_us, to_us), from_us, to_us);
  const placed = placesOf(events, view, from_us, to_us);
  if (placed.places.length === 0 || segments.length === 0) return null;
  return { ...placed, stretches: merged(segments), held_device_s: heldSeconds(segments) };
}

function merged(segments: readonly Segment[]): BucketStretch[] {
  const stretches: BucketStretch[] = [];
  for (const { bucket, from_us, to_us } of segments) {
    const last = stretches.at(-1);
    if (last?.bucket === bucket && last.to_us === from_us) {
      stretches[stretches.length - 1] = { ...last, to_us };
    } else stretches.push({ bucket, from_us, to_us });
  }
  return stretches;
}

function heldSeconds(segments: readonly Segment[]): Record<string, number> | null {
  const held: Record<string, number> = {};
  for (const { bucket, devices, from_us, to_us } of segments) {
    if (devices === undefined) return null;
    held[bucket] = (held[bucket] ?? 0) + (devices * (to_us - from_us)) / 1e6;
  }
  return held;
}

/** One attempt's hold: from its start to the next attempt's, since devices are held between attempts too. */
interface Hold {
  readonly attempt: number | undefined;
  readonly from_us: number;
  readonly to_us: number;
  readonly nodes: readonly string[];
}

function placesOf(
  events: readonly JobScopedEvent[],
  { account, timeline }: Pick<LiveView, 'account' | 'timeline'>,
  from_us: number,
  to_us: number,
): Pick<TelemetryRequest, 'places' | 'placed_by' | 'whole_nodes'> {
  const placements = events.filter((event): event is PlacementEvent => event.type === 'placement');
  const places = new Map<string, DevicePlace>();
  const used = new Set<'placement' | 'nodes'>();
  const whole_nodes: { nodes: readonly string[]; devices: number | undefined }[] = [];
  for (const hold of holdsOf(events, account)) {
    const own = placements.filter(({ attempt }) => attempt === undefined || attempt === hold.attempt);
    const told: ToldPlace[] =
      own.length > 0
        ? own.map(({ node, device, from_us: from, to_us: to }) => ({
            node,
            device: String(device),
            from,
            to,
          }))
        : hold.nodes.map((node) => ({ node, device: '', from: undefined, to: undefined }));
    if (told.length > 0) used.add(own.length > 0 ? 'placement' : 'nodes');
    if (own.length === 0) {
      const nodes = told.flatMap(asTold).map(({ node }) => node);
      whole_nodes.push({ nodes, devices: devicesHeld(timeline, hold) });
    }
    for (const { node, device, from, to } of told.flatMap(asTold)) {
      const place = {
        node,
        device,
        from_us: Math.max(hold.from_us, from ?? hold.from_us, from_us),
        to_us: Math.min(hold.to_us, to ?? hold.to_us, to_us),
      };
      // two ranks on one device hold it once
      if (place.from_us < place.to_us) places.set(`${node} ${device} ${place.from_us}`, place);
    }
  }
  const placed_by = used.size === 2 ? 'both' : used.has('nodes') ? 'nodes' : 'placement';
  return { places: [...places.values()], placed_by, whole_nodes };
}

function devicesHeld(timeline: LiveView['timeline'], { from_us, to_us }: Hold): number | undefined {
  let most: number | undefined;
  for (const { devices } of timeline.rows(from_us, to_us)) {
    if (devices !== undefined) most = Math.max(most ?? 0, devices);
  }
  return most;
}

/** As an event says it: times where it does. */
interface ToldPlace {
  readonly node: string;
  readonly device: string;
  readonly from: number | undefined;
  readonly to: number | undefined;
}

/** Telemetry names a node without its domain; a launcher may name it with. An address stays whole. */
function asTold(told: ToldPlace): ToldPlace[] {
  const [short] = told.node.split('.', 1);
  const isAddress = /^[\d.]+$/.test(told.node) || told.node.includes(':');
  return isAddress || short === undefined || short === told.node ? [told] : [told, { ...told, node: short }];
}

function holdsOf(events: readonly JobScopedEvent[], account: LiveView['account']): Hold[] {
  const starts = events.filter((event): event is AttemptStartEvent => event.type === 'attempt_start');
  return account.attempts.map(({ attempt, start_us }, index) => {
    // the account numbers attempts that came without a number, or with a used one, anew: the start's own is sought
    const start = starts.find(({ time_us }) => time_us === start_us);
    return {
      attempt: start === undefined ? attempt : start.attempt,
      from_us: start_us,
      to_us: account.attempts[index + 1]?.start_us ?? account.to_us,
      nodes: start?.nodes ?? [],
    };
  });
}
