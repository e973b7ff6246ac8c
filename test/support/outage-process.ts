/**
 * A collector without its doors, to be killed: the writer to Kafka (brokers argv[3], topic argv[4]) and the disk beside
 * it in the folder argv[2]. One line of standard input is one publish, `{"id": n, "event": {...}}`; standard output says
 * `ready` and `ack <id>`. The end of standard input means: hand everything on to Kafka and leave.
 */
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { RunEvent } from '../../domain/events.ts';
import { SPOOL_DEFAULTS } from '../../platform/bus/config.ts';
import { openDeadLetterFolder } from '../../platform/bus/dead-letter-folder.ts';
import { createKafkaClient } from '../../platform/bus/kafka/client.ts';
import { openKafkaWriter } from '../../platform/bus/kafka/writer.ts';
import { openOutageBus } from '../../platform/bus/outage-writer.ts';
import { encodeRunEvents } from '../../platform/bus/run-event-batch.ts';
import { createLog, silentLog } from '../../platform/log.ts';
import { kafkaConfig } from './kafka-read-back.ts';

const [, , folder, broker, topic] = process.argv;
if (folder === undefined || broker === undefined || topic === undefined)
  throw new Error('usage: outage-process <folder> <broker> <topic>');

const defaults = kafkaConfig([broker], { topic });
const config = { ...defaults, writer: { ...defaults.writer, publish_timeout_s: 1, request_timeout_s: 1 } };
const kafka = openKafkaWriter({ client: createKafkaClient(config, silentLog), config, log: silentLog });
const bus = await openOutageBus({
  kafka,
  folder: join(folder, 'spool'),
  // Small segments and deliveries, so that kills fall between two of them.
  config: { ...SPOOL_DEFAULTS, segment_bytes_max: 50_000, delivery_bytes_max: 10_000, retry_max_s: 1 },
  deadLetters: openDeadLetterFolder(join(folder, 'dead-letter')),
  log: createLog('error'),
});
say('ready');

const publishing = new Set<Promise<void>>();
for await (const line of createInterface({ input: process.stdin })) {
  const { id, event } = JSON.parse(line) as { id: number; event: RunEvent };
  const published = bus.writer.publish(encodeRunEvents([event], Date.now())).then(() => say(`ack ${id}`));
  publishing.add(published);
  void published.finally(() => publishing.delete(published));
}
await Promise.all(publishing);
await bus.drained();
await bus.close();
await kafka.close();

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
