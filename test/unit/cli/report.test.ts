import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { describe, expect, it, onTestFinished } from 'vitest';
import { main } from '../../../cli/main.ts';
import type { RunEvent } from '../../../domain/events.ts';
import { LIVE_DEFAULTS } from '../../../domain/ledger/ledger-shape.ts';
import { API_DEFAULTS } from '../../../services/api/config.ts';
import { createV1Routes } from '../../../services/api/routes/v1.ts';
import { freePort } from '../../support/loopback.ts';
import { memoryReader } from '../../support/memory-reader.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { attempt, endOf, llamaSpec } from '../../support/training-events.ts';

async function run(...args: readonly string[]) {
  const written = { out: '', err: '' };
  const to = (key: 'out' | 'err') =>
    new Writable({
      write(chunk, _, done) {
        written[key] += String(chunk);
        done();
      },
    });
  const code = await main(args, { out: to('out'), err: to('err') });
  return { code, ...written };
}

const FAILED_US = endOf() + 60e6;
const failed: RunEvent[] = [
  llamaSpec({ labels: { framework: '<b>', logged_parameters: 8_030_261_248 } }),
  ...attempt({ nodes: ['n1'] }),
  { type: 'fail', job: 'a', attempt: 1, time_us: FAILED_US, cause: 'xid:79', node: 'n1', device: 3 },
];
const repaired: RunEvent[] = [...failed, ...attempt({ attempt: 2, start_us: FAILED_US + 30e6, first: 8 })];

async function eventFile(events: readonly RunEvent[], name = 'run.ndjson'): Promise<string> {
  const path = join(await temporaryFolder(), name);
  await writeFile(path, events.map((event) => JSON.stringify(event)).join('\n'));
  return path;
}

/** The real routes behind a real socket. */
async function serve(events: readonly RunEvent[]): Promise<string> {
  const app = new Hono();
  const v1 = createV1Routes({
    config: API_DEFAULTS,
    jobs: memoryReader(events),
    clock: { now_us: () => FAILED_US + 60e6 },
    live: LIVE_DEFAULTS,
    caughtUp: async () => {},
  });
  app.route('/v1', v1);
  const server = createAdaptorServer(app);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('headway report', () => {
  it('answers first: what, since when, who, what it costs, what to do', async () => {
    const { code, out } = await run('report', 'a', '--url', await serve(failed));
    expect(code).toBe(0);
    const [what, who, cost, todo] = out.split('\n');
    expect(what).toMatch(/^a is down: .* for 120\.0 s: last step 10 at 2027-01-15T08:00:30\.000Z$/);
    expect(who).toMatch(/xid:79 on node n1 device 3/);
    // 120 s of 8 devices since the last step
    expect(cost).toMatch(/^ {2}cost {3}0\.267 device-h since then, and growing: 8 devices held$/);
    expect(todo).toMatch(/take node n1 out of the job/);
  });

  it('tells a step that hung until the failure from steps done again', async () => {
    const path = join(import.meta.dirname, '../../../docs/examples/restart.ndjson');
    const [, , cost, todo] = (await run('report', path)).out.split('\n');
    expect(cost).toContain('4.68 device-h lost (55.6 %), most to xid:79: 4.41 device-h');
    expect(todo).toContain('find hangs sooner');
    expect(todo).toContain('10 min 00 s passed between the last step and the failures');
  });

  it('draws the waterfall, the conventions, the repair ladder and what is unknown', async () => {
    const { out } = await run('report', await eventFile(repaired));
    expect(out).toMatch(/^Goodput 22\.7 % of 150\.0 s/m);
    expect(out).toMatch(/down\s+\d+\.\d %\s+█+/);
    expect(out).toMatch(/mm_full\s+MFU\s+\d+\.\d\d %/);
    expect(out).toMatch(/restarted \+30\.0 s > first step \+40\.0 s > regained \+46\.0 s/);
    expect(out).toMatch(/3 steps lost/);
    expect(out).toMatch(/hfu_ratio: the recompute setting is not known/);
  });

  it('is one JSON document with --json, the same from a file and from a server', async () => {
    const fromFile = await run('report', await eventFile(failed), '--json');
    const fromServer = await run('report', 'a', '--json', '--url', await serve(failed));
    const [file, server] = [JSON.parse(fromFile.out), JSON.parse(fromServer.out)];
    for (const field of ['job', 'steps', 'step_s', 'mfu_ratio', 'tokens_per_s']) {
      expect(file[field], field).toEqual(server[field]);
    }
    expect(fromFile.err).toBe('');
  });

  it('is a table in Markdown and a page in HTML, and takes no name for markup', async () => {
    const path = await eventFile(repaired);
    const markdown = await run('report', path, '--format', 'markdown');
    expect(markdown.out).toMatch(/^# a: /);
    expect(markdown.out).toMatch(/^\| down \| \d+\.\d % \|/m);
    const html = await run('report', path, '--format', 'html');
    expect(html.out).toMatch(/^<!doctype html>/);
    expect(html.out).not.toContain('<b>');
  });

  it('takes a range', async () => {
    const { out } = await run('report', await eventFile(repaired), '--json', '--to', String(endOf() / 1e6));
    expect(JSON.parse(out)).toMatchObject({ ledger: { horizon_s: 30 }, incidents: [] });
  });

  it('ends in 1 for an unknown job, 2 for bad usage, 3 where nothing answers', async () => {
    const url = await serve(failed);
    expect(await run('report', 'nobody', '--url', url)).toMatchObject({ code: 1, out: '' });
    expect(await run('report', 'a', '--url', url, '--format', 'pdf')).toMatchObject({ code: 2 });
    expect(await run('report', 'a', '--url', url, '--from', 'yesterday')).toMatchObject({ code: 2 });
    expect(await run('report', 'gone.log')).toMatchObject({ code: 2 });
    const nobody = await run('report', 'a', '--url', `http://127.0.0.1:${await freePort()}`);
    expect(nobody.code).toBe(3);
    expect(nobody.err).toMatch(/cannot reach Headway at .*npm start/);
  });
});

describe('headway linearity', () => {
  const small = [llamaSpec({ job: 'small' }), ...attempt({ job: 'small', step_s: 1.6 })];

  it('takes files and jobs, and compares with the smallest or the named one', async () => {
    const paths = [await eventFile(attemptOf16()), await eventFile(small, 'small.ndjson')];
    const { code, out } = await run('linearity', ...paths, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      definition: 'tokens',
      baseline: { job: 'small', devices: 8, tokens_per_s_per_device: 5120 },
      points: [
        { job: 'small', linearity_ratio: 1 },
        { job: 'a', devices: 16, linearity_ratio: 0.4 },
      ],
    });
    const named = await run('linearity', ...paths, '--json', '--baseline', paths[0] ?? '');
    expect(JSON.parse(named.out)).toMatchObject({ baseline: { job: 'a' } });
  });

  it('prints the points for people, with what differs', async () => {
    const { out } = await run('linearity', await eventFile(attemptOf16()), await eventFile(small));
    expect(out).toMatch(/^Linearity \(tokens\), baseline small: 8 devices/);
    expect(out).toMatch(/16 devices {2}step 2\.000 s .* 40\.00 % {2}differs: batch_per_device/);
  });

  it('refuses a definition and a baseline that are none', async () => {
    const path = await eventFile(small);
    expect((await run('linearity', path, '--definition', 'luck')).code).toBe(2);
    expect((await run('linearity', path, '--baseline', 'other')).code).toBe(2);
  });
});

function attemptOf16(): RunEvent[] {
  return [llamaSpec({ device_count: 16 }), ...attempt({ devices: 16 })];
}
