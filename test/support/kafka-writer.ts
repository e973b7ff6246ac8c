import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import type { Batch } from '../../platform/bus/bus.ts';
import { createKafkaClient } from '../../platform/bus/kafka/client.ts';
import type { KafkaConfig } from '../../platform/bus/kafka/config.ts';
import {
  type KafkaWriter,
  type KafkaWriterOptions,
  openKafkaWriter,
} from '../../platform/bus/kafka/writer.ts';
import { silentLog } from '../../platform/log.ts';

/** A writer that is closed when the test is over. */
export function openedWriter(
  config: KafkaConfig,
  own: Partial<Omit<KafkaWriterOptions, 'config'>> = {},
): KafkaWriter {
  const client = createKafkaClient(config, silentLog);
  const writer = openKafkaWriter({ client, config, log: silentLog, ...own });
  onTestFinished(() => writer.close());
  return writer;
}

/** One line of run events, or bytes of another kind. */
export function batchOf(
  key: string,
  body: string | Uint8Array = `{"of":"${key}"}\n`,
  id: string = randomUUID(),
): Batch {
  return { id, kind: 'run_events', schemaVersion: 1, key, rows: 1, body: Buffer.from(body) };
}
