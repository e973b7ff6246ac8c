export interface SpoolConfig {
  /** Bytes on disk that the spool may take; past them `publish` is refused and the sender keeps its data. */
  readonly spool_bytes_max: number;
  /**
   * Bytes that stay free on the disk: below them `publish` is refused, so that the tables, on the same disk as a rule,
   * have room to take in what was acknowledged.
   */
  readonly disk_free_bytes_min: number;
  /** A segment file is closed and the next one begun at this size, bytes. */
  readonly segment_bytes_max: number;
  /** The bodies of one `publish`, bytes; a larger one is refused for good. */
  readonly publish_bytes_max: number;
  /** Bodies handed to the tables in one delivery, bytes; one that is larger alone goes alone. */
  readonly delivery_bytes_max: number;
  /** When a sender that was refused for want of room may try again, seconds. */
  readonly full_retry_after_s: number;
  /**
   * In a collector: a batch that Kafka has not taken after so long is put aside instead of sent, days. Kafka may have it
   * from a try whose answer was lost, and readers remember what a producer sent for no longer than this and
   * `kafka.retention_hours`: one sent later could be stored twice.
   */
  readonly age_max_days: number;
  /** Pause before a delivery that failed is tried again, seconds: doubled each time from the first to the last. */
  readonly retry_first_s: number;
  readonly retry_max_s: number;
}

export const SPOOL_DEFAULTS: SpoolConfig = {
  spool_bytes_max: 4 * 1024 ** 3,
  disk_free_bytes_min: 256 * 1024 ** 2,
  segment_bytes_max: 64 * 1024 ** 2,
  publish_bytes_max: 32 * 1024 ** 2,
  delivery_bytes_max: 16 * 1024 ** 2,
  full_retry_after_s: 5,
  age_max_days: 30,
  retry_first_s: 0.2,
  retry_max_s: 30,
};
