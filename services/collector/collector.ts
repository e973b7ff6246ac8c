import { Hono } from 'hono';
import type { BusWriter } from '../../platform/bus/bus.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import type { Counters } from '../../platform/telemetry/counters.ts';
import { createCollectorCounters, NO_COUNTERS } from './collector-counters.ts';
import type { CollectorConfig, ScrapeJobConfig } from './config.ts';
import { createEventsReceiver } from './receivers/events.ts';
import { createTargetScraper } from './receivers/scrape.ts';
import { type ScrapeLoop, startScrapeLoop } from './receivers/scrape-loop.ts';
import { type ScrapeTarget, scrapeTargets } from './receivers/scrape-target.ts';

export interface CollectorDependencies {
  readonly config: CollectorConfig;
  readonly bus: BusWriter;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters?: Counters;
}

export interface Collector {
  /** The push receivers: `POST /v1/events`. To be mounted at the root. */
  readonly routes: Hono;
  /** Begins to scrape. */
  start(): void;
  /** Ends every scrape; what they published is durable. */
  stop(): Promise<void>;
  /** More jobs to scrape than the configuration has (a simulator's); they begin with `start`, or at once after it. */
  addTargets(jobs: readonly ScrapeJobConfig[]): void;
}

/** Composes the receivers. Throws ConfigError when a scrape job of the configuration is not usable. */
export function createCollector(deps: CollectorDependencies): Collector {
  const { config, bus, clock, log } = deps;
  const counters = deps.counters === undefined ? NO_COUNTERS : createCollectorCounters(deps.counters);
  const limits = config.scrape_limits;
  const waiting: ScrapeTarget[] = scrapeTargets(config.scrape, limits);
  const loops: ScrapeLoop[] = [];
  let isStarted = false;

  const startWaiting = (): void => {
    for (const target of waiting.splice(0)) {
      const scraper = createTargetScraper(target, { bus, clock, log, limits, counters });
      loops.push(startScrapeLoop(target, scraper, clock, log));
    }
  };

  const routes = new Hono();
  routes.route('/', createEventsReceiver({ ...config, bus, clock, limits: config.events, counters }));

  return {
    routes,
    start() {
      isStarted = true;
      startWaiting();
    },
    async stop() {
      isStarted = false;
      await Promise.all(loops.splice(0).map((loop) => loop.stop()));
    },
    addTargets(jobs) {
      waiting.push(...scrapeTargets(jobs, limits));
      if (isStarted) startWaiting();
    },
  };
}
