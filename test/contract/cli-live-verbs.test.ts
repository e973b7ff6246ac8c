import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { main } from '../../cli/main.ts';
import { rulesOfFile } from '../../services/api/alerts/rule-file.ts';
import { freePort } from '../support/loopback.ts';
import { startPageServer } from '../support/page-server.ts';
import type { WrittenSeries } from '../support/prometheus-remote-write.ts';
import { openReadApi, type ReadApi } from '../support/read-api.ts';

const FILE = 'dashboards/generated/headway.rules.prometheus.yml';
const SHIPPED = rulesOfFile(readFileSync(new URL(`../../${FILE}`, import.meta.url), 'utf8'), FILE);
const NOW_S = 1_800_000_000;

const series = (
  name: string,
  labels: Record<string, string>,
  value: number,
  since_s = 600,
): WrittenSeries => ({
  name,
  labels,
  samples: Array.from({ length: since_s / 15 + 1 }, (_, index) => ({
    ts_ms: (NOW_S - index * 15) * 1000,
    value,
  })).reverse(),
});
const RUNNING = [series('headway_job_state', { job: 'good', state: 'running' }, 1)];
const STUCK = [
  ...RUNNING,
  series('headway_job_state', { job: 'stuck', state: 'hang' }, 1),
  series('headway_job_stalled_seconds', { job: 'stuck' }, 600),
  series('headway_job_devices', { job: 'stuck' }, 64),
];

async function run(...args: readonly string[]) {
  const written = { out: '', err: '' };
  const to = (key: 'out' | 'err') =>
    new Writable({
      write(chunk, _, done) {
        written[key] += String(chunk);
        done();
      },
    });
  return { code: await main(args, { out: to('out'), err: to('err') }), ...written };
}

describe('the verbs that ask a running Headway', () => {
  let api: ReadApi;
  let url: string;
  let told: readonly WrittenSeries[] = STUCK;
  let now_s = NOW_S;
  beforeAll(async () => {
    api = await openReadApi({ now_us: () => now_s * 1e6, series: () => told, rules: SHIPPED });
    const app = new Hono();
    app.route('/v1', api.app);
    app.get('/prom/api/v1/query', (c) => c.json({ status: 'success', data: { result: [] } }));
    const server = createAdaptorServer(app);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => api.close());

  it('top shows a frame and ends, or gives it as JSON', async () => {
    const frame = await run('top', '--once', '--url', url);
    expect(frame.code).toBe(0);
    expect(frame.out).toMatch(/^stuck makes no progress \(hang\) for 10 min 00 s, 64 devices held/);
    expect(frame.out).toMatch(/^good +running/m);
    const { out } = await run('top', '--json', '--url', url, '--job', 'good');
    expect(JSON.parse(out)).toMatchObject({ jobs: [{ job: 'good', state: 'running' }], incidents: [] });
  });

  it('alerts list ends in 1 while something fires, and in 0 when only the watchdog does', async () => {
    const firing = await run('alerts', 'list', '--url', url, '--state', 'firing');
    expect(firing.code).toBe(1);
    expect(firing.out).toMatch(
      /^firing {4}HeadwayJobHung \(page\) stuck since 2027-01-15T07:50:00\.000Z, value 600$/m,
    );
    expect(firing.out).toMatch(/^ {12}action {3}Take the node/m);
    told = RUNNING;
    now_s += 15;
    onTestFinished(() => {
      told = STUCK;
      now_s = NOW_S;
    });
    expect(await run('alerts', 'list', '--url', url, '--json')).toMatchObject({ code: 0, err: '' });
  });

  it('alerts history says when each was active', async () => {
    const { code, out } = await run('alerts', 'history', '--url', url, '--from', 'now-1h', '--job', 'stuck');
    expect(code).toBe(0);
    expect(out).toMatch(
      /^2027-01-15T07:50:00\.000Z {2}HeadwayJobHung \(page\) stuck: fired from 2027-01-15T07:50:00\.000Z, goes on$/m,
    );
    expect(await run('alerts', 'history', '--url', url, '--from', 'yesterday')).toMatchObject({
      code: 2,
      out: '',
    });
  });

  it('alerts test checks every rule, and sends a message where it is told to', async () => {
    const receiver = await startPageServer('');
    onTestFinished(() => receiver.close());
    const { code, out } = await run(
      'alerts',
      'test',
      '--url',
      url,
      '--webhook',
      `http://${receiver.target}/alerts`,
      '--json',
    );
    const { checks } = JSON.parse(out) as { checks: { name: string; ok: boolean }[] };
    expect(code, out).toBe(0);
    expect(checks).toHaveLength(SHIPPED.length + 1);
    expect(receiver.requests.map(({ url: path, method }) => [method, path])).toEqual([['POST', '/alerts']]);
    receiver.answer((_, response) => void response.writeHead(500).end());
    expect(
      (await run('alerts', 'test', '--url', url, '--webhook', `http://${receiver.target}/alerts`)).code,
    ).toBe(1);
    const nobody = `http://127.0.0.1:${await freePort()}/alerts`;
    expect((await run('alerts', 'test', '--url', url, '--webhook', nobody)).code).toBe(3);
  });

  it.each([
    ['top', '--once'],
    ['alerts', 'list'],
    ['alerts', 'test'],
    ['alerts', 'history'],
  ])('%s %s ends in 3 where nobody answers', async (...verb) => {
    const nobody = `http://127.0.0.1:${await freePort()}`;
    const { code, err } = await run(...verb, '--url', nobody);
    expect(code).toBe(3);
    expect(err).toMatch(/cannot reach Headway at .*npm start/);
  });
});
