import type { Incident } from '../ledger/ledger-shape.ts';
import { median, quantile } from '../statistics.ts';

/** Seconds from failure to the next step, over the unplanned interruptions that are over. */
export interface MttrSummary {
  /** Incidents it rests on. */
  readonly count: number;
  readonly mean_s: number | null;
  readonly median_s: number | null;
  readonly p90_s: number | null;
}

/**
 * A planned stop is no failure, a hang that went on by itself was not repaired, and an open incident has no end yet:
 * none is in the mean, all are listed.
 */
export function mttrOf(incidents: readonly Incident[]): MttrSummary {
  const repaired = incidents.flatMap(({ kind, planned, time_to_first_step_s }) =>
    kind !== 'interruption' || planned || time_to_first_step_s === null
      ? []
      : [{ value: time_to_first_step_s, count: 1 }],
  );
  const sum = repaired.reduce((total, { value }) => total + value, 0);
  return {
    count: repaired.length,
    mean_s: repaired.length === 0 ? null : sum / repaired.length,
    median_s: median(repaired) ?? null,
    p90_s: quantile(repaired, 0.9) ?? null,
  };
}
