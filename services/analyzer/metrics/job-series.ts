import type { SeriesPoint } from '../../../platform/series/series-encoder.ts';
import { seriesKey } from '../../../platform/series/series-id.ts';
import type { MetricSample } from './metric-sample.ts';

export interface SeriesIdentity {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * What has been written of one job's derived series: enough to end those that go away, and to write a time again when
 * late events changed what was true then.
 */
export interface JobSeries {
  /** Every series ever written, by key. */
  readonly known: ReadonlyMap<string, SeriesIdentity>;
  /** Keys that have a value at the newest time written. */
  readonly live: ReadonlySet<string>;
  /** Times written, ascending, milliseconds. */
  readonly written_ms: readonly number[];
}

export const NOTHING_WRITTEN: JobSeries = { known: new Map(), live: new Set(), written_ms: [] };

/** State as of an earlier process: what was live then is not known, so everything may have to be ended. */
export function resumedSeries(series: readonly SeriesIdentity[], written_ms: readonly number[]): JobSeries {
  const known = new Map(series.map((one) => [seriesKey(one.name, one.labels), one]));
  return { known, live: new Set(known.keys()), written_ms: [...written_ms].sort((a, b) => a - b) };
}

/**
 * The points of one time, and the state after them. Times are given ascending; a time written before is written anew:
 * every series that no longer has a value then is ended there, because an earlier revision may have given it one.
 *
 * @param kept names of series that stay as they were written at this time, where they have no sample
 */
export function pointsAt(
  series: JobSeries,
  ts_ms: number,
  samples: readonly MetricSample[],
  kept: ReadonlySet<string> = NONE,
): { points: SeriesPoint[]; series: JobSeries } {
  const points: SeriesPoint[] = [];
  const live = new Set<string>();
  let { known } = series;
  for (const { name, labels, value, key: told } of samples) {
    const key = told ?? seriesKey(name, labels);
    live.add(key);
    points.push({ name, labels, ts_ms, value, key });
    if (!known.has(key)) known = new Map(known).set(key, { name, labels });
  }
  const again = ts_ms <= (series.written_ms.at(-1) ?? Number.NEGATIVE_INFINITY);
  for (const key of again ? series.known.keys() : series.live) {
    const identity = known.get(key);
    if (identity === undefined || live.has(key) || kept.has(identity.name)) continue;
    points.push({ ...identity, ts_ms, value: 'stale', key });
  }
  return { points, series: { known, live, written_ms: withTime(series.written_ms, ts_ms) } };
}

const NONE: ReadonlySet<string> = new Set();

function withTime(times: readonly number[], time: number): readonly number[] {
  if (times.length === 0 || time > (times.at(-1) ?? 0)) return [...times, time];
  return times.includes(time) ? times : [...times, time].sort((a, b) => a - b);
}
