import type { Hono } from 'hono';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../platform/clock.ts';
import { silentLog } from '../../platform/log.ts';
import { PROMQL_DEFAULTS } from '../../services/api/promql/config.ts';
import { createPromRoutesOver } from '../../services/api/routes/prom.ts';
import { describeWithPrograms, type PrometheusServer, startPrometheus } from '../support/prometheus.ts';
import { type AskedAt, compareAnswers } from '../support/prometheus-answers.ts';
import { createMemorySource } from '../support/prometheus-memory-series.ts';
import { remoteWrite } from '../support/prometheus-remote-write.ts';
import { conformanceSeries, SAMPLES_START_MS } from '../support/prometheus-samples.ts';
import { QUERIES } from './promql-queries.ts';

const at = (minutes: number): number => SAMPLES_START_MS / 1000 + minutes * 60;

const ASKED: readonly AskedAt[] = [
  { path: 'query', parameters: { time: String(at(27.3)) } },
  { path: 'query', parameters: { time: String(at(52)) } },
  // Older than any sample, and later than all by more than the look-back.
  { path: 'query', parameters: { time: '4' } },
  { path: 'query', parameters: { time: String(at(66)) } },
  { path: 'query_range', parameters: { start: String(at(-2)), end: String(at(68)), step: '37' } },
  { path: 'query_range', parameters: { start: String(at(20)), end: String(at(21)), step: '1' } },
  { path: 'query_range', parameters: { start: String(at(0)), end: String(at(60)), step: '11m' } },
];

describeWithPrograms(['prometheus'], 'answers of a real Prometheus', () => {
  let prometheus: PrometheusServer;
  let app: Hono;

  beforeAll(async () => {
    const series = conformanceSeries();
    prometheus = await startPrometheus();
    await remoteWrite(prometheus.url, series);
    app = createPromRoutesOver(createMemorySource(series), {
      clock: systemClock,
      config: PROMQL_DEFAULTS,
      log: silentLog,
    });
  });
  afterAll(() => prometheus.stop());

  for (const [group, queries] of Object.entries(QUERIES)) {
    it(`${group}: ${queries.length} queries at ${ASKED.length} times and ranges`, async () => {
      const { lines, points } = await compareAnswers(prometheus.url, app, queries, ASKED);
      expect(lines).toEqual([]);
      if (group !== 'literals') expect(points).toBeGreaterThan(1000);
    });
  }
});
