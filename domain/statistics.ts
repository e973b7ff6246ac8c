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
  const values: number[] = [];
  const counts: number[] = [];
  for (let index = 0; index < sample.length; index++) {
    const item = sample[index];
    if (item === undefined || item.count <= 0) continue;
    values.push(item.value);
    counts.push(item.count);
  }
  return quantileOf(values, counts, q);
}

/** The same of a sample in columns, each value standing a positive number of times. */
export function quantileOf(
  values: readonly number[],
  counts: readonly number[],
  q: number,
): number | undefined {
  const each = counts[0] ?? 0;
  if (counts.every((count) => count === each)) {
    const ranked = rankedNumbers(values);
    return between(values.length * each, q, (rank) => ranked(Math.floor(rank / each)));
  }
  const told = values.map((value, index) => ({ value, count: counts[index] ?? 0 }));
  told.sort((a, b) => a.value - b.value);
  const total = counts.reduce((sum, count) => sum + count, 0);
  return between(total, q, (rank) => valueAtRank(told, rank));
}

/** The same of values that stand once each, in a column that is put into another order. */
export function quantileOfColumn(column: Float64Array, q: number): number | undefined {
  return between(column.length, q, (rank) => selected(column, rank));
}

/** Most samples are windows of some dozens: sorting those costs less than looking for a rank. */
const FEW = 48;

/** Gives the value at a rank, counted from 0. */
function rankedNumbers(values: readonly number[]): (rank: number) => number {
  if (values.length > FEW) {
    const column = Float64Array.from(values);
    return (rank) => selected(column, rank);
  }
  const sorted = values.slice();
  for (let index = 1; index < sorted.length; index++) {
    const value = sorted[index] ?? 0;
    let at = index;
    while (at > 0 && (sorted[at - 1] ?? 0) > value) {
      sorted[at] = sorted[at - 1] ?? 0;
      at--;
    }
    sorted[at] = value;
  }
  return (rank) => sorted[rank] ?? Number.NaN;
}

/** The value at a rank of a column, which is put into another order: Hoare's selection, about linear. */
function selected(column: Float64Array, rank: number): number {
  let [low, high] = [0, column.length - 1];
  while (low < high) {
    const pivot = column[(low + high) >>> 1] ?? 0;
    let [left, right] = [low, high];
    while (left <= right) {
      while ((column[left] ?? 0) < pivot) left++;
      while ((column[right] ?? 0) > pivot) right--;
      if (left > right) break;
      const value = column[left] ?? 0;
      column[left++] = column[right] ?? 0;
      column[right--] = value;
    }
    if (rank <= right) high = right;
    else if (rank >= left) low = left;
    else break;
  }
  return column[rank] ?? Number.NaN;
}

function between(total: number, q: number, valueAt: (rank: number) => number): number | undefined {
  if (total === 0) return undefined;
  const position = q * (total - 1);
  const below = valueAt(Math.floor(position));
  const above = valueAt(Math.ceil(position));
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
