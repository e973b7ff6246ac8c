import { systemClock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import type { HeadwayConfig } from '../services/all-in-one/config.ts';
import { createSimulatedCluster, type SimulatedCluster } from '../simulator/cluster.ts';
import type { ScenarioName, SimulatorConfig } from '../simulator/config.ts';
import { type Headway, listenOrStop, openAllInOne } from './open.ts';
import { createServerClient } from './server-client.ts';

export interface Demo {
  readonly headway: Headway;
  readonly cluster: SimulatedCluster;
  readonly url: string;
  stop(): Promise<void>;
}

export interface DemoOptions {
  readonly scenario: ScenarioName;
  readonly seed: number;
  readonly log: Log;
  readonly simulator?: Partial<SimulatorConfig>;
}

/** Seconds between two looks at the simulated devices and two accounts of the job: it has to be seen to move. */
const DEMO_INTERVAL_S = 2;

/**
 * The product as `start` runs it, and a simulated cluster that reaches it through the same doors as a real one: its
 * dcgm-exporter pages are scraped over HTTP, its events are posted to `/v1/events`.
 */
export async function startDemo(config: HeadwayConfig, options: DemoOptions): Promise<Demo> {
  const { log } = options;
  let send: (lines: string[]) => Promise<unknown> = () => Promise.reject(new Error('not listening yet'));
  const cluster = createSimulatedCluster(options.scenario, {
    seed: options.seed,
    clock: systemClock,
    log,
    ...(options.simulator === undefined ? {} : { config: options.simulator }),
    send: async (events) => void (await send(events.map((event) => JSON.stringify(event)))),
  });
  const targets = await cluster.openPages();
  const headway = await openAllInOne(withTargets(config, targets), log).catch(async (error: unknown) => {
    await cluster.stop();
    throw error;
  });
  const url = await listenOrStop(headway).catch(async (error: unknown) => {
    await cluster.stop();
    throw error;
  });
  const client = createServerClient(url, config.collector.ingest_token ?? undefined);
  send = (lines) => client.sendEventLines(lines);
  cluster.start();
  await cluster.backfilled();
  return {
    headway,
    cluster,
    url,
    async stop() {
      await cluster.stop();
      await headway.stop();
    },
  };
}

function withTargets(config: HeadwayConfig, targets: readonly string[]): HeadwayConfig {
  const { collector, analyzer } = config;
  return {
    ...config,
    analyzer: { ...analyzer, interval_s: Math.min(analyzer.interval_s, DEMO_INTERVAL_S) },
    collector: {
      ...collector,
      scrape: [...collector.scrape, { name: 'dcgm', targets: [...targets], interval_s: DEMO_INTERVAL_S }],
    },
  };
}
