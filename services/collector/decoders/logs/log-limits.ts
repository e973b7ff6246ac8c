/** Bounds of the trainer-log decoders. */
export const LOG_LIMITS = {
  /** Longest line read; what is longer is rejected and passed over. */
  line_chars_max: 1024 * 1024,
  /** Lines looked at to recognise the framework of a log. */
  recognise_lines_max: 20_000,
  /** Rejected lines listed one by one; the rest is counted in a last one. */
  rejections_max: 1000,
  /** Lines of a message that spans several, such as a pretty-printed model configuration. */
  message_lines_max: 400,
} as const;
