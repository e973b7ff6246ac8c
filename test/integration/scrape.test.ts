import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { DEVICE_SAMPLES_COLUMNS } from '../../domain/catalog/device-columns.ts';
import { createTargetScraper } from '../../services/collector/receivers/scrape.ts';
import { describeWithFixtures, fixturePath } from '../support/fixtures.ts';
import { startPageServer } from '../support/page-server.ts';
import { openScrapeThread, type ScrapeThread } from '../support/scrape-thread.ts';

let thread: ScrapeThread;
beforeAll(async () => {
  thread = await openScrapeThread();
});
afterAll(() => thread.close());

const never = new AbortController().signal;

/** A target under a job name of its own, and its scraper. */
async function startTarget(name: string, page: string | Uint8Array, more: { timeout_s?: number } = {}) {
  const server = await startPageServer(page);
  onTestFinished(() => server.close());
  const target = thread.target({ name, targets: [server.target], interval_s: 30, ...more });
  const scraper = createTargetScraper(target, thread.dependencies);
  return { server, scrape: () => scraper.scrape(never) };
}

describe('device_samples', () => {
  it('has the columns that rows are written with, in their order', async () => {
    const rows = await thread.store.query<{ name: string }>(
      "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = 'device_samples' ORDER BY position",
    );
    expect(rows.map(({ name }) => name)).toEqual([...DEVICE_SAMPLES_COLUMNS]);
  });
});

describeWithFixtures('real pages over HTTP, asked for by their own names', () => {
  it('the L4: every series but the missing sensor, with its own labels, instance and job', async () => {
    const page = readFileSync(fixturePath('dcgm/01_l4_full_default_csv.prom'));
    const { scrape, server } = await startTarget('l4', page);
    expect(await scrape()).toMatchObject({
      is_up: true,
      samples: 23,
      devices: 1,
      problem: null,
      refused: null,
    });
    const all = await thread.query('{job="l4",__name__=~"DCGM_.*"}');
    expect(all.length).toBe(22);
    expect(await thread.query('DCGM_FI_DEV_MEMORY_TEMP{job="l4"}')).toEqual([]);
    expect(await thread.query('DCGM_FI_DEV_POWER_USAGE{job="l4"}')).toEqual([
      {
        metric: {
          __name__: 'DCGM_FI_DEV_POWER_USAGE',
          DCGM_FI_DRIVER_VERSION: '580.105.08',
          Hostname: 'i-030791dc5a37cd257',
          UUID: 'GPU-c2f76b33-7953-256e-8f33-1343419b1a1c',
          device: 'nvidia0',
          gpu: '0',
          instance: server.target,
          job: 'l4',
          modelName: 'NVIDIA L4',
          pci_bus_id: '00000000:31:00.0',
        },
        value: '16.365',
      },
    ]);
    const printed = new Map(
      page
        .toString()
        .split('\n')
        .filter((line) => line.startsWith('DCGM_'))
        .map((line) => [line.slice(0, line.indexOf('{')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
    );
    for (const { metric, value } of all) expect(Number(value)).toBe(printed.get(metric['__name__'] ?? ''));
  });

  it('eight H100: all devices by one query, one by its pod', async () => {
    const page = readFileSync(fixturePath('dcgm/02_h100x8_k8s_pods_no_help_lines.prom'));
    const { scrape } = await startTarget('h100', page);
    expect(await scrape()).toMatchObject({ samples: 30, devices: 8 });
    const temperatures = await thread.query('DCGM_FI_DEV_GPU_TEMP{job="h100"}');
    expect(temperatures.map(({ metric }) => metric['gpu']).sort()).toEqual([
      '0',
      '1',
      '2',
      '3',
      '4',
      '5',
      '6',
      '7',
    ]);
    const own = await thread.query('DCGM_FI_DEV_POWER_USAGE{pod="vllm-agg-0-vllmdecodeworker-s65j5"}');
    expect(own.map(({ value }) => value)).toEqual(['113.611']);
    const rows = await thread.store.query<{ node: string; devices: number; power: number }>(
      "SELECT node, toInt32(uniqExact(device_uid)) AS devices, max(power_w) AS power FROM device_samples WHERE node = 'gpu-node-1' GROUP BY node",
    );
    expect(rows).toEqual([{ node: 'gpu-node-1', devices: 8, power: 113.611 }]);
  });
});

describe('a target', () => {
  const gpu = (index: number, value: string) =>
    `DCGM_FI_DEV_GPU_UTIL{gpu="${index}",UUID="GPU-${index}",Hostname="n1"} ${value}\n`;

  it('never gives a sentinel as a number', async () => {
    const page = `${gpu(0, '29')}${gpu(1, '9223372036854775794')}DCGM_FI_DEV_POWER_USAGE{gpu="0",UUID="GPU-0"} 140737488355328.000000\n`;
    const { scrape } = await startTarget('sentinels', page);
    expect([...(await scrape()).dropped]).toEqual([['blank', 2]]);
    const found = await thread.query('{job="sentinels",__name__=~"DCGM_.*"}');
    expect(found.map(({ metric, value }) => [metric['gpu'], value])).toEqual([['0', '29']]);
  });

  it('says how its scrapes went', async () => {
    const { scrape } = await startTarget('health', `${gpu(0, '1')}a 1\nbad{\n`);
    expect(await scrape()).toMatchObject({
      is_up: true,
      bad_lines: 1,
      problem: expect.stringContaining('line 3'),
    });
    const value = async (name: string) => Number((await thread.query(`${name}{job="health"}`))[0]?.value);
    expect(await value('up')).toBe(1);
    expect(await value('scrape_samples_scraped')).toBe(2);
    expect(await value('scrape_series_added')).toBe(2);
    expect(await value('scrape_duration_seconds')).toBeGreaterThan(0);
  });

  it('ends its series when it is down, and has them again when it is back', async () => {
    const { scrape, server } = await startTarget('flaps', `${gpu(0, '7')}other{a="b"} 3\n`);
    await scrape();
    expect((await thread.query('{job="flaps",__name__=~"DCGM.*|other"}')).length).toBe(2);
    server.answer((_, response) => response.writeHead(500).end('no'));
    expect(await scrape()).toMatchObject({ is_up: false, problem: 'status: HTTP status 500' });
    expect(await thread.query('{job="flaps",__name__=~"DCGM.*|other"}')).toEqual([]);
    expect((await thread.query('up{job="flaps"}'))[0]?.value).toBe('0');
    server.answer((_, response) => response.end(gpu(0, '8')));
    await scrape();
    expect((await thread.query('DCGM_FI_DEV_GPU_UTIL{job="flaps"}')).map(({ value }) => value)).toEqual([
      '8',
    ]);
  });

  it('loses only the device that is gone', async () => {
    const { scrape, server } = await startTarget('lost', gpu(0, '1') + gpu(1, '2'));
    await scrape();
    server.answer((_, response) => response.end(gpu(0, '3')));
    await scrape();
    const left = await thread.query('DCGM_FI_DEV_GPU_UTIL{job="lost"}');
    expect(left.map(({ metric, value }) => [metric['gpu'], value])).toEqual([['0', '3']]);
  });

  it('keeps its fault codes with their labels', async () => {
    const labels = 'gpu="0",UUID="GPU-0",Hostname="n1",err_code="79",err_msg="fallen off the bus"';
    const { scrape } = await startTarget('xid', `${gpu(0, '0')}DCGM_FI_DEV_XID_ERRORS{${labels}} 79\n`);
    await scrape();
    const [xid] = await thread.query('DCGM_FI_DEV_XID_ERRORS{job="xid"}');
    expect(xid).toMatchObject({ value: '79', metric: { err_code: '79', err_msg: 'fallen off the bus' } });
    const rows = await thread.store.query<{ xid_last: number }>(
      'SELECT xid_last FROM device_samples WHERE target = {target:String}',
      { target: xid?.metric['instance'] ?? '' },
    );
    expect(rows).toEqual([{ xid_last: 79 }]);
  });
});

describe('what a target may do to the collector', () => {
  it('gzip is asked for and read, and its size counted when unpacked', async () => {
    const { scrape, server } = await startTarget('gzip', '');
    server.answer((request, response) => {
      expect(request.headers['accept-encoding']).toBe('gzip');
      response.setHeader('content-encoding', 'gzip');
      response.end(gzipSync('a 1\n'));
    });
    expect(await scrape()).toMatchObject({ is_up: true, samples: 1 });
    server.answer((_, response) => {
      response.setHeader('content-encoding', 'gzip');
      response.end(gzipSync(Buffer.alloc(20 * 1024 * 1024, '#')));
    });
    expect(await scrape()).toMatchObject({
      is_up: false,
      problem: expect.stringContaining('page_bytes_max'),
    });
  });

  it.each([
    ['a redirect', 302, { location: 'http://127.0.0.1:1/' }, '', 'redirects are not followed'],
    ['a missing page', 404, {}, 'not found', 'status 404'],
    ['an HTML page', 200, { 'content-type': 'text/html' }, '<html><p>Welcome</p></html>', 'HTML'],
    ['JSON', 200, { 'content-type': 'application/json' }, '{"status":"ok"}', 'JSON'],
    ['protobuf', 200, { 'content-type': 'application/vnd.google.protobuf' }, '\x01\x02', 'content type'],
  ])('%s is a failed scrape with its reason', async (name, status, headers, body, reason) => {
    const { scrape, server } = await startTarget(`refused ${name}`, '');
    server.answer((_, response) => response.writeHead(status, headers).end(body));
    expect(await scrape()).toMatchObject({ is_up: false, problem: expect.stringContaining(reason) });
    expect(server.requests.length).toBe(1);
  });

  it('silence is a timeout, a page cut by the connection a failure', async () => {
    const { scrape, server } = await startTarget('slow', '', { timeout_s: 0.2 });
    server.answer(() => {});
    expect(await scrape()).toMatchObject({ is_up: false, problem: expect.stringContaining('timeout') });
    server.answer((_, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('a 1\nb 2');
      setImmediate(() => response.destroy());
    });
    expect(await scrape()).toMatchObject({ is_up: false, samples: 0 });
  });

  it('a page without a declared end loses only its last half line', async () => {
    const { scrape, server } = await startTarget('undeclared', '');
    server.answer((_, response) => {
      response.socket?.end('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\na 1\nb 12');
    });
    expect(await scrape()).toMatchObject({ is_up: true, samples: 1, bad_lines: 1 });
  });
});
