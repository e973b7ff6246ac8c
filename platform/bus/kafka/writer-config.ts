/** How one process writes to the topic. Sizes in bytes. */
export interface KafkaWriterConfig {
  /** How long a first batch of a partition waits for others to go with it. */
  readonly linger_ms: number;
  /** With so much in one partition nothing waits. */
  readonly linger_bytes: number;
  /** Small batches of one partition become one message, of bodies up to this size in all; 0: each is a message. */
  readonly pack_bytes_max: number;
  /** Batches of one partition in one request: the client's work grows with the square of its messages. */
  readonly messages_per_send_max: number;
  /** Bodies that are not acknowledged yet; with more, what comes is refused. */
  readonly buffer_bytes_max: number;
  /** How long Kafka may take to acknowledge a batch before it is refused. */
  readonly publish_timeout_s: number;
  /** How long one request may take before it is sent again. */
  readonly request_timeout_s: number;
  /** Pause before what failed is sent again: doubled each time from the first to the last. */
  readonly retry_first_s: number;
  readonly retry_max_s: number;
  /** At a stop what waits has this much longer before it is refused. */
  readonly close_timeout_s: number;
  /** When a sender that was refused may try again. */
  readonly refused_retry_after_s: number;
  /** How often the topic is looked at: partitions may be added to it while this process runs. */
  readonly topic_interval_s: number;
}

export const KAFKA_WRITER_DEFAULTS: KafkaWriterConfig = {
  linger_ms: 5,
  linger_bytes: 256 * 1024,
  pack_bytes_max: 256 * 1024,
  messages_per_send_max: 1000,
  buffer_bytes_max: 64 * 1024 ** 2,
  publish_timeout_s: 10,
  request_timeout_s: 10,
  retry_first_s: 0.1,
  retry_max_s: 2,
  close_timeout_s: 3,
  refused_retry_after_s: 5,
  topic_interval_s: 30,
};
