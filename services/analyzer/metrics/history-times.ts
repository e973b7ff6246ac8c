export interface HistoryLimits {
  readonly interval_ms: number;
  readonly points_max: number;
  /** Events x points. */
  readonly visits_max: number;
}

/** A range query looks back 5 minutes for a point; wider gaps would tear the curves. */
export const GAP_MAX_MS = 240_000;

/** The newest multiple of the interval: every point of a derived series lies on one, whoever writes it. */
export function gridTime(now_us: number, interval_ms: number): number {
  return Math.floor(now_us / 1000 / interval_ms) * interval_ms;
}

/**
 * Times (ms, ascending) at which a history from `from_us` to `until_us` is drawn: evenly, on the grid, its newest at
 * or after `until_us`, so that the end itself is drawn. `events` is how many events each point's account goes through.
 */
export function historyTimes(
  from_us: number,
  until_us: number,
  events: number,
  { interval_ms, points_max, visits_max }: HistoryLimits,
): number[] {
  const last = Math.ceil(until_us / 1000 / interval_ms) * interval_ms;
  const affordable = Math.max(1, Math.floor(visits_max / Math.max(events, 1)));
  const points = Math.min(points_max, affordable);
  const evenly = Math.ceil((last - from_us / 1000) / points / interval_ms) * interval_ms;
  // a span too long to be drawn without gaps is drawn from its newest end, as far as the points go
  const widest = Math.max(1, Math.floor(GAP_MAX_MS / interval_ms)) * interval_ms;
  const spacing = Math.max(interval_ms, Math.min(evenly, widest));
  const times: number[] = [];
  for (let time = last; time * 1000 >= from_us && times.length < points; time -= spacing) times.push(time);
  return times.reverse();
}
