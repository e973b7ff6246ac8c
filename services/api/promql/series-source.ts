import type { Matcher } from './ast.ts';
import type { Labels } from './labels.ts';

/** The samples of one series in time order, times in milliseconds. */
export interface SeriesData {
  /** The metric name among them, as `__name__`. */
  readonly labels: Labels;
  readonly ts_ms: ArrayLike<number>;
  readonly values: ArrayLike<number>;
  /** Indices at which the series ends (Prometheus's staleness marker); null where it never does. */
  readonly ends: ReadonlySet<number> | null;
}

export interface SelectHints {
  /**
   * When set, only the newest sample at or before each of the times `origin_ms + k * step_ms` is needed, so that a
   * source may leave out the others.
   */
  readonly newest_per_step: { readonly origin_ms: number; readonly step_ms: number } | null;
  /** Samples that the query may still read; a source that would give more throws the limit's error. */
  readonly samples_max: number;
}

export interface LabelQuery {
  /** Any of these sets must pass; none: every series. */
  readonly matcher_sets: readonly (readonly Matcher[])[];
  /** Series without a sample in here may be left out; the times are bounds, not a promise. */
  readonly from_ms: number;
  readonly to_ms: number;
  readonly limit: number;
}

export interface LabelSets {
  readonly sets: readonly Labels[];
  /** True when there were more than the limit. */
  readonly truncated: boolean;
}

/** What PromQL is evaluated over. `from_ms` and `to_ms` are both inclusive. */
export interface SeriesSource {
  select(
    matchers: readonly Matcher[],
    from_ms: number,
    to_ms: number,
    hints: SelectHints,
  ): Promise<SeriesData[]>;
  series(query: LabelQuery): Promise<LabelSets>;
  /** Values of one label, in order. */
  labelValues(name: string, query: LabelQuery): Promise<{ values: string[]; truncated: boolean }>;
  labelNames(query: LabelQuery): Promise<{ values: string[]; truncated: boolean }>;
}
