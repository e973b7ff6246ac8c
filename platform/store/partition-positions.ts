import type { OffsetRange, PartitionPosition, PartitionPositions } from '../bus/partition-positions.ts';
import { type Fence, Fenced } from '../fence.ts';
import { claimName } from './claims.ts';
import { namedQuery } from './named-queries.ts';
import type { ClaimableStore } from './store.ts';

export interface PartitionPositionsConfig {
  /**
   * How long a producer that sends nothing more is remembered, seconds. A copy of its last message may be sent for as
   * long as a collector keeps it, and be read for as long as the topic does: it has to be the sum of both, or longer.
   */
  readonly producers_kept_s: number;
}

export const PARTITION_POSITIONS_DEFAULTS: PartitionPositionsConfig = { producers_kept_s: 30 * 86_400 };

/** The last instant of a DateTime, in 2106: what is later would be long ago. */
const DATE_TIME_MAX_S = 2 ** 32 - 1;

/** The lower half of a version counts steps under one claim. */
const STEP_BITS = 32n;

/** A row of `sql/queries/bus_position.sql`. */
interface PositionRow {
  readonly producer: string;
  readonly sequence: number;
  readonly next_offset: number | null;
  readonly begun_from: number | null;
  readonly begun_to: number | null;
  /** 64 bits as text. */
  readonly version: string;
}

/** What this process knows of a partition that it claimed. */
interface Held {
  readonly fence: Fence;
  next_offset: number | null;
  /** Of the last step that was tried: one that failed may come into the tables yet, and must not count after a later. */
  version: bigint;
}

/** Positions in the tables of `sql/migrations/0006`, of the partitions that this process claims. */
export function createPartitionPositions(
  store: ClaimableStore,
  config: PartitionPositionsConfig = PARTITION_POSITIONS_DEFAULTS,
): PartitionPositions {
  const held = new Map<string, Held>();

  const write = async (
    fence: Fence,
    position: { readonly next_offset: number | null; readonly begun: OffsetRange | null },
    sequences: ReadonlyMap<string, number>,
  ): Promise<void> => {
    const known = held.get(fence.name);
    if (known?.fence.epoch !== fence.epoch || known.fence.owner !== fence.owner) throw new Fenced(fence);
    known.version += 1n;
    const version = String(known.version);
    const keep_until = Math.min(Math.floor(Date.now() / 1000 + config.producers_kept_s), DATE_TIME_MAX_S);
    const common = { name: fence.name, version, keep_until };
    const { next_offset, begun } = position;
    const own = { producer: '', sequence: 0, next_offset };
    const rows = [
      { ...common, ...own, begun_from: begun?.from ?? null, begun_to: begun?.to ?? null },
      ...[...sequences].map(([producer, sequence]) => ({ ...common, producer, sequence })),
    ];
    await store.insertRows('bus_positions', rows, { fence });
    known.next_offset = next_offset;
  };

  return {
    async claim(topic, partition) {
      const fence = await claimName(store, `${topic}/${partition}`);
      const rows = await store.query<PositionRow>(namedQuery('bus_position'), { name: fence.name });
      const position = positionOf(rows);
      const version = rows.reduce(
        (newest, row) => (BigInt(row.version) > newest ? BigInt(row.version) : newest),
        BigInt(fence.epoch) << STEP_BITS,
      );
      held.set(fence.name, { fence, next_offset: position.next_offset, version });
      return { fence, position };
    },
    begin: (fence, range) =>
      write(fence, { next_offset: held.get(fence.name)?.next_offset ?? null, begun: range }, new Map()),
    finish: (fence, { to }, sequences, ahead = 0) =>
      write(fence, { next_offset: to, begun: ahead === 0 ? null : { from: to, to: to + ahead } }, sequences),
  };
}

function positionOf(rows: readonly PositionRow[]): PartitionPosition {
  const own = rows.find(({ producer }) => producer === '');
  const begun =
    own === undefined || own.begun_from === null || own.begun_to === null
      ? null
      : { from: own.begun_from, to: own.begun_to };
  const sequences = rows.filter(({ producer }) => producer !== '');
  return {
    next_offset: own?.next_offset ?? null,
    begun,
    sequences: new Map(sequences.map(({ producer, sequence }) => [producer, sequence])),
  };
}
