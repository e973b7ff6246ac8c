import { join } from 'node:path';
import { SPOOL_DEFAULTS } from '../../platform/bus/config.ts';
import { openDeadLetterFolder } from '../../platform/bus/dead-letter-folder.ts';
import { openSpool } from '../../platform/bus/spool.ts';
import { systemClock } from '../../platform/clock.ts';
import { silentLog } from '../../platform/log.ts';
import { STORE_DEFAULTS } from '../../platform/store/config.ts';
import { openEmbeddedStore } from '../../platform/store/embedded.ts';
import { migrate } from '../../platform/store/migrate.ts';
import type { Store } from '../../platform/store/store.ts';
import { createIngest } from '../../services/analyzer/ingest/ingest.ts';
import { PROMQL_DEFAULTS } from '../../services/api/promql/config.ts';
import { createPromRoutes } from '../../services/api/routes/prom.ts';
import { NO_COUNTERS } from '../../services/collector/collector-counters.ts';
import { COLLECTOR_DEFAULTS, type ScrapeJobConfig } from '../../services/collector/config.ts';
import type { ScrapeDependencies } from '../../services/collector/receivers/scrape.ts';
import { scrapeTargets } from '../../services/collector/receivers/scrape-target.ts';
import { makeFolder } from './temporary-folder.ts';

/** One value of an answer to an instant query. */
export interface PromSample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: string;
}

/** The real way from a page to an answer: spool, ingest, engine, PromQL door. Nothing listens. */
export interface ScrapeThread {
  readonly store: Store;
  readonly dependencies: ScrapeDependencies;
  /** The one target of a scrape job. */
  target(job: ScrapeJobConfig): ReturnType<typeof scrapeTargets>[number];
  /** Instant query, after everything scraped is in the tables. `time_s`: default now. */
  query(expression: string, time_s?: number): Promise<PromSample[]>;
  close(): Promise<void>;
}

export async function openScrapeThread(): Promise<ScrapeThread> {
  const folder = await makeFolder();
  const store = await openEmbeddedStore(folder.path, STORE_DEFAULTS, silentLog);
  await migrate(store);
  const spool = await openSpool(join(folder.path, 'spool'), SPOOL_DEFAULTS, silentLog);
  const deadLetters = openDeadLetterFolder(join(folder.path, 'dead-letter'));
  spool.reader.run(createIngest({ store, log: silentLog, deadLetters, onJobs: () => {} }));
  const prom = createPromRoutes({ store, clock: systemClock, config: PROMQL_DEFAULTS, log: silentLog });
  return {
    store,
    dependencies: {
      bus: spool.writer,
      clock: systemClock,
      log: silentLog,
      limits: COLLECTOR_DEFAULTS.scrape_limits,
      counters: NO_COUNTERS,
    },
    target(job) {
      const [target] = scrapeTargets([job], COLLECTOR_DEFAULTS.scrape_limits);
      if (target === undefined) throw new Error('the job has no target');
      return target;
    },
    async query(expression, time_s = Date.now() / 1000) {
      await spool.reader.drained();
      if (deadLetters.counts.size > 0)
        throw new Error(`${[...deadLetters.counts]} batches that no table takes`);
      const asked = new URLSearchParams({ query: expression, time: String(time_s) });
      return samplesOf(await prom.request(`/api/v1/query?${asked}`));
    },
    async close() {
      await spool.close();
      await store.close();
      await folder.remove();
    },
  };
}

/** The vector of a Prometheus answer, ours or the real one's. */
export async function samplesOf(response: Response): Promise<PromSample[]> {
  const body = (await response.json()) as {
    status: string;
    error?: string;
    data?: { result: { metric: Record<string, string>; value: [number, string] }[] };
  };
  if (body.data === undefined) throw new Error(`${response.status}: ${body.error ?? 'no data'}`);
  return body.data.result.map(({ metric, value }) => ({ metric, value: value[1] }));
}
