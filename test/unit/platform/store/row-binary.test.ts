import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RowBinaryWriter } from '../../../../platform/store/row-binary.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** Reads a varint-prefixed string, as the engine does. */
function readString(bytes: Uint8Array, from: number): { text: string; end: number } {
  let length = 0;
  let at = from;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] ?? 0;
    length += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  return { text: Buffer.from(bytes.subarray(at, at + length)).toString('utf8'), end: at + length };
}

describe('RowBinary', () => {
  it('writes numbers little-endian', () => {
    const row = new RowBinaryWriter(1);
    row.uint8(0xab);
    row.uint32(0x01020304);
    row.uint64(0x0102030405060708n);
    row.int32(-2);
    row.float64(1.5);
    row.float64Bits(0x7ff0000000000002n);
    expect(hex(row.bytes())).toBe('ab0403020108070605040302' + '01feffffff000000000000f83f020000000000f07f');
  });

  it('writes a safe integer as an int64, of either sign, like the BigInt of it', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        const asNumber = new RowBinaryWriter();
        asNumber.int64(value);
        const asBigInt = new RowBinaryWriter();
        asBigInt.int64(BigInt(value));
        expect(hex(asNumber.bytes())).toBe(hex(asBigInt.bytes()));
      }),
    );
  });

  it.each([1.5, Number.NaN, 2 ** 53])('refuses %d as an int64', (value) => {
    expect(() => new RowBinaryWriter().int64(value)).toThrow(RangeError);
  });

  it('writes any text with the length of its UTF-8, at the ends of the length prefix too', () => {
    const lengths = [0, 1, 42, 43, 127, 128, 5461, 16383, 16384, 70000].flatMap((n) =>
      ['a', 'é', '日'].map((c) => c.repeat(n)),
    );
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom(...lengths), fc.string({ unit: 'grapheme' })), (text) => {
        const row = new RowBinaryWriter(1);
        row.string(text);
        row.uint8(7);
        const bytes = row.bytes();
        expect(readString(bytes, 0)).toEqual({ text, end: bytes.length - 1 });
        expect(bytes.at(-1)).toBe(7);
      }),
    );
  });

  it('writes nullables with their flag and maps with their size', () => {
    const row = new RowBinaryWriter();
    row.nullableInt32(null);
    row.nullableInt32(1);
    row.nullableFloat64(null);
    row.map(
      [['a', 2] as const],
      (key) => row.string(key),
      (value) => row.uint8(value),
    );
    expect(hex(row.bytes())).toBe('010001000000' + '01' + '01016102');
  });

  it('hands out copies and can be used again', () => {
    const row = new RowBinaryWriter();
    row.uint8(1);
    const first = row.bytes();
    row.clear();
    row.uint8(2);
    row.uint8(3);
    expect([...first]).toEqual([1]);
    expect([...row.bytes()]).toEqual([2, 3]);
    expect(row.length).toBe(2);
  });
});
