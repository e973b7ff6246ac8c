import type { Fence } from '../fence.ts';

/** Messages of one partition, as offsets: `to` is the offset behind the last one. */
export interface OffsetRange {
  readonly from: number;
  readonly to: number;
}

/** How far a partition is in the tables. */
export interface PartitionPosition {
  /** Everything before it is in the tables; null when nothing of the partition was ever read. */
  readonly next_offset: number | null;
  /**
   * What is behind `next_offset` and may be stored, in part or whole: whatever of it comes next has to be compared with
   * what is there. It may reach beyond the end of the log.
   */
  readonly begun: OffsetRange | null;
  /** Of each producer the highest sequence number that is in the tables: what comes with a lower one is a copy. */
  readonly sequences: ReadonlyMap<string, number>;
}

export interface PartitionClaim {
  readonly fence: Fence;
  readonly position: PartitionPosition;
}

/**
 * Positions of partitions, kept beside the rows that they are about. What a range put into the tables and the position
 * behind it cannot be written in one step there, so how far the rows may reach is written down before the first of them:
 * whoever comes next knows what may be half done.
 */
export interface PartitionPositions {
  /**
   * Fences off whoever had the partition before, waits until what they had under way is over, and reads the position.
   * `topic` names one log for ever, so it says of which cluster: `<cluster id>/<topic>`.
   */
  claim(topic: string, partition: number): Promise<PartitionClaim>;
  /** Resolves when the range is durably known as begun, and no other; it may be begun already, or be empty. Throws Fenced. */
  begin(fence: Fence, range: OffsetRange): Promise<void>;
  /**
   * All rows of the range are stored: `next_offset` is its end from now on, also when that was higher before (a topic
   * made anew is counted from 0). `sequences`: of producers that the range had messages of, added to those that are
   * known; a name that begins with `#` is a note of the reader's and rises like the others. `ahead`: so many offsets behind
   * the range are begun by the same step, none unless told. Throws Fenced.
   */
  finish(
    fence: Fence,
    range: OffsetRange,
    sequences: ReadonlyMap<string, number>,
    ahead?: number,
  ): Promise<void>;
}
