import { type Labels, labelValue, METRIC_NAME, memo, without } from './labels.ts';
import type { Vector } from './sample.ts';

interface Bucket {
  readonly upper: number;
  count: number;
}

const BOUND = 'le';

/** `histogram_quantile` over series with `le` labels; series without a number there are left out. */
export function createHistogramQuantile(): (q: number, vector: Vector) => Vector {
  const histogram = memo((labels: Labels) => without(labels, new Set([BOUND])));
  const result = memo((labels: Labels) => without(labels, new Set([BOUND, METRIC_NAME])));
  const upperOf = memo((labels: Labels) => boundOf(labelValue(labels, BOUND)));
  return (q, vector) => {
    const found = new Map<string, { labels: Labels; buckets: Bucket[] }>();
    for (const { labels, value } of vector) {
      const upper = upperOf(labels);
      if (Number.isNaN(upper)) continue;
      const { key } = histogram(labels);
      const known = found.get(key);
      if (known === undefined) found.set(key, { labels: result(labels), buckets: [{ upper, count: value }] });
      else known.buckets.push({ upper, count: value });
    }
    return [...found.values()].map(({ labels, buckets }) => ({ labels, value: quantile(q, buckets) }));
  };
}

function boundOf(text: string): number {
  if (/^[+]?Inf$/i.test(text)) return Number.POSITIVE_INFINITY;
  if (/^-Inf$/i.test(text)) return Number.NEGATIVE_INFINITY;
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
}

/** Linear inside a bucket, from 0 in the lowest; the second highest bound when the rank falls into +Inf. */
function quantile(q: number, unordered: readonly Bucket[]): number {
  if (Number.isNaN(q)) return Number.NaN;
  if (q < 0) return Number.NEGATIVE_INFINITY;
  if (q > 1) return Number.POSITIVE_INFINITY;
  const buckets = ordered(unordered);
  const last = buckets.at(-1);
  if (last?.upper !== Number.POSITIVE_INFINITY || buckets.length < 2 || last.count === 0) return Number.NaN;
  const rank = q * last.count;
  const found = buckets.slice(0, -1).findIndex(({ count }) => count >= rank);
  const at = found < 0 ? buckets.length - 1 : found;
  if (at === buckets.length - 1) return buckets.at(-2)?.upper ?? Number.NaN;
  const { upper, count } = buckets[at] ?? last;
  if (at === 0 && upper <= 0) return upper;
  const below = buckets[at - 1] ?? { upper: 0, count: 0 };
  return below.upper + (upper - below.upper) * ((rank - below.count) / (count - below.count));
}

/** By bound, equal bounds added up, counts never falling: parts of a histogram can come from different scrapes. */
function ordered(unordered: readonly Bucket[]): Bucket[] {
  const buckets: Bucket[] = [];
  for (const { upper, count } of [...unordered].sort((a, b) =>
    a.upper < b.upper ? -1 : a.upper > b.upper ? 1 : 0,
  )) {
    const last = buckets.at(-1);
    if (last?.upper === upper) last.count += count;
    else buckets.push({ upper, count });
  }
  let highest = Number.NEGATIVE_INFINITY;
  for (const bucket of buckets) {
    highest = Math.max(highest, bucket.count);
    bucket.count = highest;
  }
  return buckets;
}
