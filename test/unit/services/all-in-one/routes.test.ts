import type { Hono } from 'hono';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openSpool } from '../../../../platform/bus/spool.ts';
import { systemClock } from '../../../../platform/clock.ts';
import { silentLog } from '../../../../platform/log.ts';
import type { Store } from '../../../../platform/store/store.ts';
import { startTelemetry } from '../../../../platform/telemetry/telemetry.ts';
import { HEADWAY_DEFAULTS } from '../../../../services/all-in-one/config.ts';
import { createApp } from '../../../../services/all-in-one/routes.ts';
import { createCollector } from '../../../../services/collector/collector.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

/** What is asked here ends before any table is. */
const NO_STORE: Store = {
  query: () => Promise.reject(new Error('asked')),
  command: () => Promise.reject(new Error('asked')),
  insertRows: () => Promise.reject(new Error('asked')),
  insertRowBinary: () => Promise.reject(new Error('asked')),
  close: async () => {},
};

async function openApp(read_token: string | null = null): Promise<Hono> {
  const log = silentLog;
  const config = { ...HEADWAY_DEFAULTS, api: { ...HEADWAY_DEFAULTS.api, read_token } };
  const spool = await openSpool(await temporaryFolder(), config.spool, log);
  const telemetry = startTelemetry(config.telemetry, { log, version: 'test' });
  onTestFinished(async () => {
    await spool.close();
    await telemetry.shutdown();
  });
  const clock = systemClock;
  const collector = createCollector({ config: config.collector, bus: spool.writer, clock, log }).routes;
  return createApp({ config, log, clock, store: NO_STORE, collector, telemetry, caughtUp: async () => {} });
}

describe('a request that no route takes', () => {
  it.each(['/v1', '/v1/nothing', '/v1/jobs/a/b/c'])('is a problem document at %s', async (path) => {
    const response = await (await openApp()).request(path);
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({ status: 404, title: 'Not found', instance: path });
  });

  it.each(['/prom', '/prom/api/v1/nothing'])("is Prometheus's envelope at %s", async (path) => {
    const response = await (await openApp()).request(path);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ status: 'error', errorType: 'not_found' });
  });

  it('is a line of text elsewhere', async () => {
    const response = await (await openApp()).request('/v1jobs');
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(await response.text()).toMatch(/^[^\n]+\n$/);
  });

  it.each([
    ['POST', '/v1/jobs', 'GET, HEAD', 'application/problem+json'],
    ['DELETE', '/v1/jobs/team%2Fa', 'GET, HEAD', 'application/problem+json'],
    ['GET', '/v1/events', 'POST', 'application/problem+json'],
    ['DELETE', '/prom/api/v1/query', 'GET, POST, HEAD', 'application/json'],
    ['PUT', '/prom/api/v1/label/job/values', 'GET, POST, HEAD', 'application/json'],
    ['POST', '/healthz', 'GET, HEAD', 'text/plain'],
  ])('is a 405 where another method would be: %s %s', async (method, path, allow, type) => {
    const response = await (await openApp()).request(path, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe(allow);
    expect(response.headers.get('content-type')).toContain(type);
  });
});

describe('a request without the token', () => {
  it('is refused in the words of its door', async () => {
    const app = await openApp('s3cret');
    const v1 = await app.request('/v1/jobs');
    expect(v1.status).toBe(401);
    expect(v1.headers.get('content-type')).toBe('application/problem+json');
    expect(v1.headers.get('www-authenticate')).toMatch(/^Bearer/);
    const prom = await app.request('/prom/api/v1/query?query=1', { headers: { authorization: 'Bearer no' } });
    expect(prom.status).toBe(401);
    expect(await prom.json()).toMatchObject({ status: 'error', errorType: 'unauthorized' });
  });

  it('is let through with it', async () => {
    const app = await openApp('s3cret');
    const response = await app.request('/prom/api/v1/query?query=1', {
      headers: { authorization: 'Bearer s3cret' },
    });
    expect(response.status).toBe(200);
  });
});
