/** How one process reads its share of the topic. Times in seconds, sizes in bytes. */
export interface KafkaReaderConfig {
  /** A reader that the group has not heard of for this long loses its partitions to the others. */
  readonly session_timeout_s: number;
  /** How often the group hears of this reader, also while the tables take in what it delivered. */
  readonly heartbeat_interval_s: number;
  /** How long the group waits for its readers to come back when partitions are dealt anew. */
  readonly rebalance_timeout_s: number;
  /** How long a broker may hold an answer back that would be smaller than `fetch_bytes_min`. */
  readonly fetch_wait_timeout_s: number;
  /** With less than this a broker waits for more; 1: a lone message is brought to the tables at once. */
  readonly fetch_bytes_min: number;
  /** Of one broker and of one partition at a time; what was read and not yet stored takes this much memory. */
  readonly fetch_bytes_max: number;
  readonly fetch_partition_bytes_max: number;
  /** Partitions whose messages are brought to the tables at the same time. */
  readonly partitions_at_once: number;
  /**
   * A partition that was brought to the tables to its end rests for as long as that took, and longer the more rows it had:
   * for every so many of them once more, at most for `rest_factor_max` times as long and `rest_max_s`. Each insert has a
   * cost of its own, so under load there are fewer and larger ones, as ClickHouse likes them, and a lone event does not
   * wait for long. Where more is in the log already nothing rests.
   */
  readonly rest_rows: number;
  readonly rest_factor_max: number;
  readonly rest_max_s: number;
  /** Bodies, and rows, of one delivery, so that the tables take it in as one block; a larger message goes alone. */
  readonly delivery_bytes_max: number;
  readonly delivery_rows_max: number;
  /**
   * So many messages behind what is stored are written down as begun together with it, or twice as many as the delivery
   * had: one insert less a delivery. After a takeover the rows of so many are compared with those that are there.
   */
  readonly begun_ahead_min: number;
  /**
   * Pause before what failed is tried again: doubled each time from the first to the last. Catching up begins so much
   * later than the tables are back, at most.
   */
  readonly retry_first_s: number;
  readonly retry_max_s: number;
  /** How often the client looks whether partitions were added to the topic. */
  readonly metadata_interval_s: number;
  /** How often the ends of the partitions are asked for: lag, and what retention took away. */
  readonly offsets_interval_s: number;
  /** A client that was silent for this long although the brokers answer has stalled: the process ends. */
  readonly stall_timeout_s: number;
  /** After that a stop no longer waits for what is under way; it is delivered again later. */
  readonly stop_timeout_s: number;
  /** Lines of one foreign message that are named one by one when they are refused. */
  readonly refused_lines_named_max: number;
}

export const KAFKA_READER_DEFAULTS: KafkaReaderConfig = {
  session_timeout_s: 30,
  heartbeat_interval_s: 3,
  rebalance_timeout_s: 60,
  fetch_wait_timeout_s: 0.25,
  fetch_bytes_min: 1,
  fetch_bytes_max: 32 * 1024 ** 2,
  fetch_partition_bytes_max: 8 * 1024 ** 2,
  partitions_at_once: 4,
  rest_rows: 500,
  rest_factor_max: 8,
  rest_max_s: 2,
  delivery_bytes_max: 16 * 1024 ** 2,
  delivery_rows_max: 500_000,
  begun_ahead_min: 100,
  retry_first_s: 0.2,
  retry_max_s: 10,
  metadata_interval_s: 30,
  offsets_interval_s: 10,
  stall_timeout_s: 20,
  stop_timeout_s: 8,
  refused_lines_named_max: 100,
};
