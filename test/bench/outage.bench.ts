import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SPOOL_DEFAULTS } from '../../platform/bus/config.ts';
import { openDeadLetterFolder } from '../../platform/bus/dead-letter-folder.ts';
import { createKafkaClient } from '../../platform/bus/kafka/client.ts';
import { openKafkaWriter } from '../../platform/bus/kafka/writer.ts';
import { type OutageBus, openOutageBus } from '../../platform/bus/outage-writer.ts';
import { silentLog } from '../../platform/log.ts';
import { startKafka } from '../support/kafka-broker.ts';
import { missingForKafka } from '../support/kafka-jars.ts';
import { kafkaConfig } from '../support/kafka-read-back.ts';
import { batchOf } from '../support/kafka-writer.ts';
import { makeFolder } from '../support/temporary-folder.ts';

const AWAY_S = 20;
/** Publishes a second, each of some batches of different jobs, as a collector of a few thousand devices has them. */
const PUBLISHES_A_SECOND = 100;
const BATCHES = 8;
const BODY = Buffer.alloc(6 * 1024, '{"of":"some job"}\n');

/**
 * The brokers are away for a while under load and come back; the load goes on. How long until all that was kept on the
 * disk is at the brokers and batches go straight to them again: at least 3 times faster than it was taken in.
 */
export async function benchOutage(): Promise<string> {
  const missing = missingForKafka();
  if (missing !== undefined) return `Outage: ${missing}\n`;
  const folder = await makeFolder();
  const broker = await startKafka();
  const config = kafkaConfig(broker.brokers);
  const kafka = openKafkaWriter({ client: createKafkaClient(config, silentLog), config, log: silentLog });
  const deadLetters = openDeadLetterFolder(join(folder.path, 'dead-letter'));
  const bus = await openOutageBus({
    ...{ kafka, deadLetters, log: silentLog, folder: join(folder.path, 'spool') },
    config: { ...SPOOL_DEFAULTS, retry_max_s: 5 },
  });
  const over = new AbortController();
  try {
    await kafka.connected();
    const loading = load(bus, over.signal);
    await sleep(2000);
    await broker.kill(0);
    const began = performance.now();
    await sleep(AWAY_S * 1000);
    await broker.restart(0);
    const back = performance.now();
    const away_s = (back - began) / 1000;
    const kept_bytes = bus.stats().spool.waiting_bytes;
    const used = process.cpuUsage();
    await bus.drained();
    const drained_s = (performance.now() - back) / 1000;
    const { user, system } = process.cpuUsage(used);
    const cpu_s = (user + system) / 1e6;
    over.abort();
    const longest_ms = await loading;
    const mib = (kept_bytes / 1024 ** 2).toFixed(0);
    return (
      `Outage: ${mib} MiB taken to the disk in ${away_s.toFixed(0)} s without Kafka are handed on ${drained_s.toFixed(1)} s ` +
      `after it came back, under the same load: ${(away_s / drained_s).toFixed(1)} x real time ` +
      `(${cpu_s.toFixed(1)} s of processor time for that and the load); ` +
      `longest publish ${(longest_ms / 1000).toFixed(1)} s\n`
    );
  } finally {
    over.abort();
    await bus.close();
    await kafka.close();
    await broker.stop();
    await folder.remove();
  }
}

/** Publishes at a steady pace whatever becomes of it; resolves with the longest time that one took, ms. */
async function load(bus: OutageBus, signal: AbortSignal): Promise<number> {
  const underWay = new Set<Promise<void>>();
  const began = performance.now();
  let longest_ms = 0;
  for (let sent = 0; !signal.aborted; ) {
    const due = ((performance.now() - began) / 1000) * PUBLISHES_A_SECOND;
    for (; sent < due; sent++) {
      const at = performance.now();
      const batches = Array.from({ length: BATCHES }, (_, n) => batchOf(`job-${n}`, BODY));
      const published = bus.writer.publish(batches).then(() => {
        longest_ms = Math.max(longest_ms, performance.now() - at);
      });
      underWay.add(published);
      void published.finally(() => underWay.delete(published));
    }
    await sleep(10);
  }
  await Promise.allSettled(underWay);
  return longest_ms;
}
