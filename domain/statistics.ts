/** A value that stands for `count` equal ones, such as a log line that averages ten steps. */
export interface Weighted {
  readonly value: number;
  readonly count: number;
}

/**
 * Quantile of a weighted sample, each value standing `count` times (a positive integer), with linear interpolation
 * between the closest ranks (Hyndman and Fan's type 7, the default of NumPy and of PromQL's `quantile`).
 * Returns undefined for an empty sample: there is no number to give.
 */
export function quantile(sample: readonly Weighted[], q: number): number | undefined {
  const sorted = sample.filter(({ count }) => count > 0).sort((a, b) => a.value - b.value);
  const total = sorted.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) return undefined;
  const position = q * (total - 1);
  const below = valueAtRank(sorted, Math.floor(position));
  const above = valueAtRank(sorted, Math.ceil(position));
  return below + (above - below) * (position - Math.floor(position));
}

export function median(sample: readonly Weighted[]): number | undefined {
  return quantile(sample, 0.5);
}

function valueAtRank(sorted: readonly Weighted[], rank: number): number {
  let seen = 0;
  let value = Number.NaN;
  for (const item of sorted) {
    value = item.value;
    seen += item.count;
    if (seen > rank) break;
  }
  return value;
}
