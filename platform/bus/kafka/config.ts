import type { PasswordSource, TlsFiles } from '../../credentials.ts';
import { KAFKA_READER_DEFAULTS, type KafkaReaderConfig } from './reader-config.ts';
import { KAFKA_WRITER_DEFAULTS, type KafkaWriterConfig } from './writer-config.ts';

/** How connections to the brokers are encrypted. Their certificates are always verified. */
export interface KafkaTlsConfig extends TlsFiles {
  readonly enabled: boolean;
  /** The name that the brokers' certificates are held against, where it is not the one they are reached by. */
  readonly server_name: string | null;
}

export const SASL_MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;
export type SaslMechanism = (typeof SASL_MECHANISMS)[number];

/** Who this process is to the brokers. */
export interface KafkaSaslConfig extends PasswordSource {
  /** One of {@link SASL_MECHANISMS}; null: it does not say (or its certificate does). */
  readonly mechanism: string | null;
  readonly username: string | null;
}

/** The Kafka bus of cluster mode. Times in seconds, sizes in bytes. */
export interface KafkaConfig {
  /** `host:port` of some brokers of the cluster. */
  readonly brokers: readonly string[];
  readonly tls: KafkaTlsConfig;
  readonly sasl: KafkaSaslConfig;
  /** How long a connection may take, with the handshake of TLS; then another broker is tried. */
  readonly connect_timeout_s: number;
  /** The name this process gives the brokers, for their logs and quotas. */
  readonly client_id: string;
  /** Batches, one message each; made when it is not there. */
  readonly topic: string;
  /** Of the topic when it is made: also the largest number of analyzers that share its work. */
  readonly partitions: number;
  readonly replication_factor: number;
  readonly min_insync_replicas: number;
  /** How long the topic keeps messages, hours; an analyzer that is away for longer loses what went. */
  readonly retention_hours: number;
  /** Largest message, bytes; the topic is made with it, and a batch that is larger is refused. */
  readonly message_bytes_max: number;
  /**
   * What one record batch may become when it is decompressed, bytes, and its records: what would be more is put aside
   * unread. Batches of ours are not compressed; this is for what others send.
   */
  readonly decompressed_bytes_max: number;
  readonly records_max: number;
  /** The consumer group that all analyzers share. */
  readonly group: string;
  readonly writer: KafkaWriterConfig;
  readonly reader: KafkaReaderConfig;
}

export const KAFKA_DEFAULTS: KafkaConfig = {
  brokers: ['127.0.0.1:9092'],
  tls: { enabled: false, ca_file: null, cert_file: null, key_file: null, server_name: null },
  sasl: { mechanism: null, username: null, password: null, password_file: null },
  connect_timeout_s: 3,
  client_id: 'headway',
  topic: 'headway',
  partitions: 12,
  replication_factor: 3,
  min_insync_replicas: 2,
  retention_hours: 72,
  message_bytes_max: 4 * 1024 ** 2,
  decompressed_bytes_max: 32 * 1024 ** 2,
  records_max: 200_000,
  group: 'headway-analyzer',
  writer: KAFKA_WRITER_DEFAULTS,
  reader: KAFKA_READER_DEFAULTS,
};
