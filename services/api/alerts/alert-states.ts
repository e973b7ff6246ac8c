import type { Labels } from '../promql/labels.ts';

export type AlertState = 'inactive' | 'pending' | 'firing';

/** One stretch in which an alert was active: pending first, firing when its condition held for long enough. */
export interface AlertEpisode {
  readonly labels: Labels;
  /** First evaluation at which the condition held. */
  readonly active_ms: number;
  /** The condition held at the first evaluation that was looked at: it may be active for longer. */
  readonly is_cut: boolean;
  /** Null: it never held for long enough. */
  readonly firing_ms: number | null;
  /** First evaluation at which it was over; null: it goes on. */
  readonly end_ms: number | null;
  /** Newest value that the condition had. */
  readonly value: number;
}

export interface EvaluatedSeries {
  readonly labels: Labels;
  readonly ts_ms: ArrayLike<number>;
  readonly values: ArrayLike<number>;
}

export interface EvaluationGrid {
  readonly start_ms: number;
  readonly end_ms: number;
  readonly step_ms: number;
}

/**
 * The states that Prometheus would have given an alert (rules/alerting.go): active from the first evaluation at which
 * its series is there, pending until it was for `for_s`, firing then; an alert that fires goes on for `keep_firing_s`
 * after the condition was last seen. One series is one alert.
 */
export function episodesOf(
  series: EvaluatedSeries,
  { start_ms, end_ms, step_ms }: EvaluationGrid,
  { for_s, keep_firing_s }: { readonly for_s: number; readonly keep_firing_s: number },
): AlertEpisode[] {
  const episodes: AlertEpisode[] = [];
  const values = new Map(Array.from(series.ts_ms, (time_ms, index) => [time_ms, series.values[index]]));
  let open: { active_ms: number; firing_ms: number | null; seen_ms: number; value: number } | undefined;
  const close = (time_ms: number | null) => {
    if (open === undefined) return;
    const { active_ms, firing_ms, value } = open;
    episodes.push({
      labels: series.labels,
      active_ms,
      is_cut: active_ms === start_ms,
      firing_ms,
      end_ms: time_ms,
      value,
    });
    open = undefined;
  };
  for (let time_ms = start_ms; time_ms <= end_ms; time_ms += step_ms) {
    const value = values.get(time_ms);
    if (value !== undefined) {
      open ??= { active_ms: time_ms, firing_ms: null, seen_ms: time_ms, value };
      open.seen_ms = time_ms;
      open.value = value;
    } else if (open !== undefined) {
      const isKept = open.firing_ms !== null && time_ms - open.seen_ms < keep_firing_s * 1000;
      if (!isKept) close(time_ms);
    }
    if (open !== undefined && open.firing_ms === null && time_ms - open.active_ms >= for_s * 1000) {
      open.firing_ms = time_ms;
    }
  }
  close(null);
  return episodes;
}
