/** One point of a derived series. A value of NaN ends the series at that time: nothing is drawn until the next point. */
export interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly ts_ms: number;
  readonly value: number;
}

/** Identity of a series inside its metric: label names in order, so that the same labels give the same text. */
export function labelsKey(labels: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(sorted);
}
