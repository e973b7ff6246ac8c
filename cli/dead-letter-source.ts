import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openDeadLetterFolder } from '../platform/bus/dead-letter-folder.ts';
import type { DeadLetterBox } from '../platform/bus/dead-letters.ts';
import type { KafkaClient } from '../platform/bus/kafka/client.ts';
import { explained, KafkaRefused } from '../platform/bus/kafka/refusal.ts';
import { createLog, type Log, silentLog } from '../platform/log.ts';
import type { HeadwayConfig } from '../services/all-in-one/config.ts';
import type { ReplayTarget } from './dead-letter-replay.ts';
import { openAllInOne } from './open.ts';
import { CommandFailure, EXIT, usageFailure } from './outcome.ts';
import { serverTarget, tablesTarget, topicTarget } from './replay-targets.ts';
import { createServerClient } from './server-client.ts';

export interface SourceOptions {
  readonly kafka?: boolean;
  readonly url?: string;
  readonly token?: string;
}

/** Letters, and where they go when they are sent again. */
export interface DeadLetterSource {
  /** For people: which letters these are. */
  readonly name: string;
  readonly box: DeadLetterBox;
  /** Opened only when something is to be sent: a data directory must not be in use then. */
  target(): Promise<ReplayTarget>;
  close(): Promise<void>;
}

/** The folder of a data directory, or the topic of the cluster that the configuration names. */
export async function openDeadLetterSource(
  config: HeadwayConfig,
  options: SourceOptions,
): Promise<DeadLetterSource> {
  if (options.kafka !== true) return folderSource(config, options);
  if (options.url !== undefined) throw usageFailure('--url and --kafka exclude each other.');
  return topicSource(config);
}

function folderSource(config: HeadwayConfig, { url, token }: SourceOptions): DeadLetterSource {
  const { data_dir, dead_letters } = config;
  if (!existsSync(data_dir)) throw usageFailure(`there is no data directory ${data_dir}. Check --data.`);
  const folder = join(data_dir, 'dead-letter');
  let close = async () => {};
  return {
    name: folder,
    box: openDeadLetterFolder(folder, dead_letters),
    async target() {
      if (url !== undefined) return serverTarget(createServerClient(url, token));
      if (!existsSync(join(data_dir, 'chdb')))
        throw usageFailure(`${data_dir} has no tables to send to. Give --url: where to send to instead.`);
      const headway = await openAllInOne(config, createLog('error'));
      close = () => headway.stop();
      return tablesTarget(headway);
    },
    close: () => close(),
  };
}

async function topicSource(config: HeadwayConfig): Promise<DeadLetterSource> {
  // the client is heavy: commands that need it not must not wait for it
  const { createKafkaClient } = await import('../platform/bus/kafka/client.ts');
  const { deadLetterTopicOf, openDeadLetterTopic } = await import(
    '../platform/bus/kafka/dead-letter-topic.ts'
  );
  const client = createKafkaClient(config.kafka, silentLog);
  await reach(client, config);
  const { retention_hours } = config.dead_letters;
  const letters = openDeadLetterTopic({ client, config: config.kafka, retention_hours, log: silentLog });
  let closeWriter = async () => {};
  return {
    name: `topic ${deadLetterTopicOf(config.kafka.topic)} at ${config.kafka.brokers.join(', ')}`,
    box: letters,
    async target() {
      const writer = await openWriter(client, config, createLog('error'));
      closeWriter = () => writer.close();
      return topicTarget(writer);
    },
    async close() {
      await closeWriter();
      await letters.close();
    },
  };
}

async function openWriter(client: KafkaClient, config: HeadwayConfig, log: Log) {
  const { openKafkaWriter } = await import('../platform/bus/kafka/writer.ts');
  return openKafkaWriter({ client, config: config.kafka, log });
}

async function reach(client: KafkaClient, { kafka }: HeadwayConfig): Promise<void> {
  const admin = client.admin();
  try {
    await admin.connect();
  } catch (error) {
    const why = explained(error, kafka);
    if (why instanceof KafkaRefused) throw why;
    const problem = error instanceof Error ? error.message : String(error);
    throw new CommandFailure(
      EXIT.unreachable,
      `cannot reach Kafka at ${kafka.brokers.join(', ')} (${problem}). Check kafka.brokers in the configuration.`,
    );
  } finally {
    await admin.disconnect();
  }
}
