import { describe, expect, it } from 'vitest';
import type { Batch } from '../../../../../platform/bus/bus.ts';
import {
  decodeMessage,
  encodeMessage,
  HEADERS,
  type MessageParts,
  messageBytes,
} from '../../../../../platform/bus/kafka/message.ts';
import { fromSpooled, type PreparedBatch, toSpooled } from '../../../../../platform/bus/kafka/prepared.ts';

const batch: Batch = {
  id: 'a b',
  kind: 'device_samples',
  schemaVersion: 3,
  key: 'node-7',
  rows: 12,
  body: Buffer.from([0, 1, 255]),
};
const prepared: PreparedBatch = { batch, partition: 4, producer: 'p-1', sequence: 17 };

function received(sent: ReturnType<typeof encodeMessage>, headers = sent.headers ?? {}): MessageParts {
  const bytes = (value: unknown) => Buffer.from(String(value));
  return {
    key: Buffer.from(sent.key ?? ''),
    value: sent.value === null ? null : Buffer.from(sent.value),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, bytes(value)])),
  };
}

describe('a batch as a message', () => {
  it('comes back as it was', () => {
    const decoded = decodeMessage(received(encodeMessage([prepared], 1234)));
    expect(decoded).toEqual([{ kind: 'batch', batch, producer: 'p-1', sequence: 17, published_ms: 1234 }]);
  });

  it('does not copy the body', () => {
    const body = new Uint8Array(100).subarray(10, 20);
    const { value } = encodeMessage([{ ...prepared, batch: { ...batch, body } }], 0);
    expect(Buffer.isBuffer(value) && value.buffer === body.buffer && value.length).toBe(10);
  });

  it('may have no key', () => {
    const decoded = decodeMessage(
      received(encodeMessage([{ ...prepared, batch: { ...batch, key: '' } }], 0)),
    );
    expect(decoded).toMatchObject([{ kind: 'batch', batch: { key: '' } }]);
  });

  it('is foreign without our headers', () => {
    const message = received({ key: 'k', value: '{"type":"x"}\n' }, { 'content-type': 'x' });
    const value = Buffer.from('{"type":"x"}\n');
    expect(decodeMessage(message)).toEqual([{ kind: 'foreign', key: 'k', value }]);
    const { headers: _, ...bare } = message;
    expect(decodeMessage(bare)).toMatchObject([{ kind: 'foreign' }]);
    expect(decodeMessage({ ...message, key: null, value: null })).toEqual([
      { kind: 'foreign', key: '', value: new Uint8Array() },
    ]);
  });

  it.each([
    [HEADERS.kind, 'tea_leaves', /batch kind tea_leaves is not known/],
    [HEADERS.schema, 'one', /headway-schema is no number: one/],
    [HEADERS.rows, '-1', /headway-rows is no number/],
    [HEADERS.producer, '', /headway-producer is missing/],
    [HEADERS.sequence, '1e3', /headway-sequence is no number/],
    [HEADERS.published_ms, '9'.repeat(16), /headway-published-ms is no number/],
    [HEADERS.batch, '', /headway-batch is missing/],
  ])('is unreadable when %s is %s, and keeps its bytes', (name, value, reason) => {
    const sent = encodeMessage([prepared], 0);
    const [decoded] = decodeMessage(received(sent, { ...sent.headers, [name]: value }));
    expect(decoded).toMatchObject({ kind: 'unreadable', key: 'node-7', value: Buffer.from([0, 1, 255]) });
    expect(decoded?.kind === 'unreadable' && decoded.reason).toMatch(reason);
  });

  it('is unreadable when a header is missing or there twice', () => {
    const message = received(encodeMessage([prepared], 0));
    const { [HEADERS.sequence]: sequence, ...without } = message.headers ?? {};
    expect(decodeMessage({ ...message, headers: without })).toMatchObject([{ kind: 'unreadable' }]);
    const twice = { ...without, [HEADERS.sequence]: [Buffer.from('1'), Buffer.from('2')] };
    expect(sequence).toBeDefined();
    expect(decodeMessage({ ...message, headers: twice })).toMatchObject([{ kind: 'unreadable' }]);
  });

  it('counts at least the bytes of key, body and headers', () => {
    const { headers = {} } = encodeMessage([prepared], Date.now());
    const own = Object.entries(headers).reduce(
      (sum, [name, value]) => sum + name.length + `${value}`.length,
      0,
    );
    expect(messageBytes(batch)).toBeGreaterThan(own + 6 + 3);
    expect(messageBytes({ ...batch, body: Buffer.alloc(1003) }) - messageBytes(batch)).toBe(1000);
  });
});

describe('several batches as a message', () => {
  const second: PreparedBatch = {
    batch: {
      ...batch,
      id: 'second',
      kind: 'run_events',
      key: 'of "quotes" \u0001 and é',
      body: Buffer.from('{}\n'),
    },
    partition: 4,
    producer: 'p-2',
    sequence: 3,
  };
  const both = [prepared, second];

  it('come back as they were, each under its own name', () => {
    const decoded = decodeMessage(received(encodeMessage(both, 1234)));
    expect(decoded).toEqual(
      both.map(({ partition: _, ...one }) => ({ kind: 'batch', ...one, published_ms: 1234 })),
    );
  });

  it('are unreadable together when a byte of them changed, or is missing', () => {
    const message = received(encodeMessage(both, 0));
    const whole = message.value ?? Buffer.alloc(0);
    for (let at = 0; at < whole.length; at += 1) {
      const value = Buffer.from(whole);
      value[at] = (value[at] ?? 0) ^ 0x10;
      expect(decodeMessage({ ...message, value })).toMatchObject([
        { kind: 'unreadable', key: 'node-7', value },
      ]);
    }
    for (const value of [null, whole.subarray(0, -1), Buffer.concat([whole, Buffer.alloc(1)])]) {
      expect(decodeMessage({ ...message, value })).toMatchObject([{ kind: 'unreadable' }]);
    }
  });

  it('take no more room than is counted for them one by one', () => {
    for (const key of ['', 'node', '"\\\u0000\u001f'.repeat(20), 'é\ud83d\ude00'.repeat(20)]) {
      const many = Array.from({ length: 30 }, (_, n) => ({
        ...second,
        producer: '0b7a1f0e-37c5-4a4b-9d0f-0d6a1cbb9f3a',
        sequence: 1e15 - 1 - n,
        batch: { ...batch, key, rows: 1e9, id: `0b7a1f0e-37c5-4a4b-9d0f-0d6a1cbb9f3a/${n}` },
      }));
      for (const count of [2, 30]) {
        const { key: own, value } = encodeMessage(many.slice(0, count), Date.now());
        const counted = many.slice(0, count).reduce((sum, one) => sum + messageBytes(one.batch), 0);
        expect((value?.length ?? 0) + (own?.length ?? 0) + 40 + HEADERS.pack.length + 15).toBeLessThanOrEqual(
          counted,
        );
      }
    }
  });
});

describe('a prepared batch in a spool', () => {
  it.each([4, 0, null])('keeps its name, also of partition %s', (partition) => {
    expect(fromSpooled(toSpooled({ ...prepared, partition }))).toEqual({ ...prepared, partition });
  });

  it('is told apart from one that was never prepared', () => {
    expect(fromSpooled(batch)).toBeUndefined();
    expect(fromSpooled({ ...batch, id: '0b7a1f0e-37c5-4a4b-9d0f-0d6a1cbb9f3a' })).toBeUndefined();
  });
});
