import { randomUUID } from 'node:crypto';
import { DEVICE_COLUMNS, DEVICE_SAMPLES_SCHEMA_VERSION } from '../../../domain/catalog/device-columns.ts';
import type { Batch } from '../../../platform/bus/bus.ts';
import type { SeriesEncoder, SeriesPoint } from '../../../platform/series/series-encoder.ts';
import { sortedLabels } from '../../../platform/series/series-id.ts';
import { RowBinaryWriter } from '../../../platform/store/row-binary.ts';
import { SERIES_POINTS_SCHEMA_VERSION, SERIES_SCHEMA_VERSION } from '../../../platform/store/tables.ts';
import { writeDeviceRow } from './device-row.ts';
import type { LabelMap } from './own-labels.ts';
import type { NormalizedPage } from './page-normalizer.ts';
import type { SeriesSlot } from './series-slot.ts';

/** How a scrape went, as Prometheus says it of every target. */
export interface ScrapeHealth {
  readonly is_up: boolean;
  readonly duration_s: number;
  /** Samples on the page, and those left after sentinels and refused times were taken out. */
  readonly samples: number;
  readonly samples_kept: number;
  readonly series_added: number;
}

export interface ScrapeBatches {
  /** In the order in which they must lie on the bus: names before the values that they explain. */
  readonly batches: Batch[];
  /** To be called when the batches are durable. */
  confirm(): void;
}

/**
 * The bytes of one scrape: at most one batch of each kind. `key`: the node, so that its batches stay in order.
 * `points` remembers which series the bus has.
 */
export function encodeScrape(
  page: NormalizedPage,
  health: ScrapeHealth,
  target: LabelMap,
  ts_ms: number,
  points: SeriesEncoder,
): ScrapeBatches {
  const encoded = points.encode([...pagePoints(page), ...healthPoints(health, target, ts_ms)], BigInt(ts_ms));
  const key = page.rows[0]?.group.identity.node ?? target['instance'] ?? '';
  const batches: Batch[] = [];
  const push = (kind: Batch['kind'], schemaVersion: number, rows: number, body: Uint8Array): void => {
    if (rows > 0) batches.push({ id: randomUUID(), kind, schemaVersion, key, rows, body });
  };
  const series = new RowBinaryWriter();
  for (const slot of page.unannounced) writeDeviceSeries(series, slot);
  push('series', SERIES_SCHEMA_VERSION, page.unannounced.length, series.bytes());
  if (encoded.series !== null) push('series', SERIES_SCHEMA_VERSION, encoded.series_rows, encoded.series);
  const rows = new RowBinaryWriter();
  for (const { group, ts_ms: row_ms } of page.rows) writeDeviceRow(rows, group, row_ms);
  push('device_samples', DEVICE_SAMPLES_SCHEMA_VERSION, page.rows.length, rows.bytes());
  push('series_points', SERIES_POINTS_SCHEMA_VERSION, encoded.points_rows, encoded.points);
  return {
    batches,
    confirm() {
      page.confirm();
      encoded.confirm();
    },
  };
}

/** Columns as in SERIES_COLUMNS of `platform/store/tables.ts`. */
function writeDeviceSeries(to: RowBinaryWriter, slot: SeriesSlot): void {
  to.string(slot.name);
  to.uint64(slot.series_id);
  to.map(
    sortedLabels(slot.labels),
    (name) => to.string(name),
    (value) => to.string(value),
  );
  to.string('device');
  to.uint64(slot.group?.labels_id ?? 0n);
  to.string(slot.own === 'column' ? (DEVICE_COLUMNS[slot.column] ?? '') : '');
  to.float64(slot.scale);
}

function pagePoints(page: NormalizedPage): SeriesPoint[] {
  return page.points.map(({ slot, ts_ms, value }) => ({
    name: slot.name,
    labels: slot.labels,
    ts_ms,
    value,
  }));
}

function healthPoints(health: ScrapeHealth, labels: LabelMap, ts_ms: number): SeriesPoint[] {
  const values = {
    up: health.is_up ? 1 : 0,
    scrape_duration_seconds: health.duration_s,
    scrape_samples_scraped: health.samples,
    scrape_samples_post_metric_relabeling: health.samples_kept,
    scrape_series_added: health.series_added,
  };
  return Object.entries(values).map(([name, value]) => ({ name, labels, ts_ms, value }));
}
