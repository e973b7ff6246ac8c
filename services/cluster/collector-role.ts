import { join } from 'node:path';
import { measureDeadLetters, measureOutage, measurePublishes } from '../../platform/bus/bus-metrics.ts';
import { openDeadLetterFolder } from '../../platform/bus/dead-letter-folder.ts';
import { createKafkaClient } from '../../platform/bus/kafka/client.ts';
import { measureKafkaWriter } from '../../platform/bus/kafka/kafka-metrics.ts';
import { type KafkaWriter, openKafkaWriter } from '../../platform/bus/kafka/writer.ts';
import { openOutageBus } from '../../platform/bus/outage-writer.ts';
import { type Clock, systemClock } from '../../platform/clock.ts';
import { lockDirectory } from '../../platform/directory-lock.ts';
import type { Log } from '../../platform/log.ts';
import { createCounters } from '../../platform/telemetry/counters.ts';
import type { Readiness } from '../../platform/telemetry/operation-routes.ts';
import { requireGuardedDoors } from '../all-in-one/access.ts';
import type { HeadwayConfig } from '../all-in-one/config.ts';
import { prepareDataDirectory } from '../all-in-one/data-directory.ts';
import { createCollector } from '../collector/collector.ts';
import { openOwnTelemetry } from './own-telemetry.ts';
import { createRole, type Role } from './role.ts';
import { createRoleApp } from './role-app.ts';

/**
 * Takes in what is sent and scraped and hands it to Kafka, or to its own disk while Kafka is away. It is ready from the
 * start on, whether Kafka is there or not, as long as it can keep what it acknowledges; but not where Kafka has refused
 * it from the start on.
 *
 * Throws OpenDoor, DataDirectoryUnusable, StoreLocked, CredentialsUnusable.
 */
export async function openCollectorRole(
  config: HeadwayConfig,
  log: Log,
  clock: Clock = systemClock,
): Promise<Role> {
  requireGuardedDoors(config, ['ingest']);
  await prepareDataDirectory(config.data_dir);
  const lock = await lockDirectory(config.data_dir);
  const own = openOwnTelemetry(config.telemetry, log);
  const { telemetry } = own;
  const kafka = openKafkaWriter({ client: createKafkaClient(config.kafka, log), config: config.kafka, log });
  const ofBus = createCounters(telemetry.meter, 'bus');
  const folder = openDeadLetterFolder(join(config.data_dir, 'dead-letter'), config.dead_letters);
  const bus = await openOutageBus({
    kafka,
    folder: join(config.data_dir, 'spool'),
    config: config.spool,
    deadLetters: measureDeadLetters(ofBus, folder),
    log,
  });
  measureKafkaWriter(ofBus, kafka);
  measureOutage(ofBus, bus, config.spool);
  const collector = createCollector({
    config: config.collector,
    bus: measurePublishes(ofBus, bus.writer),
    clock,
    log,
    counters: createCounters(telemetry.meter, 'collector'),
  });
  const app = createRoleApp({
    role: 'collector',
    telemetry,
    checks: { kafka: async () => readinessOf(kafka) },
    readiness_timeout_s: config.telemetry.readiness_timeout_s,
    receivers: collector.routes,
  });
  return createRole(config, {
    app,
    run: async () => collector.start(),
    async endRequests() {
      const stopped = collector.stop();
      // Who waits for Kafka in vain is to be answered before the port closes: from the disk, once the writer gives up.
      if (!(await bus.settled(STOP_SETTLE_S))) await kafka.close();
      await stopped;
    },
    async close() {
      // Together: what still waits for Kafka goes to the disk once its writer gives up.
      await Promise.all([bus.close(), kafka.close()]);
      await own.close();
      await lock.release();
    },
  });
}

/**
 * Wrong credentials since the start are a mistake of a deployment, which is not to replace processes that work; nothing
 * that comes nevertheless is lost. Who was let in once goes on with its disk, like in any outage.
 */
function readinessOf(kafka: KafkaWriter): Readiness {
  const { refusal, partitions } = kafka.stats();
  if (refusal === null) return { ok: true };
  return partitions === null
    ? { ok: false, reason: refusal.message }
    : { ok: true, warning: refusal.message };
}

/** Kafka takes milliseconds when it is there. */
const STOP_SETTLE_S = 1;
