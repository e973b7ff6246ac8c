import type { Hono } from 'hono';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../platform/clock.ts';
import { silentLog } from '../../platform/log.ts';
import { createSeriesEncoder } from '../../platform/series/series-encoder.ts';
import { STORE_DEFAULTS } from '../../platform/store/config.ts';
import { openEmbeddedStore } from '../../platform/store/embedded.ts';
import { migrate } from '../../platform/store/migrate.ts';
import type { Store } from '../../platform/store/store.ts';
import { SERIES_COLUMNS, SERIES_POINTS_COLUMNS } from '../../platform/store/tables.ts';
import { PROMQL_DEFAULTS } from '../../services/api/promql/config.ts';
import { createPromRoutes } from '../../services/api/routes/prom.ts';
import { describeWithPrograms, type PrometheusServer, startPrometheus } from '../support/prometheus.ts';
import { type AskedAt, compareAnswers } from '../support/prometheus-answers.ts';
import { generatedExpressions } from '../support/prometheus-expressions.ts';
import { remoteWrite, type WrittenSeries } from '../support/prometheus-remote-write.ts';
import { conformanceSeries, SAMPLES_START_MS } from '../support/prometheus-samples.ts';
import { makeFolder } from '../support/temporary-folder.ts';
import { QUERIES } from './promql-queries.ts';

const at = (minutes: number): number => SAMPLES_START_MS / 1000 + minutes * 60;

const ASKED: readonly AskedAt[] = [
  { path: 'query', parameters: { time: String(at(37.7)) } },
  { path: 'query_range', parameters: { start: String(at(-2)), end: String(at(68)), step: '53s' } },
];

describeWithPrograms(['prometheus'], 'answers of a real Prometheus over the tables', () => {
  let prometheus: PrometheusServer;
  let folder: Awaited<ReturnType<typeof makeFolder>>;
  let store: Store;
  let app: Hono;

  beforeAll(async () => {
    const series = conformanceSeries(7);
    prometheus = await startPrometheus();
    await remoteWrite(prometheus.url, series);
    folder = await makeFolder();
    store = await openEmbeddedStore(folder.path, STORE_DEFAULTS, silentLog);
    await migrate(store);
    await insert(store, series);
    app = createPromRoutes({ store, clock: systemClock, config: PROMQL_DEFAULTS, log: silentLog });
  });
  afterAll(async () => {
    await prometheus.stop();
    await store.close();
    await folder.remove();
  });

  for (const [group, queries] of Object.entries(QUERIES)) {
    it(`${group}: ${queries.length} queries`, async () => {
      const { lines } = await compareAnswers(prometheus.url, app, queries, ASKED);
      expect(lines).toEqual([]);
    });
  }

  it('every expression of the dashboards, the alert rules and their annotations', async () => {
    const expressions = generatedExpressions('llama');
    expect(expressions.length).toBeGreaterThan(30);
    const { lines, points } = await compareAnswers(prometheus.url, app, expressions, ASKED);
    expect(lines).toEqual([]);
    expect(points).toBeGreaterThan(1000);
  });

  it.each([
    [{ series_max: 5 }, 'promql.series_max'],
    [{ samples_max: 100 }, 'promql.samples_max'],
    [{ samples_max: 100, ids_per_statement_max: 2 }, 'promql.samples_max'],
  ])('refuses what passes %j, and cuts nothing off in silence', async (limits, name) => {
    const limited = createPromRoutes({
      store,
      clock: systemClock,
      config: { ...PROMQL_DEFAULTS, ...limits },
      log: silentLog,
    });
    const body = new URLSearchParams({ query: 'avg_over_time(temperature[1h])', time: String(at(60)) });
    const response = await limited.request('/api/v1/query', { method: 'POST', body });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({
      errorType: 'execution',
      error: expect.stringContaining(name),
    });
  });

  it('reads in parts what it would read at once', async () => {
    const inParts = createPromRoutes({
      store,
      clock: systemClock,
      config: { ...PROMQL_DEFAULTS, ids_per_statement_max: 2 },
      log: silentLog,
    });
    const queries = ['temperature', 'rate(requests_total[5m])', '{__name__=~"temperature|level"}'];
    expect((await compareAnswers(prometheus.url, inParts, queries, ASKED)).lines).toEqual([]);
  });

  it('says when a list was cut', async () => {
    const answer = await (await app.request('/api/v1/label/__name__/values?limit=2')).json();
    expect(answer).toMatchObject({ data: { length: 2 }, warnings: ['results truncated due to limit'] });
  });

  it('label names, label values and series', async () => {
    const paths = [
      'labels',
      'labels?match[]=temperature',
      'labels?match[]=temperature&match[]=build_info',
      'label/__name__/values',
      'label/job/values',
      'label/job/values?match[]={__name__=~"temp.*"}',
      'label/instance/values?match[]=build_info{region="eu"}',
      'label/text/values',
      'label/nothing/values',
      'label/bad-name/values',
      'series?match[]=build_info',
      'series?match[]=build_info{region!="eu"}&match[]=constant',
      'series?match[]=nothing_here',
      'series',
      'series?match[]={}',
      'series?match[]=sum(a)',
      'query_exemplars?query=test&start=1000&end=2000',
      'rules',
      'alerts',
    ];
    for (const path of paths) {
      const theirs = await fetch(`${prometheus.url}/api/v1/${path}`);
      const ours = await app.request(`/api/v1/${path}`);
      expect(ours.status, path).toBe(theirs.status);
      const [want, got] = [await theirs.json(), await ours.json()] as {
        data?: unknown;
        errorType?: string;
      }[];
      expect(got?.errorType, path).toBe(want?.errorType);
      if (path !== 'query_exemplars?query=test&start=1000&end=2000')
        expect(unordered(got?.data), path).toEqual(unordered(want?.data));
    }
  });
});

function unordered(data: unknown): unknown {
  return Array.isArray(data) ? data.map((entry) => JSON.stringify(entry)).sort() : data;
}

/** In two halves and the second half twice, with an older version beside it: as replays and revisions leave a table. */
async function insert(store: Store, series: readonly WrittenSeries[]): Promise<void> {
  const points = series.flatMap(({ name, labels, samples }) =>
    samples.map(({ ts_ms, value }) => ({ name, labels, ts_ms, value })),
  );
  const half = Math.floor(points.length / 2);
  const encoder = createSeriesEncoder();
  for (const [part, version] of [
    [points.slice(0, half), 5n],
    [points.slice(half).map((point) => ({ ...point, value: -1 })), 4n],
    [points.slice(half), 5n],
    [points.slice(half), 5n],
  ] as const) {
    const encoded = encoder.encode(part, version);
    if (encoded.series !== null) await store.insertRowBinary('series', SERIES_COLUMNS, [encoded.series]);
    await store.insertRowBinary('series_points', SERIES_POINTS_COLUMNS, [encoded.points]);
  }
}
