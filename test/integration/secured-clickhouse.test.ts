import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { checkTables } from '../../cli/doctor-cluster.ts';
import { silentLog } from '../../platform/log.ts';
import { STORE_SERVER_DEFAULTS, type StoreServerConfig } from '../../platform/store/config.ts';
import { openServerStore } from '../../platform/store/server.ts';
import { StoreRefused } from '../../platform/store/server-refusal.ts';
import { HEADWAY_DEFAULTS } from '../../services/all-in-one/config.ts';
import { openApiRole } from '../../services/cluster/api-role.ts';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { type RunningServer, startServerProcess } from '../support/clickhouse-server/start.ts';
import { hasProgram } from '../support/loopback.ts';
import { makeFolder } from '../support/temporary-folder.ts';

const USER = { user: 'me', password: 'r:i g%ht' };
const missing = hasProgram('openssl') ? undefined : 'openssl is not installed';

describe.skipIf(missing !== undefined)(`tables behind HTTPS ${missing ?? ''}`, () => {
  let folder: Awaited<ReturnType<typeof makeFolder>>;
  let own: Certificates;
  let stranger: Certificates;
  let server: RunningServer;
  beforeAll(async () => {
    folder = await makeFolder();
    own = makeCertificates(folder.path, 'own');
    stranger = makeCertificates(folder.path, 'stranger');
    const { cert, key } = own.server;
    const user = ['--user', USER.user, '--password', USER.password];
    server = await startServerProcess(folder.path, [...user, '--cert', cert, '--key', key]);
  });
  afterAll(async () => {
    await server.stop();
    await folder.remove();
  });

  const config = (changed: Partial<StoreServerConfig> = {}): StoreServerConfig => ({
    ...STORE_SERVER_DEFAULTS,
    ...{ url: server.url, database: 'secured', ca_file: own.ca, reach_time_max_s: 0 },
    ...USER,
    ...changed,
  });

  it('are made, written and read', async () => {
    expect(server.url).toMatch(/^https:/);
    const store = await openServerStore(config(), silentLog);
    onTestFinished(() => store.close());
    await store.command('CREATE TABLE t (n UInt32) ENGINE = MergeTree ORDER BY n');
    await store.insertRows('t', [{ n: 1 }, { n: 2 }]);
    expect(await store.query('SELECT sum(n) AS sum, currentDatabase() AS own FROM t')).toEqual([
      { sum: 3, own: 'secured' },
    ]);
    expect(await checkTables({ clickhouse: config() })).toMatchObject({ ok: true });
  });

  const REFUSALS: readonly [string, () => Partial<StoreServerConfig>, RegExp][] = [
    [
      'a wrong password',
      () => ({ password: 'wrong-one' }),
      /does not let user me in \(code 516\).*Mend clickhouse\.user and clickhouse\.password/,
    ],
    ['an unknown user', () => ({ user: 'you' }), /does not let user you in/],
    [
      'another authority',
      () => ({ ca_file: stranger.ca }),
      /not signed by an authority that this process knows \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\).*clickhouse\.ca_file/,
    ],
    ['no authority', () => ({ ca_file: null }), /not signed by an authority.*clickhouse\.ca_file/],
    [
      'another name',
      () => ({ url: server.url.replace('localhost', '127.0.0.1') }),
      /certificate is for other names \(ERR_TLS_CERT_ALTNAME_INVALID\).*clickhouse\.url/,
    ],
    [
      'a password file that is not there',
      () => ({ password: null, password_file: '/nowhere/password' }),
      /clickhouse\.password_file.*cannot be read \(ENOENT\)/,
    ],
  ];
  it.each(REFUSALS)('say what is wrong with %s', async (_, changed, message) => {
    const wrong = config(changed());
    const { ok, detail, mend } = await checkTables({ clickhouse: wrong });
    expect(ok).toBe(false);
    expect(`clickhouse.password_file ${detail}. ${mend}`).toMatch(message);
    await expect(openServerStore(wrong, silentLog)).rejects.toThrow(message);
    expect(detail).not.toContain('wrong-one');
  });

  it('end a process that they do not let in, with the reason', async () => {
    const role = openApiRole(
      {
        ...HEADWAY_DEFAULTS,
        server: { ...HEADWAY_DEFAULTS.server, port: 0 },
        clickhouse: config({ password: 'wrong-one' }),
      },
      silentLog,
    );
    onTestFinished(() => role.stop());
    await role.listen();
    await expect(role.broken).rejects.toThrow(StoreRefused);
  });
});

describe.skipIf(missing !== undefined)('tables that want a certificate of who connects', () => {
  it('take one beside the password, and say that they want one', async () => {
    const { path, remove } = await makeFolder();
    onTestFinished(remove);
    const { ca, server: own, client } = makeCertificates(path, 'own');
    const files = ['--cert', own.cert, '--key', own.key, '--clients', ca];
    const server = await startServerProcess(path, ['--user', 'me', '--password', 'right', ...files]);
    onTestFinished(() => server.stop());
    const without = { ...STORE_SERVER_DEFAULTS, url: server.url, ca_file: ca, user: 'me', password: 'right' };
    const clickhouse = { ...without, cert_file: client.cert, key_file: client.key, database: 'default' };
    expect((await checkTables({ clickhouse })).detail).toMatch(/version \d+\.\d+/);
    expect(await checkTables({ clickhouse: without })).toMatchObject({
      ok: false,
      detail: expect.stringContaining('it does not take the certificate of this process, or wants one'),
      mend: expect.stringContaining('clickhouse.cert_file'),
    });
  });
});

describe.skipIf(missing !== undefined)('tables that speak no TLS', () => {
  it('say so to who tries', async () => {
    const { path, remove } = await makeFolder();
    onTestFinished(remove);
    const server = await startServerProcess(path);
    onTestFinished(() => server.stop());
    const clickhouse = { ...STORE_SERVER_DEFAULTS, url: server.url.replace('http:', 'https:') };
    expect(await checkTables({ clickhouse })).toMatchObject({
      ok: false,
      detail: expect.stringContaining('speaks no TLS there'),
      mend: expect.stringContaining('8443'),
    });
  });
});
