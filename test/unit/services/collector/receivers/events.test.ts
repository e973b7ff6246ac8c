import * as zlib from 'node:zlib';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type Batch, BusRefused } from '../../../../../platform/bus/bus.ts';
import { decodeRunEvents } from '../../../../../platform/bus/run-event-batch.ts';
import { NO_COUNTERS } from '../../../../../services/collector/collector-counters.ts';
import { COLLECTOR_DEFAULTS, type EventsLimits } from '../../../../../services/collector/config.ts';
import { createEventsReceiver } from '../../../../../services/collector/receivers/events.ts';

interface Options {
  readonly limits?: Partial<EventsLimits>;
  readonly token?: string;
  readonly publish?: (batches: readonly Batch[]) => Promise<void>;
}

/** The receiver over a bus that remembers; the real bus is behind it in test/integration. */
function createReceiver({ limits = {}, token, publish }: Options = {}) {
  const batches: Batch[] = [];
  const app = createEventsReceiver({
    bus: {
      async publish(more) {
        await publish?.(more);
        batches.push(...more);
      },
    },
    clock: { now_us: () => 1_700_000_000_000_000 },
    limits: { ...COLLECTOR_DEFAULTS.events, ...limits },
    ingest_token: token ?? null,
    counters: NO_COUNTERS,
  });
  const post = (body: RequestInit['body'], headers: Record<string, string> = {}) =>
    app.request('/v1/events', { method: 'POST', body, headers, duplex: 'half' } as RequestInit);
  return { app, post, stored: () => batches.flatMap((batch) => decodeRunEvents(batch)) };
}

const STEP = '{"type":"step","job":"a","attempt":0,"step":1,"start_us":1,"end_us":2}';

describe('POST /v1/events', () => {
  it('keeps the good lines and names the bad ones', async () => {
    const { post, stored } = createReceiver();
    const response = await post(`${STEP}\nnot json\n\n{"type":"step","job":"a"}\n`);
    expect(response.status).toBe(200);
    const answer = (await response.json()) as { accepted: number; rejected: { line: number }[] };
    expect(answer.accepted).toBe(1);
    expect(answer.rejected.map(({ line }) => line)).toEqual([2, 4]);
    expect(stored()).toMatchObject([
      { received_at_ms: 1_700_000_000_000, event: { type: 'step', job: 'a', step: 1 } },
    ]);
  });

  it('answers 400 when no line is good, and when there is none', async () => {
    const { post, stored } = createReceiver();
    const bad = await post('{"type":"nonsense"}\n');
    expect(bad.status).toBe(400);
    expect(await bad.json()).toMatchObject({ accepted: 0, rejected: [{ line: 1 }] });
    const empty = await post('\n\n');
    expect(empty.status).toBe(400);
    expect(empty.headers.get('content-type')).toBe('application/problem+json');
    expect((await post(null)).status).toBe(400);
    expect(stored()).toEqual([]);
  });

  it.each([
    undefined,
    'application/x-ndjson',
    'application/json; charset=utf-8',
    'text/plain',
    'application/x-www-form-urlencoded',
  ])('takes content type %s', async (type) => {
    const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
    expect((await createReceiver().post(Buffer.from(STEP), headers)).status).toBe(200);
  });

  it('answers 415 to what it does not read', async () => {
    const { post } = createReceiver();
    expect((await post(STEP, { 'content-type': 'application/x-protobuf' })).status).toBe(415);
    const encoded = await post(STEP, { 'content-encoding': 'br' });
    expect(encoded.status).toBe(415);
    expect(await encoded.json()).toMatchObject({ status: 415, detail: expect.stringContaining('gzip') });
  });

  it('takes gzip, and zstd where Node has it', async () => {
    const { post, stored } = createReceiver();
    expect((await post(gzipSync(STEP), { 'content-encoding': 'gzip' })).status).toBe(200);
    expect(stored().length).toBe(1);
    const zstd = (zlib as { zstdCompressSync?: (bytes: Buffer) => Buffer }).zstdCompressSync;
    const body = zstd === undefined ? STEP : zstd(Buffer.from(STEP));
    const status = (await post(body, { 'content-encoding': 'zstd' })).status;
    expect(status).toBe(zstd === undefined ? 415 : 200);
  });

  it('counts what comes out of the decompression', async () => {
    const { post, stored } = createReceiver({ limits: { body_bytes_max: 100_000 } });
    const zeros = gzipSync(Buffer.alloc(50_000_000));
    expect(zeros.length).toBeLessThan(100_000);
    expect((await post(zeros, { 'content-encoding': 'gzip' })).status).toBe(413);
    expect((await post('x'.repeat(100_001))).status).toBe(413);
    const chunked = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(10_000)),
    });
    expect((await post(chunked)).status).toBe(413);
    expect(stored()).toEqual([]);
  });

  it('answers 400 to a compressed body that is broken', async () => {
    const { post } = createReceiver();
    const cut = gzipSync(STEP).subarray(0, 20);
    expect((await post(cut, { 'content-encoding': 'gzip' })).status).toBe(400);
    expect((await post('plain', { 'content-encoding': 'gzip' })).status).toBe(400);
  });

  it('refuses a long line alone', async () => {
    const { post } = createReceiver({ limits: { line_bytes_max: 200 } });
    const response = await post(`{"type":"job","job":"${'x'.repeat(300)}"}\n${STEP}`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      accepted: 1,
      rejected: [{ line: 1, code: 'line_too_long' }],
    });
  });

  it('answers 503 with Retry-After when the bus refuses, and acknowledges nothing', async () => {
    const refused = new BusRefused('spool_full', 'the spool is full', { retryable: true, retryAfter_s: 7 });
    const { post } = createReceiver({ publish: () => Promise.reject(refused) });
    const response = await post(STEP);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('7');
    expect(await response.json()).toMatchObject({ detail: expect.stringContaining('the spool is full') });
  });

  it('answers 413 when the bus will never take it', async () => {
    const refused = new BusRefused('batch_too_large', 'too large', { retryable: false });
    const { post } = createReceiver({ publish: () => Promise.reject(refused) });
    expect((await post(STEP)).status).toBe(413);
  });

  it('does not answer before the events are durable', async () => {
    let durable = false;
    const { post } = createReceiver({
      publish: async () => {
        await new Promise((resolve) => setImmediate(resolve));
        durable = true;
      },
    });
    expect((await post(STEP)).status).toBe(200);
    expect(durable).toBe(true);
  });

  it('turns senders away while too many bytes are under way, and lets them in again', async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { post } = createReceiver({ limits: { inflight_bytes_max: 100 }, publish: () => held });
    const first = post(STEP);
    const second = await post(STEP);
    expect(second.status).toBe(429);
    expect(second.headers.get('retry-after')).toBe('1');
    release();
    expect((await first).status).toBe(200);
    expect((await post(STEP)).status).toBe(200);
  });

  it('asks for the token where there is one', async () => {
    const { post } = createReceiver({ token: 'secret' });
    const without = await post(STEP);
    expect(without.status).toBe(401);
    expect(without.headers.get('www-authenticate')).toBe('Bearer');
    expect((await post(STEP, { authorization: 'Bearer wrong' })).status).toBe(401);
    expect((await post(STEP, { authorization: 'Bearer secret' })).status).toBe(200);
  });

  it('publishes a large body in pieces', async () => {
    const sizes: number[] = [];
    const { post } = createReceiver({
      limits: { publish_events_max: 2 },
      publish: async (batches) => void sizes.push(batches.reduce((sum, batch) => sum + batch.rows, 0)),
    });
    await post(`${STEP}\n`.repeat(5));
    expect(sizes).toEqual([2, 2, 1]);
  });

  it('says which method it takes', async () => {
    const response = await createReceiver().app.request('/v1/events');
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  });
});
