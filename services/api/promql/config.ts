/** Limits and constants of the Prometheus-compatible door. Each is refused by name when it is passed. */
export interface PromqlConfig {
  /** How old the newest sample of a series may be for an instant selector to answer with it; Prometheus's default. */
  readonly lookback_s: number;
  /** Step of a subquery that names none; Prometheus takes its global evaluation interval, 1 minute by default. */
  readonly subquery_step_s: number;
  /** Time one query may take, its reading of the store included. A caller may ask for less, not for more. */
  readonly timeout_s: number;
  /** Queries under way at once; what comes while they run waits for its turn, within its own time. */
  readonly concurrent_max: number;
  /** Points of one answered series of a range query, as Prometheus. */
  readonly points_per_series_max: number;
  /** Series that one selector may match. */
  readonly series_max: number;
  /** Series whose samples one statement asks for: their ids are parameters of it. */
  readonly ids_per_statement_max: number;
  /** Samples that one query may read, over all its selectors and subqueries. */
  readonly samples_max: number;
  /** Points that one answer may hold. */
  readonly result_points_max: number;
  readonly query_length_max: number;
  /** Depth of an expression: parentheses, operators, calls within each other. */
  readonly nesting_max: number;
  /** Operators, modifiers, calls and their arguments of one query. */
  readonly parts_max: number;
  readonly regex_length_max: number;
  /** Label values longer than this are not searched by `label_replace`, whose patterns run on a backtracking engine. */
  readonly regex_input_length_max: number;
  /** Body of a form, bytes. */
  readonly body_bytes_max: number;
  /** Names or values that one answer of `labels`, `label/.../values`, `series` holds. */
  readonly metadata_rows_max: number;
  /** Evaluation gives way to other work of the process this often. */
  readonly yield_every_ms: number;
}

export const PROMQL_DEFAULTS: PromqlConfig = {
  lookback_s: 300,
  subquery_step_s: 60,
  timeout_s: 30,
  concurrent_max: 8,
  points_per_series_max: 11_000,
  series_max: 20_000,
  ids_per_statement_max: 2000,
  samples_max: 10_000_000,
  result_points_max: 5_000_000,
  query_length_max: 32_768,
  nesting_max: 100,
  parts_max: 500,
  regex_length_max: 2048,
  regex_input_length_max: 1024,
  body_bytes_max: 1_048_576,
  metadata_rows_max: 40_000,
  yield_every_ms: 20,
};
