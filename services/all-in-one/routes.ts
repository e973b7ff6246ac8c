import { readFileSync } from 'node:fs';
import { type Context, Hono } from 'hono';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import { readLinearityBaselines } from '../../platform/store/linearity-baselines.ts';
import type { Store } from '../../platform/store/store.ts';
import { createCounters } from '../../platform/telemetry/counters.ts';
import { createHttpTelemetry } from '../../platform/telemetry/http-telemetry.ts';
import { createOperationRoutes, type Readiness } from '../../platform/telemetry/operation-routes.ts';
import type { Telemetry } from '../../platform/telemetry/telemetry.ts';
import { liveLimits } from '../analyzer/config.ts';
import { createAlerts } from '../api/alerts/alerts.ts';
import { rulesOfFile } from '../api/alerts/rule-file.ts';
import { createCollectiveReader } from '../api/collective-reader.ts';
import { createDeviceReader } from '../api/device-reader.ts';
import { createJobReader } from '../api/job-reader.ts';
import { createNodeReader } from '../api/node-reader.ts';
import { createDocsRoutes } from '../api/openapi/docs-routes.ts';
import { Problem, problemResponse } from '../api/problem.ts';
import { createEngine } from '../api/promql/engine.ts';
import { createStoreSource } from '../api/promql/store-source.ts';
import { createResultReader } from '../api/result-reader.ts';
import { createPromRoutes } from '../api/routes/prom.ts';
import { createV1Routes } from '../api/routes/v1.ts';
import { createStreamHub } from '../api/stream.ts';
import { createWebRoutes } from '../api/web/routes.ts';
import { tokenGuard } from './access.ts';
import { type HeadwayConfig, siteOf } from './config.ts';
import { createNoRoute } from './no-route.ts';

export interface AppParts {
  readonly config: HeadwayConfig;
  readonly log: Log;
  readonly clock: Clock;
  readonly store: Store;
  /** The receivers, which guard their own door; undefined where other processes take in. */
  readonly collector: Hono | undefined;
  readonly telemetry: Telemetry;
  readonly caughtUp: () => Promise<void>;
  /** Ends answers that go on by themselves (streams), so that an orderly stop need not wait for their readers. */
  readonly closing?: AbortSignal;
}

const CHECKOUT = new URL('../../', import.meta.url);

/** Everything one port answers, each door in its place. */
export function createApp({
  config,
  log,
  clock,
  store,
  collector,
  telemetry,
  caughtUp,
  closing,
}: AppParts): Hono {
  const app = new Hono();
  app.use(createHttpTelemetry(telemetry.tracer, createCounters(telemetry.meter, 'api')));
  app.route(
    '/',
    createOperationRoutes({
      prometheusText: telemetry.prometheusText,
      checks: { store: () => storeAnswers(store) },
      readiness_timeout_s: config.telemetry.readiness_timeout_s,
    }),
  );
  if (collector === undefined) app.all('/v1/events', takenInElsewhere);
  else app.route('/', collector);
  app.use('/v1/*', tokenGuard(config.api.read_token));
  app.use('/prom/*', tokenGuard(config.api.read_token));
  const jobs = createJobReader(store);
  const live = liveLimits(config.analyzer);
  const devices = createDeviceReader(store, config.device_telemetry, log);
  const site = siteOf(config);
  const nodes = createNodeReader(store);
  const results = createResultReader(store);
  const collectives = createCollectiveReader(store);
  const source = createStoreSource(store, config.promql);
  const engine = createEngine({ source, config: config.promql, clock });
  const lookback_s = config.api.alerts_lookback_s;
  const alerts = createAlerts({ rules: shippedRules(), engine, clock, lookback_s, log });
  const stream = createStreamHub({ engine, clock, config: config.api, closing, log });
  const baselines = async () => (await readLinearityBaselines(store)) ?? [];
  const read = {
    config: config.api,
    baselines,
    jobs,
    devices,
    nodes,
    results,
    collectives,
    alerts,
    stream,
    site,
    clock,
    live,
    caughtUp,
    log,
  };
  app.route('/v1', createV1Routes(read));
  app.route('/prom', createPromRoutes({ store, clock, log, config: config.promql, alerts }));
  app.route('/', createDocsRoutes(CHECKOUT));
  app.route('/', createWebRoutes({ root: CHECKOUT }));
  app.notFound(createNoRoute(app));
  return app;
}

/** With `keep_firing_for`, which the rules here know. */
const RULE_FILE = 'dashboards/generated/headway.rules.prometheus.yml';

function shippedRules() {
  return rulesOfFile(readFileSync(new URL(RULE_FILE, CHECKOUT), 'utf8'), RULE_FILE);
}

function takenInElsewhere(c: Context): Response {
  const detail = 'This process only answers. Send events to a collector (`headway collector`).';
  return problemResponse(new Problem(404, 'Not found', detail), c);
}

async function storeAnswers(store: Store): Promise<Readiness> {
  const rows = await store.query('SELECT 1 AS one');
  return rows.length === 1 ? { ok: true } : { ok: false, reason: 'the tables answered nothing' };
}
