import type { WrittenSeries } from './prometheus-remote-write.ts';

/** OpenMetrics text of series without staleness markers, which it cannot say. */
export function openMetrics(series: readonly WrittenSeries[]): string {
  const lines = series.flatMap(({ name, labels, samples }) => {
    const written = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
    return samples.map(({ ts_ms, value }) => {
      if (value === 'stale') throw new Error(`${name} ends at ${ts_ms}, which OpenMetrics cannot say`);
      return `${name}{${written.join(',')}} ${value} ${(ts_ms / 1000).toFixed(3)}`;
    });
  });
  return `${lines.join('\n')}\n# EOF\n`;
}
