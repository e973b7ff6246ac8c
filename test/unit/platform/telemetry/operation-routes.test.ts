import { expect, test } from 'vitest';
import { createOperationRoutes } from '../../../../platform/telemetry/operation-routes.ts';

const page = async () => '# TYPE up gauge\nup 1\n';

test('/healthz answers while the process does, whatever the checks say', async () => {
  const routes = createOperationRoutes({
    prometheusText: page,
    checks: { store: async () => ({ ok: false, reason: 'gone' }) },
  });
  const response = await routes.request('/healthz');
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ status: 'ok' });
});

test('/readyz is 200 when all checks pass and names each', async () => {
  const routes = createOperationRoutes({
    prometheusText: page,
    checks: { store: async () => ({ ok: true }), bus: async () => ({ ok: true }) },
  });
  const response = await routes.request('/readyz');
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({
    status: 'ready',
    checks: { store: { ok: true }, bus: { ok: true } },
  });
  expect(response.headers.get('cache-control')).toBe('no-store');
});

test('/readyz is 503 with the reason of each check that fails, throws or hangs', async () => {
  const routes = createOperationRoutes({
    prometheusText: page,
    readiness_timeout_s: 0.01,
    checks: {
      bus: async () => ({ ok: false, reason: 'spool is full' }),
      store: async () => {
        throw new Error('connection refused');
      },
      analyzer: () => new Promise(() => {}),
    },
  });
  const response = await routes.request('/readyz');
  expect(response.status).toBe(503);
  expect(await response.json()).toEqual({
    status: 'not_ready',
    checks: {
      bus: { ok: false, reason: 'spool is full' },
      store: { ok: false, reason: 'connection refused' },
      analyzer: { ok: false, reason: 'no answer within 0.01 s' },
    },
  });
});

test('/metrics is Prometheus text', async () => {
  const response = await createOperationRoutes({ prometheusText: page }).request('/metrics');
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(await response.text()).toBe('# TYPE up gauge\nup 1\n');
});
