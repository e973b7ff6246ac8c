export interface ApiConfig {
  /** Jobs of one page of `/v1/jobs` when the caller names no limit, and the most it may name. */
  readonly jobs_limit: number;
  readonly jobs_limit_max: number;
  /** Windows that one ledger answer may be cut into. */
  readonly windows_max: number;
  /** Ledgers of jobs with more events are those last published, as long as these are not older than this. */
  readonly ledger_events_max: number;
  readonly ledger_age_max_s: number;
  /** Range of `/v1/nodes/{node}` when the caller names none, and the events and jobs that one answer reads. */
  readonly node_range_s: number;
  readonly node_events_max: number;
  readonly node_jobs_max: number;
  /** How far back a firing alert is followed to say since when; further back it says "at least since". */
  readonly alerts_lookback_s: number;
  /** The longest range of `/v1/alerts/history`, and how many evaluations of a rule one answer may make. */
  readonly alerts_history_range_max_s: number;
  readonly alerts_history_points_max: number;
  /** How often `/v1/stream` looks for changes, how often it says that it is alive, and how many may listen. */
  readonly stream_interval_s: number;
  readonly stream_heartbeat_s: number;
  readonly stream_subscribers_max: number;
  /** Changes kept for those that come back with `Last-Event-ID`, and changes that one slow reader may lag behind. */
  readonly stream_events_max: number;
  /** Bearer token for reading; null leaves reading open (loopback only). */
  readonly read_token: string | null;
}

export const API_DEFAULTS: ApiConfig = {
  jobs_limit: 100,
  jobs_limit_max: 1000,
  windows_max: 10_000,
  ledger_events_max: 20_000,
  ledger_age_max_s: 120,
  node_range_s: 86_400,
  node_events_max: 2000,
  node_jobs_max: 20,
  alerts_lookback_s: 21_600,
  alerts_history_range_max_s: 2_678_400,
  alerts_history_points_max: 5000,
  stream_interval_s: 2,
  stream_heartbeat_s: 15,
  stream_subscribers_max: 64,
  stream_events_max: 10_000,
  read_token: null,
};
