import type { PageLimits } from './decoders/prometheus-text.ts';

/** One scrape job as it stands in the configuration; what is left out takes the defaults of {@link ScrapeLimits}. */
export interface ScrapeJobConfig {
  /** Becomes the label `job` of every series scraped. */
  readonly name: string;
  /** `host:port`, which becomes the label `instance`. */
  readonly targets: readonly string[];
  readonly path?: string;
  readonly scheme?: 'http' | 'https';
  readonly interval_s?: number;
  readonly timeout_s?: number;
  /** Put on every series of the job; a scraped label of the same name becomes `exported_<name>`. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly bearer_token?: string;
  readonly username?: string;
  readonly password?: string;
  /** Accept a certificate that nobody vouches for (https only). */
  readonly insecure_skip_verify?: boolean;
}

export interface EventsLimits {
  /** Body of one `POST /v1/events`, bytes after decompression. */
  readonly body_bytes_max: number;
  /** One line of it, bytes; a longer line is refused alone. */
  readonly line_bytes_max: number;
  /** Bytes of all bodies being read or written at once; past them a sender is told to come back. */
  readonly inflight_bytes_max: number;
  /** Rejected lines named in an answer; the others are only counted. */
  readonly rejected_named_max: number;
  /** Events of one publish to the bus. */
  readonly publish_events_max: number;
  /** What a sender is told to wait when the bus names no time, seconds. */
  readonly retry_after_s: number;
}

export interface ScrapeLimits extends PageLimits {
  /** Defaults of a job that names none, seconds. dcgm-exporter itself collects every 30 s unless told otherwise. */
  readonly interval_s: number;
  readonly timeout_s: number;
  /** Targets of all jobs together. */
  readonly targets_max: number;
  /** One page, bytes after decompression. */
  readonly page_bytes_max: number;
  /**
   * Samples that carry their own time (Ascend) may be this much older, or ahead, than the scrape, seconds. The first
   * is Prometheus's look-back: an older sample would not be seen.
   */
  readonly timestamp_age_max_s: number;
  readonly timestamp_ahead_max_s: number;
}

export interface CollectorConfig {
  /** Bearer token that senders of events must show; null leaves the door open (loopback only). */
  readonly ingest_token: string | null;
  readonly events: EventsLimits;
  readonly scrape: readonly ScrapeJobConfig[];
  readonly scrape_limits: ScrapeLimits;
}

export const COLLECTOR_DEFAULTS: CollectorConfig = {
  ingest_token: null,
  events: {
    body_bytes_max: 16 * 1024 * 1024,
    line_bytes_max: 1024 * 1024,
    inflight_bytes_max: 64 * 1024 * 1024,
    rejected_named_max: 1000,
    publish_events_max: 20_000,
    retry_after_s: 1,
  },
  scrape: [],
  scrape_limits: {
    interval_s: 15,
    timeout_s: 10,
    targets_max: 10_000,
    page_bytes_max: 16 * 1024 * 1024,
    line_bytes_max: 64 * 1024,
    series_max: 50_000,
    labels_max: 64,
    name_bytes_max: 512,
    label_value_bytes_max: 8192,
    bad_lines_named_max: 10,
    timestamp_age_max_s: 300,
    timestamp_ahead_max_s: 60,
  },
};
