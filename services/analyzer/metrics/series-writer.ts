import type { SeriesEncoder, SeriesPoint } from '../../../platform/series/series-encoder.ts';
import type { Store } from '../../../platform/store/store.ts';
import { SERIES_COLUMNS, SERIES_POINTS_COLUMNS } from '../../../platform/store/tables.ts';

/** Writes points of derived series; a point written later replaces one of the same series and time. */
export interface SeriesWriter {
  /** Resolves when the points are in the tables. */
  write(points: readonly SeriesPoint[], now_us: number): Promise<void>;
}

export function createSeriesWriter(
  store: Store,
  encoder: SeriesEncoder,
  insert_points_max: number,
): SeriesWriter {
  let version = 0;
  return {
    async write(points, now_us) {
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
    },
  };
}
