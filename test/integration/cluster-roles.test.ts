import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { silentLog } from '../../platform/log.ts';
import { OpenDoor } from '../../services/all-in-one/access.ts';
import { HEADWAY_DEFAULTS, type HeadwayConfig } from '../../services/all-in-one/config.ts';
import { openAnalyzerRole } from '../../services/cluster/analyzer-role.ts';
import { openApiRole } from '../../services/cluster/api-role.ts';
import { openCollectorRole } from '../../services/cluster/collector-role.ts';
import type { Role } from '../../services/cluster/role.ts';
import { startServerProcess } from '../support/clickhouse-server/start.ts';
import { eventually, freePort } from '../support/loopback.ts';
import { makeFolder, temporaryFolder } from '../support/temporary-folder.ts';

const EVENT = '{"type":"job","job":"a"}\n';

/** Settings of a cluster of which nothing is there, unless a test starts it. */
async function settings(): Promise<HeadwayConfig> {
  const { server, kafka, clickhouse, cluster, spool } = HEADWAY_DEFAULTS;
  return {
    ...HEADWAY_DEFAULTS,
    data_dir: await temporaryFolder(),
    server: { ...server, port: 0 },
    kafka: {
      ...kafka,
      brokers: [`127.0.0.1:${await freePort()}`],
      writer: { ...kafka.writer, publish_timeout_s: 0.5 },
    },
    clickhouse: { ...clickhouse, url: `http://127.0.0.1:${await freePort()}` },
    cluster: { ...cluster, start_retry_s: 0.05 },
    spool: { ...spool, retry_first_s: 0.05 },
  };
}

async function listening(role: Role): Promise<string> {
  let stopped: Promise<void> | undefined;
  onTestFinished(() => (stopped ??= role.stop()));
  return await role.listen();
}

async function asked(url: string): Promise<{ status: number; text: string; type: string | null }> {
  const response = await fetch(url);
  return { status: response.status, text: await response.text(), type: response.headers.get('content-type') };
}

describe('an API whose tables are away', () => {
  it('is alive and not ready, says why, and answers once they are there', async () => {
    const config = await settings();
    const url = await listening(openApiRole(config, silentLog));
    expect((await asked(`${url}/healthz`)).status).toBe(200);
    expect((await asked(`${url}/metrics`)).text).toContain('process_start_time_seconds');
    await eventually(async () => {
      const { status, text } = await asked(`${url}/readyz`);
      expect(status).toBe(503);
      return text.includes('could not be reached') || undefined;
    });
    const early = await asked(`${url}/v1/jobs`);
    expect([early.status, early.type]).toEqual([503, 'application/problem+json']);
    const { path, remove } = await makeFolder();
    onTestFinished(remove);
    const server = await startServerProcess(path, ['--port', new URL(config.clickhouse.url).port]);
    onTestFinished(() => server.stop());
    await eventually(async () => (await asked(`${url}/readyz`)).status === 200 || undefined);
    expect(JSON.parse((await asked(`${url}/v1/jobs`)).text)).toMatchObject({ jobs: [] });
    const events = await asked(`${url}/v1/events`);
    expect([events.status, events.text]).toEqual([
      404,
      expect.stringContaining('Send events to a collector'),
    ]);
  });
});

describe('an analyzer whose tables are away', () => {
  it('is alive, waits, and stops at once when it is told to', async () => {
    const role = openAnalyzerRole(await settings(), silentLog);
    const url = await role.listen();
    expect((await asked(`${url}/healthz`)).status).toBe(200);
    const { status, text } = await asked(`${url}/readyz`);
    expect([status, JSON.parse(text)]).toEqual([
      503,
      expect.objectContaining({
        checks: {
          tables: expect.objectContaining({ ok: false }),
          kafka: expect.objectContaining({ ok: false }),
        },
      }),
    ]);
    expect((await asked(`${url}/v1/jobs`)).text).toContain('This is an analyzer');
    await role.stop();
  });
});

describe('a collector whose brokers are away', () => {
  it('is ready and keeps what it acknowledges on its disk', async () => {
    const config = await settings();
    const url = await listening(await openCollectorRole(config, silentLog));
    expect((await asked(`${url}/readyz`)).status).toBe(200);
    const response = await fetch(`${url}/v1/events`, { method: 'POST', body: EVENT });
    expect([response.status, await response.json()]).toEqual([200, { accepted: 1, rejected: [] }]);
    expect((await asked(`${url}/v1/jobs`)).text).toContain('This is a collector');
  });

  it('has its directory to itself', async () => {
    const config = await settings();
    await listening(await openCollectorRole(config, silentLog));
    await expect(openCollectorRole(config, silentLog)).rejects.toThrow('in use by process');
  });
});

describe('a role that others can reach', () => {
  it('refuses to open a door that nobody guards, and opens none that it has not', async () => {
    const config = await settings();
    const open = { ...config, server: { ...config.server, host: '0.0.0.0' } };
    await expect(openCollectorRole(open, silentLog)).rejects.toThrow(/collector\.ingest_token is not set/);
    expect(() => openApiRole(open, silentLog)).toThrow(OpenDoor);
    const guarded = { ...open, api: { ...open.api, read_token: 'secret' } };
    const url = (await listening(openApiRole(guarded, silentLog))).replace('0.0.0.0', '127.0.0.1');
    expect((await asked(`${url}/healthz`)).status).toBe(200);
  });

  it('says that its address is taken', async () => {
    const config = await settings();
    const taken: Server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void taken.close());
    await once(taken, 'listening');
    const address = taken.address();
    if (typeof address !== 'object' || address === null) throw new Error('no address');
    const role = openAnalyzerRole({ ...config, server: { ...config.server, port: address.port } }, silentLog);
    onTestFinished(() => role.stop());
    await expect(role.listen()).rejects.toThrow('EADDRINUSE');
  });
});
