import type { SpoolConfig } from '../../platform/bus/config.ts';
import type { KafkaConfig } from '../../platform/bus/kafka/config.ts';

const DAY_S = 86_400;

/** Clocks of collectors, brokers and tables differ, and a batch is under way for a while before it is on the disk. */
const SLACK_S = DAY_S;

/**
 * How long readers have to remember what a producer sent last, seconds: a copy of it may be sent for as long as a
 * collector keeps a batch, and be read for as long as the topic keeps it after that.
 */
export function producersKept_s(config: {
  readonly spool: Pick<SpoolConfig, 'age_max_days'>;
  readonly kafka: Pick<KafkaConfig, 'retention_hours'>;
}): number {
  return config.spool.age_max_days * DAY_S + config.kafka.retention_hours * 3600 + SLACK_S;
}
