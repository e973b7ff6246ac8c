import { DEVICE_SAMPLES_COLUMNS } from '../../domain/catalog/device-columns.ts';
import { RowBinaryWriter } from '../../platform/store/row-binary.ts';
import type { Store } from '../../platform/store/store.ts';
import { COLLECTOR_DEFAULTS } from '../../services/collector/config.ts';
import { createPageDecoder } from '../../services/collector/decoders/prometheus-text.ts';
import { writeDeviceRow } from '../../services/collector/normalize/device-row.ts';
import { createPageNormalizer } from '../../services/collector/normalize/page-normalizer.ts';

/** An exporter whose pages go into the tables as the collector writes them, at times that the test says. */
export interface PageTarget {
  /** A page scraped at `ts_ms`; null: the target did not answer. */
  scrape(page: string | Uint8Array | null, ts_ms: number): Promise<void>;
}

/** `instance`: what the target is called, `host:port`. */
export function createPageTarget(store: Store, instance: string): PageTarget {
  const limits = COLLECTOR_DEFAULTS.scrape_limits;
  const decoder = createPageDecoder(limits);
  const host = instance.split(':', 1)[0] ?? instance;
  const normalizer = createPageNormalizer({ instance, job: 'exporter' }, host, limits);
  return {
    async scrape(page, ts_ms) {
      const normalized =
        page === null
          ? normalizer.down(ts_ms)
          : normalizer.page(decoder.decode(typeof page === 'string' ? Buffer.from(page) : page), ts_ms);
      const writer = new RowBinaryWriter();
      for (const { group, ts_ms: row_ms } of normalized.rows) writeDeviceRow(writer, group, row_ms);
      if (normalized.rows.length > 0) {
        await store.insertRowBinary('device_samples', DEVICE_SAMPLES_COLUMNS, [writer.bytes()]);
      }
      normalized.confirm();
    },
  };
}
