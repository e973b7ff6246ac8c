/** How the processes of cluster mode start and stop. Times in seconds. */
export interface ClusterConfig {
  /** Pause between two tries to reach Kafka or the tables while a process starts. */
  readonly start_retry_s: number;
  /** How often a process that still waits for them says so in its log. */
  readonly waiting_interval_s: number;
  /** An orderly stop that has not ended by then is cut short. What was acknowledged is safe in any case. */
  readonly stop_timeout_s: number;
  /** How often an analyzer looks for events of its jobs that another one stored. */
  readonly sweep_interval_s: number;
}

export const CLUSTER_DEFAULTS: ClusterConfig = {
  start_retry_s: 2,
  waiting_interval_s: 30,
  stop_timeout_s: 9,
  sweep_interval_s: 30,
};
