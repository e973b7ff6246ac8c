import { Hono } from 'hono';
import type { Clock } from '../../../platform/clock.ts';
import type { Log } from '../../../platform/log.ts';
import { isUnreached } from '../../../platform/store/server-errors.ts';
import { type Store, StoreError } from '../../../platform/store/store.ts';
import type { Alerts } from '../alerts/alerts.ts';
import { prometheusAlerts, prometheusRules } from '../alerts/prometheus-shape.ts';
import { PROMQL_DEFAULTS, type PromqlConfig } from '../promql/config.ts';
import { createEngine, type Engine } from '../promql/engine.ts';
import { badData, PromError } from '../promql/errors.ts';
import {
  gridOf,
  lengthMs,
  limitOf,
  type Parameters,
  parametersOf,
  timeMs,
} from '../promql/http-parameters.ts';
import { toRecord } from '../promql/labels.ts';
import { metricMetadata } from '../promql/metadata.ts';
import { parseSelector } from '../promql/parse.ts';
import { errorResponse, failed, renderResult, success } from '../promql/render.ts';
import type { LabelQuery, SeriesSource } from '../promql/series-source.ts';
import { createStoreSource } from '../promql/store-source.ts';

export interface PromDependencies {
  readonly store: Store;
  readonly clock: Clock;
  readonly config: PromqlConfig;
  /** The rules that `rules` and `alerts` tell of; without them both are empty. */
  readonly alerts?: Alerts | undefined;
  readonly log: Log;
}

/** Version of Prometheus whose query semantics are kept; clients decide by it what they may ask. */
const SEMANTICS_OF = '2.42.0';

/**
 * The Prometheus-compatible read API over the store, to be mounted at `/prom`: what Grafana, vmalert and Perses ask of
 * a Prometheus. Errors keep Prometheus's envelope: 400 `bad_data`, 422 `execution`, 503 `timeout`.
 */
export function createPromRoutes({ store, ...rest }: PromDependencies): Hono {
  return createPromRoutesOver(createStoreSource(store, rest.config), rest);
}

interface Door {
  readonly source: SeriesSource;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly config: PromqlConfig;
  readonly alerts: Alerts | undefined;
}

type Answer = (door: Door, parameters: Parameters) => Promise<Response> | Response;

export function createPromRoutesOver(
  source: SeriesSource,
  { clock, config = PROMQL_DEFAULTS, alerts, log }: Omit<PromDependencies, 'store'>,
): Hono {
  const door: Door = { source, engine: createEngine({ source, config, clock }), clock, config, alerts };
  const app = new Hono();
  app.onError((error, c) => answerError(error, c.req.path, log));
  // Where this app is mounted, the outer one has to ask for it: Hono leaves an inner one's unused.
  app.notFound((c) => noPromRoute(c.req.path));
  for (const [path, answer] of Object.entries(ANSWERS)) {
    app.on(['GET', 'POST'], `/api/v1/${path}`, async (c) =>
      answer(door, await parametersOf(c.req.raw, config)),
    );
  }
  app.on(['GET', 'POST'], '/api/v1/label/:name/values', async (c) =>
    labelValues(door, c.req.param('name'), await parametersOf(c.req.raw, config)),
  );
  return app;
}

/** What a path under `/prom` gets that is none of the API. */
export function noPromRoute(path: string): Response {
  return errorResponse(404, 'not_found', `${path} is not part of this Prometheus-compatible API`);
}

const ANSWERS: Readonly<Record<string, Answer>> = {
  query: async ({ engine, clock }, parameters) => {
    const time_ms = timeMs(parameters, 'time', Math.floor(clock.now_us() / 1000));
    const result = await engine.instant(parameters.get('query') ?? '', time_ms, timeoutOf(parameters));
    return success(renderResult(result));
  },
  query_range: async ({ engine, config }, parameters) => {
    const grid = gridOf(parameters, config);
    const result = await engine.range(parameters.get('query') ?? '', grid, timeoutOf(parameters));
    return success(renderResult(result));
  },
  labels: async (door, parameters) => {
    const { values, truncated } = await door.source.labelNames(labelQuery(door, parameters));
    return success(JSON.stringify(values), truncatedWarning(truncated));
  },
  series: async (door, parameters) => {
    const query = labelQuery(door, parameters);
    if (query.matcher_sets.length === 0) throw badData('no match[] parameter provided');
    const { sets, truncated } = await door.source.series(query);
    return success(JSON.stringify(sets.map(toRecord)), truncatedWarning(truncated));
  },
  metadata: ({ config }, parameters) => {
    const wanted = parameters.get('metric');
    const rows = [...metricMetadata()].filter(([name]) => wanted === undefined || name === wanted);
    const limited = rows.slice(0, limitOf(parameters, config));
    return success(JSON.stringify(Object.fromEntries(limited.map(([name, metadata]) => [name, [metadata]]))));
  },
  // Notifications are for whatever evaluates the generated rule files; here they can be looked at.
  rules: async ({ alerts }) => success(JSON.stringify(prometheusRules((await alerts?.now()) ?? []))),
  alerts: async ({ alerts }) => success(JSON.stringify(prometheusAlerts((await alerts?.now()) ?? []))),
  query_exemplars: () => success('[]'),
  // Without a map of features: clients take one for the sign of another product.
  'status/buildinfo': () =>
    success(
      JSON.stringify({
        version: SEMANTICS_OF,
        revision: 'headway',
        branch: '',
        buildUser: '',
        buildDate: '',
        goVersion: '',
      }),
    ),
};

async function labelValues(door: Door, name: string, parameters: Parameters): Promise<Response> {
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)) throw badData(`invalid label name: ${JSON.stringify(name)}`);
  const { values, truncated } = await door.source.labelValues(name, labelQuery(door, parameters));
  return success(JSON.stringify(values), truncatedWarning(truncated));
}

function labelQuery({ config }: Door, parameters: Parameters): LabelQuery {
  return {
    matcher_sets: parameters.all('match[]').map((text) => parseSelector(text, config)),
    from_ms: timeMs(parameters, 'start', Number.MIN_SAFE_INTEGER),
    to_ms: timeMs(parameters, 'end', Number.MAX_SAFE_INTEGER),
    limit: limitOf(parameters, config),
  };
}

function truncatedWarning(truncated: boolean): string[] {
  return truncated ? ['results truncated due to limit'] : [];
}

function timeoutOf(parameters: Parameters): number | undefined {
  const length = lengthMs(parameters, 'timeout');
  return length === undefined ? undefined : length / 1000;
}

function answerError(error: Error, path: string, log: Log): Response {
  if (error instanceof PromError) return failed(error);
  if (error instanceof StoreError && error.code === 'too_slow') {
    return failed(
      new PromError(
        'timeout',
        'the query took the store longer than its limit (config store.query_time_max_s)',
      ),
    );
  }
  if (error instanceof StoreError && (error.code === 'too_many_rows' || error.code === 'too_much_memory')) {
    return failed(new PromError('execution', `the query passed a limit of the store: ${error.code}`));
  }
  if (isUnreached(error)) {
    return failed(new PromError('unavailable', 'the tables do not answer at the moment; ask again later'));
  }
  log.error('prometheus query failed', { path, error: error.message });
  return failed(new PromError('internal', 'the query failed inside Headway; its log has the cause'));
}
