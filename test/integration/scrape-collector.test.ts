import { gzipSync } from 'node:zlib';
import { metrics } from '@opentelemetry/api';
import { afterEach, describe, expect, it } from 'vitest';
import { type Batch, BusRefused, type BusWriter } from '../../platform/bus/bus.ts';
import { type Clock, systemClock } from '../../platform/clock.ts';
import { listen } from '../../platform/http-server.ts';
import { createLog } from '../../platform/log.ts';
import { createCounters } from '../../platform/telemetry/counters.ts';
import { type Collector, createCollector } from '../../services/collector/collector.ts';
import {
  COLLECTOR_DEFAULTS,
  type CollectorConfig,
  type ScrapeJobConfig,
} from '../../services/collector/config.ts';
import { nextTurn_us } from '../../services/collector/receivers/scrape-loop.ts';
import { scrapeTargets } from '../../services/collector/receivers/scrape-target.ts';
import { eventually } from '../support/loopback.ts';
import { startPageServer } from '../support/page-server.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function createParts(config: Partial<CollectorConfig> = {}, bus?: BusWriter, clock: Clock = systemClock) {
  const batches: Batch[] = [];
  const lines: { message: string; reason?: string }[] = [];
  const collector: Collector = createCollector({
    config: { ...COLLECTOR_DEFAULTS, ...config },
    bus: bus ?? { publish: async (more) => void batches.push(...more) },
    clock,
    log: createLog('info', (line) => lines.push(JSON.parse(line) as { message: string })),
    counters: createCounters(metrics.getMeter('test'), 'collector'),
  });
  closing.push(() => collector.stop());
  return { collector, batches, lines };
}

/** A clock on which the job's next turn is a moment away, however long its interval. */
function shortlyBefore(job: ScrapeJobConfig): Clock {
  const [target] = scrapeTargets([job], COLLECTOR_DEFAULTS.scrape_limits);
  if (target === undefined) throw new Error('the job has no target');
  const start_us = systemClock.now_us();
  const ahead_us = nextTurn_us(target, start_us) - start_us - 20_000;
  return { now_us: () => systemClock.now_us() + ahead_us };
}

async function startServer(page: string) {
  const server = await startPageServer(page);
  closing.push(() => server.close());
  return server;
}

const GPU = 'DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="GPU-0",Hostname="n1"} 29\n';

describe('the collector', () => {
  it('scrapes its targets turn by turn, those added later too, and stops', async () => {
    const [first, second] = [await startServer(GPU), await startServer(GPU)];
    const { collector, batches } = createParts({
      scrape: [{ name: 'first', targets: [first.target], interval_s: 1 }],
    });
    collector.start();
    // a scrape may take as long as its interval: on a busy machine a short one would be a missed scrape
    collector.addTargets([{ name: 'second', targets: [second.target], interval_s: 1 }]);
    await eventually(() => (first.requests.length >= 3 && second.requests.length >= 3 ? true : undefined));
    await collector.stop();
    const kinds = batches.map(({ kind, key }) => `${kind} ${key}`);
    expect(new Set(kinds)).toEqual(new Set(['series n1', 'device_samples n1', 'series_points n1']));
    // Names once a target (the device's, and those of its scrapes), rows at every scrape.
    expect(kinds.filter((kind) => kind === 'series n1').length).toBe(4);
    const asked = first.requests.length + second.requests.length;
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(first.requests.length + second.requests.length).toBe(asked);
  });

  it('never asks a target twice at once', async () => {
    const server = await startServer('');
    let open = 0;
    let most = 0;
    server.answer((_, response) => {
      most = Math.max(most, ++open);
      setTimeout(() => {
        open--;
        response.end(GPU);
      }, 120);
    });
    const { collector } = createParts({
      scrape: [{ name: 'slow', targets: [server.target], interval_s: 0.15, timeout_s: 0.15 }],
    });
    collector.start();
    await eventually(() => (server.requests.length >= 4 ? true : undefined));
    expect(most).toBe(1);
  });

  it('says once that a target is down and once that it is back', async () => {
    const server = await startServer(GPU);
    server.answer((_, response) => response.writeHead(503).end());
    const { collector, lines } = createParts({
      scrape: [{ name: 'a', targets: [server.target], interval_s: 0.5 }],
    });
    collector.start();
    await eventually(() => (server.requests.length >= 4 ? true : undefined));
    server.answer((_, response) => response.end(GPU));
    const asked = server.requests.length;
    await eventually(() => (server.requests.length >= asked + 4 ? true : undefined));
    await collector.stop();
    expect(lines.map(({ message }) => message)).toEqual(['scrape failed', 'target is back']);
    expect(lines[0]?.reason).toContain('503');
  });

  it('goes on when the bus refuses, and says so once', async () => {
    const server = await startServer(GPU);
    const refused = new BusRefused('spool_full', 'the spool is full', { retryable: true });
    const { collector, lines } = createParts(
      { scrape: [{ name: 'a', targets: [server.target], interval_s: 0.5 }] },
      { publish: () => Promise.reject(refused) },
    );
    collector.start();
    await eventually(() => (server.requests.length >= 4 ? true : undefined));
    await collector.stop();
    expect(lines.map(({ message }) => message)).toEqual(['scrape was not stored']);
  });

  it('stops in the middle of a scrape that hangs', async () => {
    const server = await startServer('');
    server.answer(() => {});
    const job = { name: 'a', targets: [server.target], interval_s: 60, timeout_s: 60 };
    const { collector } = createParts({ scrape: [job] }, undefined, shortlyBefore(job));
    collector.start();
    await eventually(() => (server.requests.length >= 1 ? true : undefined), { limit_ms: 5000 });
    const begun = performance.now();
    await collector.stop();
    expect(performance.now() - begun).toBeLessThan(5000);
  });

  it('refuses a configuration by place', () => {
    const scrape = [
      { name: 'a', targets: ['n:1'] },
      { name: 'b', targets: [] },
    ];
    expect(() => createParts({ scrape })).toThrow('collector.scrape[1].targets');
  });
});

describe('POST /v1/events over a socket', () => {
  it('answers, and turns away what is too large while it is still being sent', async () => {
    const { collector, batches } = createParts({
      events: { ...COLLECTOR_DEFAULTS.events, body_bytes_max: 1_000_000 },
    });
    const server = await listen(collector.routes, { host: '127.0.0.1', port: 0, request_timeout_s: 10 });
    closing.push(() => server.close());
    const post = (body: RequestInit['body'], headers: Record<string, string> = {}) =>
      fetch(`${server.url}/v1/events`, { method: 'POST', body, headers, duplex: 'half' } as RequestInit);
    const good = await post('{"type":"job","job":"a"}\n');
    expect([good.status, await good.json()]).toEqual([200, { accepted: 1, rejected: [] }]);
    const bomb = await post(gzipSync(Buffer.alloc(100_000_000)), { 'content-encoding': 'gzip' });
    expect(bomb.status).toBe(413);
    let sent = 0;
    const endless = new ReadableStream({
      pull(controller) {
        sent += 100_000;
        if (sent > 1_000_000_000) controller.close();
        else controller.enqueue(new Uint8Array(100_000));
      },
    });
    const answer = await post(endless).then(
      ({ status }) => status,
      () => 413, // the connection was closed under the sender, which is as good
    );
    expect(answer).toBe(413);
    expect(sent).toBeLessThan(500_000_000);
    expect(batches.length).toBe(1);
    expect((await post('{"type":"job","job":"b"}')).status).toBe(200);
  });
});
