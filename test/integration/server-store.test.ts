import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../platform/log.ts';
import { STORE_SERVER_DEFAULTS } from '../../platform/store/config.ts';
import { openServerStore } from '../../platform/store/server.ts';
import type { ClaimableStore } from '../../platform/store/store.ts';
import {
  openTrialClient,
  type RunningServer,
  startServerProcess,
} from '../support/clickhouse-server/start.ts';
import { type CutProxy, startCutProxy } from '../support/cut-proxy.ts';
import { eventually, freePort } from '../support/loopback.ts';
import { makeFolder } from '../support/temporary-folder.ts';

const ARGS = ['--user', 'u', '--password', "p'w", '--writes', '4'];
const TABLE = 'ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 100';

let folder: { path: string; remove(): Promise<void> };
let server: RunningServer;

beforeEach(async () => {
  folder = await makeFolder();
  server = await startServerProcess(folder.path, ARGS);
});
afterEach(async () => {
  await server.stop();
  await folder.remove();
});

const rowsFrom = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({ id: from + index }));

async function count(store: ClaimableStore, table: string): Promise<unknown> {
  const [row] = await store.query(`SELECT count() AS rows, uniqExact(id) AS distinct FROM ${table}`);
  return row;
}

describe('a server behind a network that breaks', () => {
  let proxy: CutProxy;
  let store: ClaimableStore;

  beforeEach(async () => {
    proxy = await startCutProxy(server.url);
    store = await openTrialClient(proxy);
    await store.command(`CREATE TABLE t (id UInt64) ${TABLE}`);
    await store.command(`CREATE TABLE slow (id UInt64, at UInt8 DEFAULT sleepEachRow(0.2)) ${TABLE}`);
  });
  afterEach(async () => {
    await store.close();
    await proxy.close();
  });

  it('has an insert once whose answer was lost', async () => {
    proxy.cutAnswers('INSERT INTO', 1);
    await store.insertRows('t', rowsFrom(0, 10), { token: 'a', rows: 10 });
    expect(proxy.cuts).toBe(1);
    expect(await count(store, 't')).toEqual({ rows: 10, distinct: 10 });
    proxy.cutAnswers('INSERT INTO', 1);
    await store.insertRows('t', rowsFrom(0, 20), { token: 'b', again: true });
    expect(proxy.cuts).toBe(1);
    expect(await count(store, 't')).toEqual({ rows: 20, distinct: 20 });
  });

  it('has an insert once that was cut while the server worked on it', async () => {
    const watching = await openTrialClient(server);
    const inserted = store.insertRows('slow', rowsFrom(0, 5), { token: 'a' });
    await eventually(
      async () => {
        const running = await watching.query(
          `SELECT query_id FROM system.processes WHERE startsWith(query_id, 'headway:')`,
        );
        return running.length > 0 || undefined;
      },
      { every_ms: 20 },
    );
    proxy.cutNow();
    await inserted;
    expect(await count(watching, 'slow')).toEqual({ rows: 5, distinct: 5 });
    await watching.close();
  });

  it('leaves it to whoever asked when nothing tells the rows apart', async () => {
    proxy.cutAnswers('INSERT INTO', 1);
    const failed = store.insertRows('t', rowsFrom(0, 3));
    await expect(failed).rejects.toMatchObject({ name: 'StoreError', code: 'failed', engine_code: null });
    expect(await count(store, 't')).toEqual({ rows: 3, distinct: 3 });
  });

  it('asks again when an answer is lost, and fails when all of them are', async () => {
    proxy.cutAnswers('forty_two', 1);
    expect(await store.query('SELECT 42 AS forty_two')).toEqual([{ forty_two: 42 }]);
    expect(proxy.cuts).toBe(1);
    proxy.cutAnswers('forty_two', 99);
    await expect(store.query('SELECT 42 AS forty_two')).rejects.toMatchObject({ code: 'failed' });
  });
});

describe('a server that goes away', () => {
  it('keeps what it acknowledged when it is killed, and takes the rest afterwards', async () => {
    const store = await openTrialClient(server);
    await store.command(`CREATE TABLE t (id UInt64) ${TABLE}`);
    const port = new URL(server.url).port;
    let killed: Promise<unknown> | undefined;
    let failures = 0;
    for (let batch = 0; batch < 12; batch++) {
      const rows = rowsFrom(batch * 10, 10);
      const insert = (again: boolean) => store.insertRows('t', rows, { token: `${batch}`, again, rows: 10 });
      const first = insert(false);
      if (batch === 5) {
        killed = once(server.process, 'exit');
        server.process.kill('SIGKILL');
      }
      try {
        await first;
      } catch {
        failures += 1;
        await killed;
        server = await startServerProcess(folder.path, [...ARGS, '--port', port]);
        await insert(true);
      }
    }
    expect(failures).toBe(1);
    expect(await count(store, 't')).toEqual({ rows: 120, distinct: 120 });
    await store.close();
  });

  it('is named when it cannot be reached, without what lets one in', async () => {
    const store = await openTrialClient(server);
    await server.stop();
    const error = await store.query('SELECT 1').catch((cause: unknown) => cause);
    expect(error).toMatchObject({ name: 'StoreError', code: 'failed', engine_code: null });
    expect(String(error)).toContain(server.url);
    expect(String(error)).toContain('ECONNREFUSED');
    expect(String(error)).not.toContain("p'w");
    await store.close();
  });

  it('is waited for at the start', async () => {
    const port = await freePort();
    const opening = openTrialClient({ url: `http://127.0.0.1:${port}` }, { database: 'made_here' });
    await server.stop();
    server = await startServerProcess(folder.path, [...ARGS, '--port', String(port)]);
    const store = await opening;
    expect(await store.query('SELECT currentDatabase() AS name')).toEqual([{ name: 'made_here' }]);
    await store.close();
  });

  it('is given up at the start when it does not come', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const opening = openTrialClient({ url }, { reach_time_max_s: 0.1 });
    await expect(opening).rejects.toMatchObject({ name: 'StoreError', code: 'failed' });
  });

  it('is not waited for when it does not let us in', async () => {
    const config = { ...STORE_SERVER_DEFAULTS, url: server.url, user: 'u', password: 'wrong' };
    await expect(openServerStore(config, silentLog)).rejects.toMatchObject({
      code: 'failed',
      engine_code: 516,
    });
  });
});
