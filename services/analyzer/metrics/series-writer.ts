import type { SeriesEncoder, SeriesPoint } from '../../../platform/series/series-encoder.ts';
import type { Store } from '../../../platform/store/store.ts';
import { SERIES_COLUMNS, SERIES_POINTS_COLUMNS } from '../../../platform/store/tables.ts';

/** Points of one job that are to be written together. */
export interface SeriesWriting {
  readonly points: readonly SeriesPoint[];
  /** The points are in the tables. */
  written(): void | Promise<void>;
  /** They are not: the insert that they were part of failed. */
  failed(error: unknown): void;
}

/**
 * Writes points of derived series; a point written later replaces one of the same series and time. Points of many jobs
 * go into one insert, since every insert costs its durable write however small it is.
 */
export interface SeriesWriter {
  /** Takes points, and writes what was taken so far once it fills an insert. Never throws. */
  add(writing: SeriesWriting, now_us: number): Promise<void>;
  /** Writes what was taken and is not written yet. Never throws. */
  flush(now_us: number): Promise<void>;
  /** What is written from now on replaces what another process wrote under this version, whose clock may be ahead. */
  continueAfter(version: number): void;
}

export function createSeriesWriter(
  store: Store,
  encoder: SeriesEncoder,
  insert_points_max: number,
): SeriesWriter {
  let version = 0;
  let waiting: SeriesWriting[] = [];
  let size = 0;

  async function insert(points: readonly SeriesPoint[], now_us: number): Promise<void> {
    for (let from = 0; from < points.length; from += insert_points_max) {
      // strictly growing, so that the clock may stand still or step back and the later writing still wins
      version = Math.max(version + 1, now_us);
      const encoded = encoder.encode(points.slice(from, from + insert_points_max), BigInt(version));
      if (encoded.series !== null) {
        await store.insertRowBinary('series', SERIES_COLUMNS, [encoded.series]);
      }
      encoded.confirm();
      await store.insertRowBinary('series_points', SERIES_POINTS_COLUMNS, [encoded.points]);
    }
  }

  async function flush(now_us: number): Promise<void> {
    const writings = waiting;
    waiting = [];
    size = 0;
    let problem: { readonly error: unknown } | undefined;
    try {
      await insert(
        writings.flatMap(({ points }) => points),
        now_us,
      );
    } catch (error) {
      problem = { error };
    }
    for (const writing of writings) {
      if (problem === undefined) await settled(writing);
      else writing.failed(problem.error);
    }
  }

  return {
    async add(writing, now_us) {
      if (size + writing.points.length > insert_points_max) await flush(now_us);
      waiting.push(writing);
      size += writing.points.length;
      if (size >= insert_points_max) await flush(now_us);
    },
    flush,
    continueAfter(newest) {
      version = Math.max(version, newest);
    },
  };
}

/** What follows on one job's points must not keep the others from theirs. */
async function settled(writing: SeriesWriting): Promise<void> {
  try {
    await writing.written();
  } catch (error) {
    writing.failed(error);
  }
}
