/** Numbers of the alert rules, in one place: a deployment, the demo and a test each may have their own. */
export interface AlertThresholds {
  /** MFU over its learned normal. */
  readonly mfu_ticket_ratio: number;
  readonly mfu_page_ratio: number;
  /** Where Grafana lets an MFU alert end: above where it began, against flapping. */
  readonly mfu_recovery_ratio: number;
  readonly mfu_for_s: number;
  readonly linearity_ticket_ratio: number;
  readonly linearity_recovery_ratio: number;
  readonly linearity_for_s: number;
  /** goodput_runtime over the last hour. */
  readonly goodput_ticket_ratio: number;
  readonly goodput_recovery_ratio: number;
  readonly goodput_for_s: number;
  /** MFU above OFU: as long as live figures look back, so that both are of the same time. */
  readonly implausible_for_s: number;
  /** Share of a day in the bucket `other` (`ledger.md`, R8). */
  readonly other_ticket_ratio: number;
  readonly other_recovery_ratio: number;
  readonly other_for_s: number;
  /**
   * A stall pages at once: the analyzer has already waited for 10 median steps or 300 s before it calls the state
   * `hang`, and a second wait here would only be paid in devices.
   */
  readonly stalled_for_s: number;
  /** The two windows of a burn rate are the wait; this only skips a single odd point. */
  readonly slo_for_s: number;
  /** Acknowledged data that is older than this and not in the tables is late. */
  readonly data_late_s: number;
  /** Share of a spool; past it somebody has to act before senders are refused. */
  readonly spool_full_ratio: number;
  /** How long a collector may keep batches on its disk before somebody is told. */
  readonly outage_s: number;
  readonly pipeline_for_s: number;
  readonly keep_firing_s: number;
  /** How often the rules are evaluated. */
  readonly interval_s: number;
}

export const ALERT_THRESHOLDS: AlertThresholds = {
  mfu_ticket_ratio: 0.9,
  mfu_page_ratio: 0.7,
  mfu_recovery_ratio: 0.95,
  mfu_for_s: 600,
  linearity_ticket_ratio: 0.95,
  linearity_recovery_ratio: 0.97,
  linearity_for_s: 900,
  goodput_ticket_ratio: 0.9,
  goodput_recovery_ratio: 0.92,
  goodput_for_s: 600,
  implausible_for_s: 600,
  other_ticket_ratio: 0.02,
  other_recovery_ratio: 0.015,
  other_for_s: 600,
  stalled_for_s: 0,
  slo_for_s: 60,
  data_late_s: 300,
  spool_full_ratio: 0.8,
  outage_s: 300,
  pipeline_for_s: 120,
  keep_firing_s: 120,
  interval_s: 15,
};

/** The same thresholds with waits of seconds, for a demonstration that nobody watches for ten minutes. */
export const DEMO_ALERT_THRESHOLDS: AlertThresholds = {
  ...ALERT_THRESHOLDS,
  mfu_for_s: 10,
  linearity_for_s: 10,
  goodput_for_s: 10,
  implausible_for_s: 60,
  other_for_s: 60,
  slo_for_s: 0,
  pipeline_for_s: 0,
  keep_firing_s: 5,
  interval_s: 2,
};
