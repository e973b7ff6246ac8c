import type { RunEvent } from '../../domain/events.ts';
import { LIVE_DEFAULTS } from '../../domain/ledger/ledger-shape.ts';
import { silentLog } from '../../platform/log.ts';
import { STORE_DEFAULTS } from '../../platform/store/config.ts';
import { DEVICE_TELEMETRY_DEFAULTS } from '../../platform/store/device-telemetry.ts';
import { openEmbeddedStore } from '../../platform/store/embedded.ts';
import { migrate } from '../../platform/store/migrate.ts';
import type { Store } from '../../platform/store/store.ts';
import { createAlerts } from '../../services/api/alerts/alerts.ts';
import type { RuleOfFile } from '../../services/api/alerts/rule-file.ts';
import { createCollectiveReader } from '../../services/api/collective-reader.ts';
import { API_DEFAULTS, type ApiConfig } from '../../services/api/config.ts';
import { createDeviceReader } from '../../services/api/device-reader.ts';
import { createJobReader } from '../../services/api/job-reader.ts';
import { createNodeReader } from '../../services/api/node-reader.ts';
import { PROMQL_DEFAULTS } from '../../services/api/promql/config.ts';
import { createEngine } from '../../services/api/promql/engine.ts';
import { createResultReader } from '../../services/api/result-reader.ts';
import { createV1Routes } from '../../services/api/routes/v1.ts';
import { createStreamHub } from '../../services/api/stream.ts';
import type { V1Dependencies } from '../../services/api/v1-dependencies.ts';
import { createMemorySource } from './prometheus-memory-series.ts';
import type { WrittenSeries } from './prometheus-remote-write.ts';
import { storeEvents } from './stored-events.ts';
import { makeFolder } from './temporary-folder.ts';

export interface ReadApi {
  readonly store: Store;
  readonly app: ReturnType<typeof createV1Routes>;
  /** The same routes over the same store, with other settings and another clock. */
  routes(config: Partial<ApiConfig>, now_us: () => number): ReturnType<typeof createV1Routes>;
  store_events(events: readonly RunEvent[]): Promise<void>;
  /** The answer to a path below `/v1`; throws where it is none. */
  json(path: string): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

export interface ReadApiOptions {
  readonly now_us: () => number;
  readonly config?: Partial<ApiConfig>;
  /** Live series and rules over them; written here and not by an analyzer, so that a test knows each. */
  readonly series?: () => readonly WrittenSeries[];
  readonly rules?: readonly RuleOfFile[];
}

/** The read routes over a real engine in a folder of its own. */
export async function openReadApi({ now_us, config, series, rules = [] }: ReadApiOptions): Promise<ReadApi> {
  const folder = await makeFolder();
  const store = await openEmbeddedStore(folder.path, STORE_DEFAULTS, silentLog);
  await migrate(store);
  const clock = { now_us };
  const source: ReturnType<typeof createMemorySource> = {
    ...createMemorySource([]),
    select: (...asked) => createMemorySource(series?.() ?? []).select(...asked),
  };
  const engine = createEngine({ source, config: PROMQL_DEFAULTS, clock });
  const api: ApiConfig = { ...API_DEFAULTS, ...config };
  const dependencies: V1Dependencies = {
    config: api,
    jobs: createJobReader(store),
    devices: createDeviceReader(store, DEVICE_TELEMETRY_DEFAULTS, silentLog),
    nodes: createNodeReader(store),
    results: createResultReader(store),
    collectives: createCollectiveReader(store),
    alerts: createAlerts({ rules, engine, clock, lookback_s: api.alerts_lookback_s }),
    stream: createStreamHub({ engine, clock, config: api }),
    clock,
    live: LIVE_DEFAULTS,
    caughtUp: async () => {},
  };
  const app = createV1Routes(dependencies);
  return {
    store,
    app,
    routes: (changed, at_us) =>
      createV1Routes({ ...dependencies, config: { ...api, ...changed }, clock: { now_us: at_us } }),
    store_events: async (events) => void (await storeEvents(store, events, now_us() / 1000)),
    async json(path) {
      const response = await app.request(path);
      const body = (await response.json()) as Record<string, unknown>;
      if (response.status !== 200)
        throw new Error(`${path} answered ${response.status}: ${JSON.stringify(body)}`);
      return body;
    },
    async close() {
      await store.close();
      await folder.remove();
    },
  };
}
