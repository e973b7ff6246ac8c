import { join } from 'node:path';
import type { RunEvent } from '../../domain/events.ts';
import type { Batch } from '../../platform/bus/bus.ts';
import {
  measureDeadLetters,
  measureDeliveries,
  measurePublishes,
  measureSpool,
} from '../../platform/bus/bus-metrics.ts';
import { openDeadLetterFolder } from '../../platform/bus/dead-letter-folder.ts';
import { encodeRunEvents } from '../../platform/bus/run-event-batch.ts';
import { openSpool, type Spool } from '../../platform/bus/spool.ts';
import { type Clock, systemClock } from '../../platform/clock.ts';
import { type DirectoryLock, lockDirectory } from '../../platform/directory-lock.ts';
import { processEnvironment } from '../../platform/environment.ts';
import { type HttpServer, listen } from '../../platform/http-server.ts';
import type { Log } from '../../platform/log.ts';
import { createSeriesEncoder } from '../../platform/series/series-encoder.ts';
import { openEmbeddedStore } from '../../platform/store/embedded.ts';
import { migrate } from '../../platform/store/migrate.ts';
import type { Store } from '../../platform/store/store.ts';
import { withStandardVariables } from '../../platform/telemetry/config.ts';
import { createCounters } from '../../platform/telemetry/counters.ts';
import { measureProcess } from '../../platform/telemetry/process-metrics.ts';
import { startTelemetry } from '../../platform/telemetry/telemetry.ts';
import { headwayVersion } from '../../platform/version.ts';
import { createAnalyzer } from '../analyzer/analyzer.ts';
import { createIngest } from '../analyzer/ingest/ingest.ts';
import { createCollector } from '../collector/collector.ts';
import { requireGuardedDoors } from './access.ts';
import { type HeadwayConfig, siteOf } from './config.ts';
import { prepareDataDirectory } from './data-directory.ts';
import { createApp } from './routes.ts';

/** The embedded product: collector, analyzer, API and page in one process, over the spool and the engine in it. */
export interface Headway {
  readonly store: Store;
  /** Binds the configured address and begins to scrape and to account; returns the URL. Throws ListenFailed. */
  listen(): Promise<string>;
  /** The way of `POST /v1/events` without the socket: resolves when the events survive a crash. */
  publish(events: readonly RunEvent[]): Promise<void>;
  /** Batches as they are, such as those that were put aside: resolves when they survive a crash. */
  publishBatches(batches: readonly Batch[]): Promise<void>;
  /** Resolves when everything acknowledged before the call is in the tables. */
  caughtUp(): Promise<void>;
  /** Orderly: no new work, what runs ends, the tables are closed. What was acknowledged stays in any case. */
  stop(): Promise<void>;
}

/** Opens data directory, spool and tables. Throws StoreLocked, OpenDoor, DataDirectoryUnusable. Nothing listens before `listen`. */
export async function openHeadway(
  config: HeadwayConfig,
  log: Log,
  clock: Clock = systemClock,
): Promise<Headway> {
  requireGuardedDoors(config);
  await prepareDataDirectory(config.data_dir);
  // the engine guards the tables; a collector of a cluster has none, but the same spool
  const lock = await lockDirectory(config.data_dir);
  let store: Store | undefined;
  try {
    store = await openEmbeddedStore(config.data_dir, config.store, log);
    await migrate(store);
    const spool = await openSpool(join(config.data_dir, 'spool'), config.spool, log);
    return compose({ config, log, clock, store, spool, lock });
  } catch (error) {
    await store?.close();
    await lock.release();
    throw error;
  }
}

interface Parts {
  readonly config: HeadwayConfig;
  readonly log: Log;
  readonly clock: Clock;
  readonly store: Store;
  readonly spool: Spool;
  readonly lock: DirectoryLock;
}

function compose({ config, log, clock, store, spool, lock }: Parts): Headway {
  const telemetry = startTelemetry(withStandardVariables(config.telemetry, processEnvironment()), {
    log,
    version: headwayVersion(),
  });
  const process = measureProcess(telemetry.meter, config.telemetry);
  const ofBus = createCounters(telemetry.meter, 'bus');
  measureSpool(ofBus, spool, config.spool);
  const bus = measurePublishes(ofBus, spool.writer);
  const analyzer = createAnalyzer({
    store,
    clock,
    log,
    config: config.analyzer,
    site: siteOf(config),
    device_telemetry: config.device_telemetry,
    encoder: createSeriesEncoder(),
    counters: createCounters(telemetry.meter, 'analyzer'),
  });
  const folder = openDeadLetterFolder(join(config.data_dir, 'dead-letter'), config.dead_letters);
  const deadLetters = measureDeadLetters(ofBus, folder);
  const ingest = createIngest({ store, log, deadLetters, onJobs: (jobs) => analyzer.touch(jobs) });
  const collector = createCollector({
    config: config.collector,
    bus,
    clock,
    log,
    counters: createCounters(telemetry.meter, 'collector'),
  });
  const caughtUp = () => spool.reader.drained();
  const closing = new AbortController();
  const parts = { config, log, clock, store, collector: collector.routes, telemetry, caughtUp };
  const app = createApp({ ...parts, closing: closing.signal });
  spool.reader.run(measureDeliveries(ofBus, ingest));
  let server: HttpServer | undefined;
  return {
    store,
    async listen() {
      server = await listen(app, config.server);
      collector.start();
      analyzer.start();
      return server.url;
    },
    publishBatches: (batches) => bus.publish(batches),
    publish: (events) => bus.publish(encodeRunEvents(events, Math.round(clock.now_us() / 1000))),
    caughtUp,
    async stop() {
      await collector.stop();
      closing.abort();
      await server?.close();
      await analyzer.stop();
      await spool.close();
      await store.close();
      await lock.release();
      process.stop();
      await telemetry.shutdown();
    },
  };
}
