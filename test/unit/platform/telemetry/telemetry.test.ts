import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createLog, silentLog } from '../../../../platform/log.ts';
import { TELEMETRY_DEFAULTS, withStandardVariables } from '../../../../platform/telemetry/config.ts';
import { createCounters } from '../../../../platform/telemetry/counters.ts';
import { measureProcess } from '../../../../platform/telemetry/process-metrics.ts';
import { startTelemetry, type Telemetry } from '../../../../platform/telemetry/telemetry.ts';

const running: { shutdown(): Promise<void> }[] = [];

afterEach(async () => {
  for (const one of running.splice(0)) await one.shutdown();
});

function start(): Telemetry {
  const telemetry = startTelemetry(TELEMETRY_DEFAULTS, { log: silentLog });
  running.push(telemetry);
  return telemetry;
}

/** Value of one exact series on a Prometheus page. */
function readingOf(page: string, series: string): number | undefined {
  const line = page.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

test('counters, histograms and gauges are printed under their ruled names with help and type', async () => {
  const telemetry = start();
  const counters = createCounters(telemetry.meter, 'collector');
  const received = counters.counter('received_bytes', 'Bytes received.');
  received.add(100, { receiver: 'events' });
  received.add(28, { receiver: 'events' });
  received.add();
  counters.histogram('scrape_duration_seconds', 'Scrapes.', [0.1, 1]).record(0.5);
  counters.gauge('queue_batches', 'Waiting batches.', () => [{ value: 3, labels: { kind: 'run_events' } }]);
  const page = await telemetry.prometheusText();
  expect(page).toContain('# HELP headway_collector_received_bytes_total Bytes received.\n');
  expect(page).toContain('# TYPE headway_collector_received_bytes_total counter\n');
  expect(readingOf(page, 'headway_collector_received_bytes_total{receiver="events"}')).toBe(128);
  expect(readingOf(page, 'headway_collector_received_bytes_total')).toBe(1);
  expect(readingOf(page, 'headway_collector_scrape_duration_seconds_bucket{le="0.1"}')).toBe(0);
  expect(readingOf(page, 'headway_collector_scrape_duration_seconds_bucket{le="1"}')).toBe(1);
  expect(readingOf(page, 'headway_collector_queue_batches{kind="run_events"}')).toBe(3);
});

test('a gauge with nothing to say has no series', async () => {
  const telemetry = start();
  const counters = createCounters(telemetry.meter, 'analyzer');
  counters.gauge('lag_seconds', 'Behind the bus.', () => undefined);
  expect(await telemetry.prometheusText()).not.toContain('headway_analyzer_lag_seconds ');
});

test('a name that breaks the rule is refused where it is created', () => {
  const counters = createCounters(start().meter, 'api');
  expect(() => counters.counter('Bad-Name', 'x')).toThrow(/headway_api_Bad-Name_total breaks the rule/);
  expect(() => counters.counter('double__underscore', 'x')).toThrow(RangeError);
});

test('the process measures itself under the usual names', async () => {
  const telemetry = start();
  const measuring = measureProcess(telemetry.meter, TELEMETRY_DEFAULTS);
  const page = await telemetry.prometheusText();
  measuring.stop();
  expect(readingOf(page, 'process_resident_memory_bytes')).toBeGreaterThan(1e6);
  expect(readingOf(page, 'process_cpu_seconds_total')).toBeGreaterThan(0);
  const age_s = Date.now() / 1000 - (readingOf(page, 'process_start_time_seconds') ?? 0);
  expect(age_s).toBeGreaterThan(0);
  expect(age_s).toBeLessThan(86_400);
});

test('two instances in one process keep their own counts', async () => {
  const [one, other] = [start(), start()];
  createCounters(one.meter, 'api').counter('requests', 'x').add(5);
  createCounters(other.meter, 'api').counter('requests', 'x').add(7);
  expect(readingOf(await one.prometheusText(), 'headway_api_requests_total')).toBe(5);
  expect(readingOf(await other.prometheusText(), 'headway_api_requests_total')).toBe(7);
});

test('the standard variable fills a missing endpoint and never overrides ours', () => {
  const variables = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://there:4318' };
  expect(withStandardVariables(TELEMETRY_DEFAULTS, variables).otlp_endpoint).toBe('http://there:4318');
  const own = { ...TELEMETRY_DEFAULTS, otlp_endpoint: 'http://here:4318' };
  expect(withStandardVariables(own, variables).otlp_endpoint).toBe('http://here:4318');
  expect(
    withStandardVariables(TELEMETRY_DEFAULTS, { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }).otlp_endpoint,
  ).toBeNull();
});

test('with an endpoint, metrics and spans arrive there before shutdown resolves', async () => {
  const received = new Map<string, string>();
  const receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.set(request.url ?? '', Buffer.concat(chunks).toString('latin1'));
      response.writeHead(200, { 'Content-Type': 'application/x-protobuf' }).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const { port } = receiver.address() as AddressInfo;
  const config = { ...TELEMETRY_DEFAULTS, otlp_endpoint: `http://127.0.0.1:${port}/` };
  const telemetry = startTelemetry(config, { log: silentLog, version: '1.2.3' });
  createCounters(telemetry.meter, 'api').counter('requests', 'x').add();
  telemetry.tracer.startSpan('one piece of work').end();
  await telemetry.shutdown();
  await new Promise((resolve) => receiver.close(resolve));
  expect([...received.keys()].sort()).toEqual(['/v1/metrics', '/v1/traces']);
  expect(received.get('/v1/metrics')).toContain('headway_api_requests_total');
  expect(received.get('/v1/traces')).toContain('one piece of work');
  expect(received.get('/v1/traces')).toMatch(/service\.name.*headway.*1\.2\.3/s);
});

test('a receiver that is gone costs a log line, not the shutdown', async () => {
  const lines: string[] = [];
  const config = { ...TELEMETRY_DEFAULTS, otlp_endpoint: 'http://127.0.0.1:1', otlp_timeout_s: 1 };
  const telemetry = startTelemetry(config, { log: createLog('info', (line) => lines.push(line)) });
  createCounters(telemetry.meter, 'api').counter('requests', 'x').add();
  await telemetry.shutdown();
  expect(lines.join('')).toContain('telemetry');
});
