import { randomUUID } from 'node:crypto';
import type { Batch, Delivery } from '../../platform/bus/bus.ts';
import type {
  OffsetRange,
  PartitionClaim,
  PartitionPosition,
  PartitionPositions,
} from '../../platform/bus/partition-positions.ts';
import { type Fence, Fenced } from '../../platform/fence.ts';

interface Kept {
  fence: Fence;
  next_offset: number | null;
  begun: OffsetRange | null;
  readonly sequences: Map<string, number>;
}

/** Which call is about to change something; a test that throws here, or waits, makes a store that is away or slow. */
export type PositionCall = 'claim' | 'begin' | 'finish';

/** Positions in memory, with tables that know them: one of these is what several readers share. */
export class MemoryPositions implements PartitionPositions {
  readonly calls: string[] = [];
  before: (call: PositionCall, name: string) => Promise<void> = async () => undefined;
  readonly #kept = new Map<string, Kept>();

  async claim(topic: string, partition: number): Promise<PartitionClaim> {
    const name = `${topic}/${partition}`;
    await this.before('claim', name);
    const kept = this.#kept.get(name);
    const fence = { name, epoch: (kept?.fence.epoch ?? 0) + 1, owner: randomUUID() };
    if (kept === undefined)
      this.#kept.set(name, { fence, next_offset: null, begun: null, sequences: new Map() });
    else kept.fence = fence;
    this.calls.push(`claim ${partition}`);
    return { fence, position: this.at(name) };
  }

  async begin(fence: Fence, range: OffsetRange): Promise<void> {
    await this.before('begin', fence.name);
    this.#held(fence).begun = range;
    this.calls.push(`begin ${range.from}-${range.to}`);
  }

  async finish(
    fence: Fence,
    range: OffsetRange,
    sequences: ReadonlyMap<string, number>,
    ahead = 0,
  ): Promise<void> {
    await this.before('finish', fence.name);
    const kept = this.#held(fence);
    kept.next_offset = range.to;
    kept.begun = ahead === 0 ? null : { from: range.to, to: range.to + ahead };
    for (const [producer, sequence] of sequences)
      kept.sequences.set(producer, Math.max(sequence, kept.sequences.get(producer) ?? 0));
    this.calls.push(`finish ${range.from}-${range.to}`);
  }

  /** Throws Fenced when the name was claimed since. */
  check(fence: Fence): void {
    this.#held(fence);
  }

  at(name: string): PartitionPosition {
    const kept = this.#kept.get(name);
    if (kept === undefined) return { next_offset: null, begun: null, sequences: new Map() };
    return { next_offset: kept.next_offset, begun: kept.begun, sequences: new Map(kept.sequences) };
  }

  /** As if the partition had come from a backup that is older than its producers' last messages. */
  forgetSequences(name: string): void {
    this.#kept.get(name)?.sequences.clear();
  }

  /** Every name that was claimed. */
  get names(): string[] {
    return [...this.#kept.keys()];
  }

  #held(fence: Fence): Kept {
    const kept = this.#kept.get(fence.name);
    if (kept === undefined || kept.fence.owner !== fence.owner) throw new Fenced(fence);
    return kept;
  }
}

/**
 * Takes deliveries in as the tables do: not under an old claim, a token it knows only once, and what may be stored
 * already only where it is missing.
 */
export class MemoryTable {
  readonly batches: Batch[] = [];
  readonly deliveries: Delivery[] = [];
  readonly #tokens = new Set<string>();
  readonly #positions: MemoryPositions;

  constructor(positions: MemoryPositions) {
    this.#positions = positions;
  }

  readonly insert = async (delivery: Delivery): Promise<void> => {
    const { token, batches, again, fence } = delivery;
    this.deliveries.push(delivery);
    if (fence !== undefined) this.#positions.check(fence);
    const known = new Set(this.batches.map(({ id }) => id));
    if (again) this.batches.push(...batches.filter(({ id }) => !known.has(id)));
    else if (!this.#tokens.has(token)) this.batches.push(...batches);
    this.#tokens.add(token);
  };

  /** As if a crash had cut the insert of this delivery: only these of its batches are there. */
  keepOnly({ batches }: Delivery, kept: readonly Batch[]): void {
    const gone = new Set(batches.filter((batch) => !kept.includes(batch)).map(({ id }) => id));
    this.batches.splice(0, this.batches.length, ...this.batches.filter(({ id }) => !gone.has(id)));
  }

  get ids(): string[] {
    return this.batches.map(({ id }) => id);
  }
}
