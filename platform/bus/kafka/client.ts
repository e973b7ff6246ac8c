import kafkajs, {
  type Admin,
  type Consumer,
  type EachBatchPayload,
  type Kafka,
  type KafkaMessage,
  type Message,
  type Producer,
  type RecordMetadata,
} from 'kafkajs';
import type { Log } from '../../log.ts';
import type { KafkaConfig } from './config.ts';

/** The only file that knows kafkajs: its types are passed on here. */
export type KafkaClient = Kafka;
export type KafkaAdmin = Admin;
export type KafkaConsumer = Consumer;
export type EachBatch = EachBatchPayload;
export type KafkaProducer = Producer;
export type ReceivedMessage = KafkaMessage;
export type SentMessage = Message;
export type { RecordMetadata };

/** Node finds only some of the names that this CommonJS module exports; the default has them all. */
export const TOPIC_RESOURCE = kafkajs.ConfigResourceTypes.TOPIC;

/** The same complaint of the client is one line in this time: in an outage each request makes several. */
const REPEATED_AFTER_MS = 30_000;

/** A client of the cluster; what kafkajs logs goes to `log`. */
export function createKafkaClient(config: KafkaConfig, log: Log): KafkaClient {
  const said = new Map<string, number>();
  return new kafkajs.Kafka({
    clientId: config.client_id,
    brokers: [...config.brokers],
    requestTimeout: config.writer.request_timeout_s * 1000,
    // Its defaults depend on NODE_ENV. These are for connecting and for asking who leads; sending is tried again elsewhere.
    retry: { initialRetryTime: 100, maxRetryTime: 1000, retries: 5 },
    logLevel: kafkajs.logLevel.WARN,
    logCreator: () => (entry) => {
      const { message, timestamp: _, logger: __, stack: ___, ...fields } = entry.log;
      const now_ms = performance.now();
      if (now_ms - (said.get(message) ?? Number.NEGATIVE_INFINITY) < REPEATED_AFTER_MS) return;
      if (said.size > 100) said.clear();
      said.set(message, now_ms);
      log.warn('kafka client', { problem: message, ...fields });
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
