export interface ApiConfig {
  /** Jobs of one page of `/v1/jobs` when the caller names no limit, and the most it may name. */
  readonly jobs_limit: number;
  readonly jobs_limit_max: number;
  /** Windows that one ledger answer may be cut into. */
  readonly windows_max: number;
  /** Bearer token for reading; null leaves reading open (loopback only). */
  readonly read_token: string | null;
}

export const API_DEFAULTS: ApiConfig = {
  jobs_limit: 100,
  jobs_limit_max: 1000,
  windows_max: 10_000,
  read_token: null,
};
