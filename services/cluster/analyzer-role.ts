import { once } from 'node:events';
import { measureDeadLetters, measureDeliveries } from '../../platform/bus/bus-metrics.ts';
import { createKafkaClient } from '../../platform/bus/kafka/client.ts';
import { openDeadLetterTopic } from '../../platform/bus/kafka/dead-letter-topic.ts';
import { measureKafkaReader } from '../../platform/bus/kafka/kafka-metrics.ts';
import { KafkaReader } from '../../platform/bus/kafka/reader.ts';
import { type Clock, systemClock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import { createSeriesEncoder } from '../../platform/series/series-encoder.ts';
import { claimName } from '../../platform/store/claims.ts';
import { createPartitionPositions } from '../../platform/store/partition-positions.ts';
import type { ClaimableStore } from '../../platform/store/store.ts';
import { createCounters } from '../../platform/telemetry/counters.ts';
import type { Readiness } from '../../platform/telemetry/operation-routes.ts';
import type { Telemetry } from '../../platform/telemetry/telemetry.ts';
import { type HeadwayConfig, siteOf } from '../all-in-one/config.ts';
import { createIngest } from '../analyzer/ingest/ingest.ts';
import { createShardedAnalyzer } from '../analyzer/shards.ts';
import { openOwnTelemetry } from './own-telemetry.ts';
import { producersKept_s } from './producers-kept.ts';
import { createRole, type Role } from './role.ts';
import { createRoleApp } from './role-app.ts';
import { keepShards } from './shard-keeper.ts';
import { tablesOf } from './tables.ts';

/**
 * Brings what Kafka has to the tables and accounts the jobs whose partitions it was dealt. Waits for the tables, and for
 * Kafka; begins anew as a process when the client of Kafka broke down or stalled.
 */
export function openAnalyzerRole(config: HeadwayConfig, log: Log, clock: Clock = systemClock): Role {
  const own = openOwnTelemetry(config.telemetry, log);
  const tables = tablesOf(config, log);
  let working: Working | undefined;
  const app = createRoleApp({
    role: 'analyzer',
    telemetry: own.telemetry,
    checks: {
      tables: tables.readiness,
      kafka: async () => working?.readiness() ?? { ok: false, reason: 'waits for the tables' },
    },
    readiness_timeout_s: config.telemetry.readiness_timeout_s,
  });
  return createRole(config, {
    app,
    async run(signal) {
      const store = await tables.open(signal);
      if (store === undefined || signal.aborted) return;
      working = beginWork({ config, log, clock, store, telemetry: own.telemetry });
      const failure = await Promise.race([working.failed, aborted(signal)]);
      if (failure !== undefined) throw failure;
    },
    endRequests: async () => undefined,
    async close() {
      await working?.stop();
      await tables.close();
      await own.close();
    },
  });
}

/** Without it an orderly stop would wait for a failure. */
async function aborted(signal: AbortSignal): Promise<undefined> {
  if (!signal.aborted) await once(signal, 'abort');
}

interface Parts {
  readonly config: HeadwayConfig;
  readonly log: Log;
  readonly clock: Clock;
  readonly store: ClaimableStore;
  readonly telemetry: Telemetry;
}

interface Working {
  readonly failed: Promise<Error>;
  readiness(): Readiness;
  stop(): Promise<void>;
}

function beginWork({ config, log, clock, store, telemetry }: Parts): Working {
  const ofBus = createCounters(telemetry.meter, 'bus');
  const letters = openDeadLetterTopic({
    client: createKafkaClient(config.kafka, log),
    config: config.kafka,
    retention_hours: config.dead_letters.retention_hours,
    log,
  });
  const deadLetters = measureDeadLetters(ofBus, letters);
  const positions = createPartitionPositions(store, { producers_kept_s: producersKept_s(config) });
  const reader = new KafkaReader({ config: config.kafka, positions, deadLetters, log });
  measureKafkaReader(ofBus, reader);
  const { ownership } = reader;
  const nameOf = (partition: number) => `accounts/${config.kafka.topic}/${partition}`;
  const analyzer = createShardedAnalyzer({
    store,
    clock,
    log,
    config: config.analyzer,
    site: siteOf(config),
    device_telemetry: config.device_telemetry,
    encoder: createSeriesEncoder(),
    counters: createCounters(telemetry.meter, 'analyzer'),
    shardOf(job) {
      const partition = ownership.partitionOf(job);
      return partition === undefined ? undefined : nameOf(partition);
    },
  });
  const shards = keepShards({
    dealing: ownership,
    analyzer,
    nameOf,
    claim: (partition) => claimName(store, nameOf(partition)),
    retry_s: config.cluster.start_retry_s,
    check_s: config.cluster.shards_interval_s,
    log,
  });
  const ingest = createIngest({ store, log, deadLetters, onJobs: (jobs) => analyzer.touch(jobs) });
  reader.run(measureDeliveries(ofBus, ingest));
  analyzer.start();
  return {
    failed: reader.failed,
    readiness() {
      const { joins, problem } = reader.stats();
      return joins > 0 ? { ok: true } : { ok: false, reason: problem ?? 'has not been dealt partitions yet' };
    },
    async stop() {
      await Promise.all([reader.stop(), shards.stop(), analyzer.stop()]);
      await letters.close();
    },
  };
}
