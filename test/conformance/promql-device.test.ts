import type { Hono } from 'hono';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../platform/clock.ts';
import { silentLog } from '../../platform/log.ts';
import { STORE_DEFAULTS } from '../../platform/store/config.ts';
import { openEmbeddedStore } from '../../platform/store/embedded.ts';
import { migrate } from '../../platform/store/migrate.ts';
import type { Store } from '../../platform/store/store.ts';
import { PROMQL_DEFAULTS } from '../../services/api/promql/config.ts';
import { createPromRoutes } from '../../services/api/routes/prom.ts';
import { describeWithPrograms, type PrometheusServer, startPrometheus } from '../support/prometheus.ts';
import { type AskedAt, compareAnswers } from '../support/prometheus-answers.ts';
import { remoteWrite, type WrittenSeries } from '../support/prometheus-remote-write.ts';
import { makeFolder } from '../support/temporary-folder.ts';

const START_MS = Date.UTC(2026, 1, 3, 4, 5, 6, 789);
const SCRAPES = 60;
const SCRAPE_MS = 15_000;
/** An id above 2^53: a JavaScript number would not hold it. */
const FIRST_LABELS_ID = 18_446_744_073_709_551_000n;

/** Own name, the column it is kept in (empty: `rest`), and what own values are of the column's. */
const METRICS = [
  { name: 'DCGM_FI_DEV_GPU_UTIL', field: 'utilization_ratio', scale: 100 },
  { name: 'DCGM_FI_DEV_POWER_USAGE', field: 'power_w', scale: 1 },
  { name: 'DCGM_FI_DEV_SM_CLOCK', field: 'sm_clock_hz', scale: 1e-6 },
  { name: 'DCGM_FI_DEV_VGPU_LICENSE_STATUS', field: '', scale: 1 },
] as const;

const QUERIES: readonly string[] = [
  ...METRICS.map(({ name }) => name),
  '{__name__=~"DCGM_FI_DEV_.*"}',
  '{__name__=~"DCGM_FI_DEV_.*",gpu="1"}',
  'DCGM_FI_DEV_GPU_UTIL{Hostname="node-0",gpu!="0"}',
  'bottomk(20, avg by (Hostname, hostname) (DCGM_FI_DEV_GPU_UTIL) or avg by (Hostname, hostname) (DCGM_FI_DEV_GPU_UTIL_RATIO))',
  'avg_over_time(DCGM_FI_DEV_POWER_USAGE[2m])',
  'rate(DCGM_FI_DEV_VGPU_LICENSE_STATUS[5m])',
  'DCGM_FI_DEV_GPU_UTIL / 100 * on (Hostname, gpu) DCGM_FI_DEV_POWER_USAGE',
  'count({__name__=~"DCGM.*"}) by (__name__)',
  'DCGM_FI_DEV_NOT_THERE',
];

const at = (minutes: number): string => String(START_MS / 1000 + minutes * 60);

const ASKED: readonly AskedAt[] = [
  { path: 'query', parameters: { time: at(3.21) } },
  { path: 'query', parameters: { time: at(6.4) } },
  { path: 'query_range', parameters: { start: at(-1), end: at(22), step: '19s' } },
  { path: 'query_range', parameters: { start: at(0), end: at(15), step: '240' } },
];

interface Device {
  readonly labels: Readonly<Record<string, string>>;
  readonly labels_id: bigint;
}

const DEVICES: readonly Device[] = [0, 1, 2, 3].map((index) => ({
  labels: {
    Hostname: `node-${index >> 1}`,
    gpu: String(index & 1),
    instance: `10.0.0.${index >> 1}:9400`,
    job: 'dcgm',
  },
  labels_id: FIRST_LABELS_ID + BigInt(index),
}));

/** What the exporter printed; undefined: the metric was not on that page. */
function printed(metric: number, device: number, scrape: number): number | undefined {
  if (device === 3 && scrape >= 20 && scrape < 40) return undefined;
  if (metric === 0)
    return scrape % 13 === 5 && device === 1 ? undefined : (29 + scrape * 7 + device * 31) % 101;
  if (metric === 1) return 388.1 + ((scrape * 37 + device * 11) % 100) / 7;
  if (metric === 2) return 1980 - ((scrape * 5) % 45);
  return device === 0 ? scrape * 3 : undefined;
}

describeWithPrograms(['prometheus'], 'device telemetry under its own names', () => {
  let prometheus: PrometheusServer;
  let folder: Awaited<ReturnType<typeof makeFolder>>;
  let store: Store;
  let app: Hono;

  beforeAll(async () => {
    prometheus = await startPrometheus();
    await remoteWrite(prometheus.url, asScraped());
    folder = await makeFolder();
    store = await openEmbeddedStore(folder.path, STORE_DEFAULTS, silentLog);
    await migrate(store);
    await store.insertRows('series', seriesRows());
    // Twice: a batch that is replayed leaves the same rows again.
    await store.insertRows('device_samples', sampleRows());
    await store.insertRows('device_samples', sampleRows());
    app = createPromRoutes({ store, clock: systemClock, config: PROMQL_DEFAULTS, log: silentLog });
  });
  afterAll(async () => {
    await prometheus.stop();
    await store.close();
    await folder.remove();
  });

  it('gives the values, gaps and labels that Prometheus gives for the same scrapes', async () => {
    const { lines, points } = await compareAnswers(prometheus.url, app, QUERIES, ASKED);
    expect(lines).toEqual([]);
    expect(points).toBeGreaterThan(1000);
  });

  it('gives a printed 29 back as 29, though it was kept as 0.29', async () => {
    const body = new URLSearchParams({
      query: 'DCGM_FI_DEV_GPU_UTIL{Hostname="node-0",gpu="0"}',
      time: at(0),
    });
    const response = await app.request('/api/v1/query', { method: 'POST', body });
    const answer = (await response.json()) as { data: { result: { value: [number, string] }[] } };
    expect(answer.data.result.map(({ value }) => value[1])).toEqual(['29']);
  });
});

/** As Prometheus would have stored the scrapes: a metric that is gone from the page ends its series. */
function asScraped(): WrittenSeries[] {
  return METRICS.flatMap(({ name }, metric) =>
    DEVICES.flatMap(({ labels }, device) => {
      const samples = Array.from({ length: SCRAPES }, (_, scrape) => ({
        ts_ms: START_MS + scrape * SCRAPE_MS,
        value: printed(metric, device, scrape) ?? ('stale' as const),
      }));
      return samples.some(({ value }) => value !== 'stale') ? [{ name, labels, samples }] : [];
    }),
  );
}

function seriesRows() {
  return METRICS.flatMap(({ name, field, scale }, metric) =>
    DEVICES.map(({ labels, labels_id }, device) => ({
      name,
      series_id: String(1000 * metric + device),
      labels,
      source: 'device',
      labels_id: String(labels_id),
      field,
      scale,
    })),
  );
}

function sampleRows() {
  return DEVICES.flatMap(({ labels, labels_id }, device) =>
    Array.from({ length: SCRAPES }, (_, scrape) => {
      const [util, power, clock, license] = METRICS.map((_metric, index) => printed(index, device, scrape));
      return {
        ts: new Date(START_MS + scrape * SCRAPE_MS).toISOString(),
        labels_id: String(labels_id),
        node: labels['Hostname'],
        utilization_ratio: util === undefined ? null : util / 100,
        power_w: power ?? null,
        sm_clock_hz: clock === undefined ? null : clock * 1e6,
        rest: license === undefined ? {} : { DCGM_FI_DEV_VGPU_LICENSE_STATUS: license },
      };
    }),
  );
}
