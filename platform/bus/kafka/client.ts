import type * as KafkaJs from 'kafkajs';
import type { Log } from '../../log.ts';
import { KAFKA_DEFAULTS, type KafkaConfig } from './config.ts';
import { createSocketFactory, saslLogin } from './connections.ts';
import { loadRepairedKafkajs } from './repaired-kafkajs.ts';

/** The only file that knows the interface of kafkajs: its types are passed on here. */
export type KafkaClient = KafkaJs.Kafka;
export type KafkaAdmin = KafkaJs.Admin;
export type KafkaConsumer = KafkaJs.Consumer;
export type EachBatch = KafkaJs.EachBatchPayload;
export type KafkaProducer = KafkaJs.Producer;
export type ReceivedMessage = KafkaJs.KafkaMessage;
export type SentMessage = KafkaJs.Message;
export type RecordMetadata = KafkaJs.RecordMetadata;

/** Of the process, not of a client: the package has one register of codecs. The last configuration counts. */
const limits = {
  decompressed_bytes_max: KAFKA_DEFAULTS.decompressed_bytes_max,
  records_max: KAFKA_DEFAULTS.records_max,
};
const kafkajs = loadRepairedKafkajs(limits) as typeof KafkaJs;

export const TOPIC_RESOURCE = kafkajs.ConfigResourceTypes.TOPIC;

/** The same complaint of the client is one line in this time: in an outage each request makes several. */
const REPEATED_AFTER_MS = 30_000;

/** Whoever makes a topic is told why that failed: as a rule because another process was faster, which is no problem. */
const TOLD_ELSEWHERE = /^Response CreateTopics\b/;

/**
 * A client of the cluster; what kafkajs logs goes to `log`. Throws CredentialsUnusable when a file of `kafka.tls` or
 * `kafka.sasl` cannot be used.
 */
export function createKafkaClient(config: KafkaConfig, log: Log): KafkaClient {
  limits.decompressed_bytes_max = config.decompressed_bytes_max;
  limits.records_max = config.records_max;
  const said = new Map<string, number>();
  const sasl = saslLogin(config);
  if (sasl?.mechanism === 'plain' && !config.tls.enabled)
    log.warn('the password of kafka.sasl is sent in the clear: mechanism plain without kafka.tls');
  return new kafkajs.Kafka({
    clientId: config.client_id,
    brokers: [...config.brokers],
    socketFactory: createSocketFactory(config),
    // For its own logs: the connections are made here.
    ssl: config.tls.enabled,
    ...(sasl === undefined ? {} : { sasl }),
    connectionTimeout: config.connect_timeout_s * 1000,
    requestTimeout: config.writer.request_timeout_s * 1000,
    // Its defaults depend on NODE_ENV. These are for connecting and for asking who leads; sending is tried again elsewhere.
    retry: { initialRetryTime: 100, maxRetryTime: 1000, retries: 5 },
    logLevel: kafkajs.logLevel.WARN,
    logCreator: () => (entry) => {
      const { message, timestamp: _, logger: __, stack: ___, ...fields } = entry.log;
      if (TOLD_ELSEWHERE.test(String(message))) return;
      const now_ms = performance.now();
      if (now_ms - (said.get(message) ?? Number.NEGATIVE_INFINITY) < REPEATED_AFTER_MS) return;
      if (said.size > 100) said.clear();
      said.set(message, now_ms);
      // Some of its messages are errors.
      log.warn('kafka client', { problem: String(message), ...fields });
    },
  });
}

/**
 * What a broker said was wrong, by its name in the protocol (`MESSAGE_TOO_LARGE`), wherever kafkajs put it in an error;
 * undefined when the error does not come from a broker.
 */
export function brokerErrorType(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('type' in error && typeof error.type === 'string') return error.type;
  const inner: unknown[] = 'errors' in error && Array.isArray(error.errors) ? error.errors : [];
  for (const one of 'cause' in error ? [error.cause, ...inner] : inner) {
    const type = brokerErrorType(one);
    if (type !== undefined) return type;
  }
  return undefined;
}
