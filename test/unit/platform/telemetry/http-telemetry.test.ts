import { trace } from '@opentelemetry/api';
import { node, tracing } from '@opentelemetry/sdk-node';
import { Hono } from 'hono';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '../../../../platform/log.ts';
import { TELEMETRY_DEFAULTS } from '../../../../platform/telemetry/config.ts';
import { createCounters } from '../../../../platform/telemetry/counters.ts';
import { createHttpTelemetry } from '../../../../platform/telemetry/http-telemetry.ts';
import { startTelemetry, type Telemetry } from '../../../../platform/telemetry/telemetry.ts';

let telemetry: Telemetry;
let spans: tracing.InMemorySpanExporter;
let app: Hono;

beforeEach(() => {
  telemetry = startTelemetry(TELEMETRY_DEFAULTS, { log: silentLog });
  spans = new tracing.InMemorySpanExporter();
  const provider = new node.NodeTracerProvider({ spanProcessors: [new tracing.SimpleSpanProcessor(spans)] });
  app = new Hono();
  app.use(createHttpTelemetry(provider.getTracer('test'), createCounters(telemetry.meter, 'api')));
  app.get('/v1/jobs/:job', (context) => context.text(trace.getActiveSpan()?.spanContext().traceId ?? 'none'));
  app.get('/broken', () => {
    throw new Error('it broke');
  });
  app.get('/healthz', (context) => context.text('ok'));
  app.onError((_error, context) => context.text('sorry', 500));
});

afterEach(async () => {
  await telemetry.shutdown();
});

test('span and duration carry the route pattern, not the path', async () => {
  await app.request('/v1/jobs/secret-name');
  const [span] = spans.getFinishedSpans();
  expect(span?.name).toBe('GET /v1/jobs/:job');
  expect(span?.attributes).toEqual({
    'http.request.method': 'GET',
    'http.route': '/v1/jobs/:job',
    'http.response.status_code': 200,
  });
  const page = await telemetry.prometheusText();
  expect(page).toContain(
    'headway_api_http_request_duration_seconds_count{method="GET",route="/v1/jobs/:job",status="200"} 1',
  );
  expect(page).not.toContain('secret-name');
});

test('the handler runs inside the span, and a caller’s trace is continued', async () => {
  const trace_id = '0af7651916cd43dd8448eb211c80319c';
  const response = await app.request('/v1/jobs/a', {
    headers: { traceparent: `00-${trace_id}-b7ad6b7169203331-01` },
  });
  expect(await response.text()).toBe(trace_id);
  expect(spans.getFinishedSpans()[0]?.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
});

test('requests that match nothing share one label', async () => {
  await app.request('/a');
  await app.request('/b');
  expect(await telemetry.prometheusText()).toContain('{method="GET",route="unmatched",status="404"} 2');
});

test('a handler that throws leaves an error on the span', async () => {
  await app.request('/broken');
  const [span] = spans.getFinishedSpans();
  expect(span?.attributes['http.response.status_code']).toBe(500);
  expect(span?.events[0]?.attributes?.['exception.message']).toBe('it broke');
});

test('probes are measured but not traced', async () => {
  await app.request('/healthz');
  expect(spans.getFinishedSpans()).toEqual([]);
  expect(await telemetry.prometheusText()).toContain('route="/healthz",status="200"} 1');
});
