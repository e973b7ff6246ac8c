import { createKafkaClient } from '../platform/bus/kafka/client.ts';
import { explained, KafkaRefused } from '../platform/bus/kafka/refusal.ts';
import { lookAtTopic } from '../platform/bus/kafka/topic.ts';
import { CredentialsUnusable } from '../platform/credentials.ts';
import { silentLog } from '../platform/log.ts';
import { storeErrorOf, UNKNOWN_DATABASE } from '../platform/store/engine-errors.ts';
import { ServerConnection } from '../platform/store/server-connection.ts';
import { StoreRefused, storeRefusalOf } from '../platform/store/server-refusal.ts';
import { StoreError } from '../platform/store/store.ts';
import type { HeadwayConfig } from '../services/all-in-one/config.ts';
import { type DoctorCheck, fine, problem } from './doctor-checks.ts';

/** Whether brokers answer, and whether the topic is as acknowledging needs it. Nothing is made. */
export async function checkBrokers({ kafka }: Pick<HeadwayConfig, 'kafka'>): Promise<DoctorCheck> {
  const address = kafka.brokers.join(', ');
  try {
    const { topic, brokers } = await lookAtTopic(createKafkaClient(kafka, silentLog), kafka);
    const found = `${address}: ${brokers} ${brokers === 1 ? 'broker' : 'brokers'}`;
    if (topic === null) {
      if (brokers >= kafka.replication_factor)
        return fine('kafka', `${found}; topic ${kafka.topic} will be made`);
      const detail = `${found}, fewer than kafka.replication_factor (${kafka.replication_factor}): topic ${kafka.topic} cannot be made`;
      return problem('kafka', detail, 'Add brokers, or set replication_factor and min_insync_replicas to 1.');
    }
    const detail = `${found}; topic ${kafka.topic} has ${topic.partitions} partitions`;
    if (topic.warnings.length === 0) return fine('kafka', detail);
    return problem(
      'kafka',
      `${detail}; ${topic.warnings.join('; ')}`,
      topic.isShown
        ? 'Change the topic with kafka-configs.sh.'
        : 'Give this user the right to see them: DescribeConfigs on the topic.',
    );
  } catch (cause) {
    const error = explained(cause, kafka);
    if (error instanceof KafkaRefused) return problem('kafka', error.problem, error.mend);
    const reason = error instanceof Error ? error.message : String(error);
    const mend = 'Start Kafka, or mend kafka.brokers: `host:port` as this machine reaches them.';
    return problem('kafka', `${address} does not answer: ${reason}`, mend);
  }
}

/** Whether the server answers and lets us in. Nothing is made. */
export async function checkTables({ clickhouse }: Pick<HeadwayConfig, 'clickhouse'>): Promise<DoctorCheck> {
  const { url, database } = clickhouse;
  let connection: ServerConnection | undefined;
  try {
    connection = new ServerConnection(clickhouse);
    const [row] = await connection.query<{ version: string }>('SELECT version() AS version', {});
    return fine('clickhouse', `${url}: version ${row?.version}; database ${database}`);
  } catch (cause) {
    const error = storeRefusalOf(storeErrorOf(cause), clickhouse);
    if (error instanceof StoreError && error.engine_code === UNKNOWN_DATABASE)
      return fine('clickhouse', `${url}; database ${database} will be made`);
    if (error instanceof StoreRefused || error instanceof CredentialsUnusable)
      return problem('clickhouse', error.problem, error.mend);
    const reason = error instanceof Error ? error.message : String(error);
    const mend = 'Start ClickHouse, or mend clickhouse.url: its HTTP port (8123, or 8443 with https).';
    return problem('clickhouse', `${url}: ${reason.split('\n', 1)[0]}`, mend);
  } finally {
    await connection?.close();
  }
}
