import { describe, expect, it } from 'vitest';
import { crc32c } from '../../../../../platform/bus/kafka/crc32c.ts';
import { HEADERS } from '../../../../../platform/bus/kafka/message.ts';
import {
  createMessageDecoder,
  type NewWireDecoder,
  type WireRecord,
} from '../../../../../platform/bus/kafka/record-batches.ts';

class Wire {
  readonly #bytes: Buffer;
  #at = 0;
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }
  readInt32(): number {
    this.#at += 4;
    return this.#bytes.readInt32BE(this.#at - 4);
  }
  canReadBytes(length: number): boolean {
    return this.#at + length <= this.#bytes.length;
  }
  readBytes(length: number): Buffer {
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
  rest(): Buffer {
    return this.#bytes.subarray(this.#at);
  }
}
const WireDecoder: NewWireDecoder = Wire;

/** Bytes in the shape of a record batch; `records` is taken as it is. */
function batch(firstOffset: number, count: number, records: string | Buffer, magic = 2): Buffer {
  const head = Buffer.alloc(61);
  head.writeBigInt64BE(BigInt(firstOffset), 0);
  head.writeInt32BE(61 - 12 + Buffer.byteLength(records), 8);
  head.writeInt8(magic, 16);
  head.writeInt32BE(count - 1, 23);
  head.writeBigInt64BE(1234n, 35);
  head.writeInt32BE(count, 57);
  const whole = Buffer.concat([head, Buffer.from(records)]);
  whole.writeUInt32BE(crc32c(whole.subarray(21)), 17);
  return whole;
}

function answer(...batches: readonly Buffer[]): Wire {
  const size = Buffer.alloc(4);
  size.writeInt32BE(batches.reduce((sum, { length }) => sum + length, 0));
  return new Wire(Buffer.concat([size, ...batches, Buffer.from('the next partition')]));
}

/** Stands for kafkajs: each character of the records is one; `!` cannot be read. */
async function decodeBatch(decoder: unknown): Promise<{ records: WireRecord[] }> {
  if (!(decoder instanceof Wire)) throw new Error('not from here');
  const bytes = decoder.rest();
  const first = Number(bytes.readBigInt64BE(0));
  const text = bytes.subarray(61).toString();
  if (text.includes('!')) throw new Error('no such codec');
  return {
    records: [...text].map((one, n) => ({ offset: `${first + n}`, key: null, value: Buffer.from(one) })),
  };
}

const read = (wire: Wire, decompressed_bytes_max = 1000, records_max = 100) =>
  createMessageDecoder({ WireDecoder, decodeBatch }, { decompressed_bytes_max, records_max })(wire);

const offsets = (records: readonly WireRecord[]) => records.map(({ offset }) => Number(offset));

describe('the record batches of an answer', () => {
  it('are read one after the other, without what comes after them', async () => {
    const records = await read(answer(batch(5, 2, 'ab'), batch(9, 1, 'c')));
    expect(offsets(records)).toEqual([5, 6, 9]);
    expect(Buffer.concat(records.map(({ value }) => value ?? Buffer.alloc(0))).toString()).toBe('abc');
  });

  it('end before one that is cut', async () => {
    expect(offsets(await read(answer(batch(5, 2, 'ab'), batch(7, 3, 'cde').subarray(0, -1))))).toEqual([
      5, 6,
    ]);
    expect(await read(answer(batch(7, 3, 'cde').subarray(0, 40)))).toEqual([]);
    expect(await read(answer())).toEqual([]);
  });

  it('are one message at their last offset when they cannot be read, and those behind them are read', async () => {
    const records = await read(answer(batch(5, 2, 'ab'), batch(7, 3, 'c!e'), batch(10, 1, 'f')));
    expect(offsets(records)).toEqual([5, 6, 9, 10]);
    expect(records[2]).toMatchObject({
      key: null,
      value: Buffer.from('c!e'),
      timestamp: '1234',
      headers: { [HEADERS.unreadable]: Buffer.from('no such codec') },
      isControlRecord: false,
    });
  });

  it('are not read in a format of before 2017', async () => {
    const [record] = await read(answer(batch(5, 1, 'a', 1)));
    expect(record).toMatchObject({
      headers: { [HEADERS.unreadable]: Buffer.from('record format 1 is not known') },
    });
  });

  it('are not read when they claim more records than there may be', async () => {
    const [record] = await read(answer(batch(5, 101, 'a')));
    expect(record?.offset).toBe('105');
    expect(String(Reflect.get(record ?? {}, 'headers')[HEADERS.unreadable])).toMatch(
      /101 records.*records_max \(100\)/,
    );
  });

  describe('of which one is damaged', () => {
    const damaged = batch(7, 3, 'cde');
    damaged.writeUInt8('x'.charCodeAt(0), 62);
    const fetched = () => answer(batch(5, 2, 'ab'), damaged, batch(10, 1, 'f'));
    const reading = () =>
      createMessageDecoder({ WireDecoder, decodeBatch }, { decompressed_bytes_max: 1000, records_max: 100 });

    it('end before it, so that it is fetched again', async () => {
      const decode = reading();
      expect(offsets(await decode(fetched()))).toEqual([5, 6]);
      expect(offsets(await decode(answer(damaged, batch(10, 1, 'f'))))).toEqual([]);
      const whole = answer(batch(7, 3, 'cde'), batch(10, 1, 'f'));
      expect(offsets(await decode(whole))).toEqual([7, 8, 9, 10]);
    });

    it('have it as one message, never as records, when it comes damaged again and again', async () => {
      const decode = reading();
      for (const _ of [1, 2]) expect(offsets(await decode(fetched()))).toEqual([5, 6]);
      const records = await decode(fetched());
      expect(offsets(records)).toEqual([5, 6, 9, 10]);
      expect(records[2]).toMatchObject({ key: null, value: Buffer.from('cxe') });
      const { [HEADERS.unreadable]: reason } = Reflect.get(records[2] ?? {}, 'headers');
      expect(String(reason)).toMatch(
        /^its checksum is [0-9a-f]+ and its bytes have [0-9a-f]+: it is damaged$/,
      );
    });
  });

  it('are left for the next answer when they become too many bytes', async () => {
    const wire = answer(batch(0, 4, 'abcd'), batch(4, 4, 'efgh'), batch(8, 4, 'ijkl'));
    expect(offsets(await read(wire, 7))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('may hold more records than a function can have arguments', async () => {
    const wire = answer(batch(0, 300_000, Buffer.alloc(300_000, 'a')));
    expect(await read(wire, 1_000_000, 1_000_000)).toHaveLength(300_000);
  });
});
