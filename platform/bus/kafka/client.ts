import {
  type Admin,
  type Consumer,
  Kafka,
  type KafkaMessage,
  logLevel,
  type Message,
  type Producer,
} from 'kafkajs';
import type { Log } from '../../log.ts';
import type { KafkaConfig } from './config.ts';

/** The only file that knows kafkajs: its types are passed on here. */
export type KafkaAdmin = Admin;
export type KafkaConsumer = Consumer;
export type KafkaProducer = Producer;
export type ReceivedMessage = KafkaMessage;
export type SentMessage = Message;

/** A client of the cluster; what kafkajs logs goes to `log`. */
export function createKafkaClient({ brokers, client_id }: KafkaConfig, log: Log): Kafka {
  return new Kafka({
    clientId: client_id,
    brokers: [...brokers],
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => {
      const { message, ...fields } = entry.log;
      log.warn('kafka client', { problem: message, ...fields });
    },
  });
}
