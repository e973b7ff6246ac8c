import { median, quantile } from '../statistics.ts';

/** A sample of durations. The mean is never shown alone: repair times have long tails. */
export interface DurationSummary {
  readonly count: number;
  readonly mean_s: number | null;
  readonly median_s: number | null;
  readonly p90_s: number | null;
}

/** Seconds of every case that is over; all null for none. */
export function durationsOf(seconds: readonly number[]): DurationSummary {
  const sample = seconds.map((value) => ({ value, count: 1 }));
  const sum = seconds.reduce((total, value) => total + value, 0);
  return {
    count: seconds.length,
    mean_s: seconds.length === 0 ? null : sum / seconds.length,
    median_s: median(sample) ?? null,
    p90_s: quantile(sample, 0.9) ?? null,
  };
}
