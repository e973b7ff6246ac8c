/** What a reader has seen since its process started. */
export interface ReaderCounts {
  readonly messages: number;
  /** Messages that no collector wrote. */
  readonly foreign_messages: number;
  /** Lines of those that were refused. */
  readonly refused_lines: number;
  /** Messages and lines put aside, each with its reason. */
  readonly dead_letters: number;
  /** Messages that were in the log before, of the same producer under the same number. */
  readonly copies: number;
  /** Numbers of a producer that never came: batches it gave up, or that were lost. */
  readonly skipped_sequences: number;
  /** Deliveries whose handler failed; each is tried again. */
  readonly failed_deliveries: number;
  /** Times that the tables did not take, or give, a position; each is tried again. */
  readonly failed_positions: number;
  /** Ranges that an earlier claim had begun, delivered again. */
  readonly repeated_ranges: number;
  /** Partitions given up because another process claimed them. */
  readonly fenced: number;
  /** Messages, at most, that retention deleted before they were read. */
  readonly lost_messages: number;
  /** Partitions whose log was made anew, or lost its end, under the reader. */
  readonly changed_logs: number;
  /** Positions that Kafka was not told; they are safe in the tables. */
  readonly failed_commits: number;
  /** Times that partitions were dealt to this reader. */
  readonly joins: number;
  /** Breakdowns of the client that it recovered from by itself. */
  readonly restarts: number;
}

export type MutableCounts = { -readonly [K in keyof ReaderCounts]: number };

export function noCounts(): MutableCounts {
  return {
    messages: 0,
    foreign_messages: 0,
    refused_lines: 0,
    dead_letters: 0,
    copies: 0,
    skipped_sequences: 0,
    failed_deliveries: 0,
    failed_positions: 0,
    repeated_ranges: 0,
    fenced: 0,
    lost_messages: 0,
    changed_logs: 0,
    failed_commits: 0,
    joins: 0,
    restarts: 0,
  };
}
