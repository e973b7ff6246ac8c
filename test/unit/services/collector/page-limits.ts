import { COLLECTOR_DEFAULTS } from '../../../../services/collector/config.ts';
import {
  createPageDecoder,
  type DecodedPage,
} from '../../../../services/collector/decoders/prometheus-text.ts';
import type { PageFormat } from '../../../../services/collector/decoders/sample-tail.ts';

export const LIMITS = COLLECTOR_DEFAULTS.scrape_limits;

/** One page, by a decoder that has seen no other. */
export function decodeOnce(text: string, format: PageFormat = 'prometheus', limits = LIMITS): DecodedPage {
  return createPageDecoder(limits).decode(Buffer.from(text), { format });
}

/** Samples as plain values, for comparison. */
export function samplesOf(page: DecodedPage): { series: string; value: number; timestamp_ms: number }[] {
  return page.series.map((ref, index) => ({
    series: `${ref.name}${JSON.stringify(ref.labels)}`,
    value: page.values[index] ?? Number.NaN,
    timestamp_ms: page.timestamps_ms[index] ?? Number.NaN,
  }));
}
