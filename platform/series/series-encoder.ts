import { RowBinaryWriter } from '../store/row-binary.ts';
import { seriesIdOfKey, seriesKey, sortedLabels } from './series-id.ts';

/**
 * Prometheus's staleness marker: a NaN with these bits ends a series at that time.
 * https://github.com/prometheus/prometheus/blob/main/model/value/value.go (StaleNaN)
 */
export const STALE_BITS = 0x7ff0000000000002n;

export interface SeriesPoint {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly ts_ms: number;
  /** `stale` ends the series at that time. */
  readonly value: number | 'stale';
  /** `seriesKey` of its name and labels, where somebody has it at hand. */
  readonly key?: string;
}

/** Bodies of a `series` batch and a `series_points` batch (RowBinary, columns as in `platform/store/tables.ts`). */
export interface EncodedSeries {
  /** Rows of series not confirmed before; null when there are none. */
  readonly series: Uint8Array | null;
  readonly series_rows: number;
  readonly points: Uint8Array;
  readonly points_rows: number;
  /** To be called when `series` is durable: its rows are not sent again. Without it they are, which costs bytes only. */
  confirm(): void;
}

export interface SeriesEncoder {
  /** `version`: of two points of a series at one time the higher version is kept. */
  encode(points: readonly SeriesPoint[], version: bigint): EncodedSeries;
}

export interface SeriesEncoderConfig {
  /** Series remembered as sent; past it all are forgotten and sent once more. */
  readonly series_remembered_max: number;
}

export const SERIES_ENCODER_DEFAULTS: SeriesEncoderConfig = { series_remembered_max: 200_000 };

export function createSeriesEncoder(config: SeriesEncoderConfig = SERIES_ENCODER_DEFAULTS): SeriesEncoder {
  const sent = new Map<string, bigint>();
  return {
    encode(points, version) {
      const series = new RowBinaryWriter();
      const values = new RowBinaryWriter(points.length * POINT_BYTES);
      const fresh = new Map<string, bigint>();
      for (const point of points) {
        const key = point.key ?? seriesKey(point.name, point.labels);
        let id = sent.get(key) ?? fresh.get(key);
        if (id === undefined) {
          id = seriesIdOfKey(key);
          fresh.set(key, id);
          writeSeries(series, point, id);
        }
        writePoint(values, point, id, version);
      }
      return {
        series: fresh.size === 0 ? null : series.bytes(),
        series_rows: fresh.size,
        points: values.bytes(),
        points_rows: points.length,
        confirm() {
          if (sent.size + fresh.size > config.series_remembered_max) sent.clear();
          for (const [key, id] of fresh) sent.set(key, id);
        },
      };
    },
  };
}

/** series_id, ts, value, version: eight bytes each. */
const POINT_BYTES = 32;

function writeSeries(to: RowBinaryWriter, { name, labels }: SeriesPoint, id: bigint): void {
  to.string(name);
  to.uint64(id);
  to.map(
    sortedLabels(labels),
    (key) => to.string(key),
    (value) => to.string(value),
  );
  to.string('point');
  to.uint64(0n); // labels_id: of device series only
  to.string(''); // field: of device series only
  to.float64(1); // scale
}

function writePoint(to: RowBinaryWriter, { ts_ms, value }: SeriesPoint, id: bigint, version: bigint): void {
  to.uint64(id);
  to.int64(ts_ms);
  if (value === 'stale') to.float64Bits(STALE_BITS);
  else to.float64(value);
  to.uint64(version);
}
