import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Codec, decompress } from '../../../../../../platform/bus/kafka/codecs/codecs.ts';
import { DecompressedTooLarge } from '../../../../../../platform/bus/kafka/codecs/too-large.ts';
import { decompressZstdHere } from '../../../../../../platform/bus/kafka/codecs/zstd.ts';
import { PACKED, PLAIN } from './vectors.ts';

const packed = (name: keyof typeof PACKED): Buffer => Buffer.from(PACKED[name], 'base64');

const CASES: readonly (readonly [string, Codec, Buffer])[] = [
  ['gzip', 'gzip', gzipSync(PLAIN)],
  ['snappy in the frames of the Java producer', 'snappy', packed('snappy-java')],
  ['one block of snappy, as of librdkafka', 'snappy', packed('snappy')],
  ['lz4', 'lz4', packed('lz4')],
  ['zstd of one piece', 'zstd', packed('zstd')],
  ['zstd of a stream, which does not say its size', 'zstd', packed('zstd-stream')],
];

describe.each(CASES)('%s', (_, codec, bytes) => {
  it('is read', async () => {
    expect(Buffer.from(await decompress(codec, bytes, 10_000)).toString()).toBe(PLAIN);
  });

  it('is read from the middle of other bytes', async () => {
    const within = Buffer.concat([Buffer.alloc(5, 1), bytes, Buffer.alloc(5, 1)]).subarray(
      5,
      5 + bytes.length,
    );
    expect(Buffer.from(await decompress(codec, within, PLAIN.length)).toString()).toBe(PLAIN);
  });

  it('is refused when it becomes more than the limit', async () => {
    await expect(decompress(codec, bytes, PLAIN.length - 1)).rejects.toThrow(DecompressedTooLarge);
  });

  it('is refused when it is cut', async () => {
    // Not at every place: the checksum at the end is not looked at.
    for (const length of [0, 1, 8, 16, 20, Math.floor(bytes.length / 2), bytes.length - 8]) {
      await expect(decompress(codec, bytes.subarray(0, length), 10_000)).rejects.toThrow();
    }
  });

  it('never gives more than the limit or takes long, whatever the bytes', async () => {
    const damage = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(damage, async (changes) => {
        const damaged = Buffer.from(bytes);
        for (const [at, byte] of changes) damaged[at] = byte;
        const out = await decompress(codec, damaged, 10_000).catch(() => Buffer.alloc(0));
        expect(out.length).toBeLessThanOrEqual(10_000);
      }),
      { numRuns: 300 },
    );
  });
});

describe('bombs', () => {
  it('in gzip are refused at the limit', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    await expect(decompress('gzip', bomb, 1_000_000)).rejects.toThrow(DecompressedTooLarge);
  });

  it('in snappy are refused by the length they claim', async () => {
    const claim4Gb = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0]);
    await expect(decompress('snappy', claim4Gb, 1_000_000)).rejects.toThrow(DecompressedTooLarge);
  });

  it('in many frames of snappy are refused by their sum', async () => {
    const header = Buffer.from(PACKED['snappy-java'], 'base64').subarray(0, 16);
    // 60,000 bytes of zeros: a literal, then a copy of distance 1 again and again
    const block = Buffer.concat([
      Buffer.from([0xe0, 0xd4, 0x03, 0x00, 0x00]),
      ...Array.from({ length: 937 }, () => Buffer.from([(63 << 2) | 2, 1, 0])),
      Buffer.from([(30 << 2) | 2, 1, 0]),
    ]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(block.length);
    const frames = (count: number) =>
      Buffer.concat([header, ...Array.from({ length: count }, () => [length, block]).flat()]);
    const three = Buffer.from(await decompress('snappy', frames(3), 1_000_000));
    expect(three.equals(Buffer.alloc(180_000))).toBe(true);
    await expect(decompress('snappy', frames(20), 1_000_000)).rejects.toThrow(DecompressedTooLarge);
  });

  it('in lz4 are refused before the block that is too much is kept', async () => {
    // A frame of blocks of 64 KiB, each a literal zero and one copy of distance 1 of 60,000 bytes.
    const lengths = Buffer.alloc(Math.floor((60_000 - 4 - 15) / 255) + 1, 255);
    lengths[lengths.length - 1] = (60_000 - 4 - 15) % 255;
    const block = Buffer.concat([Buffer.from([0x1f, 0, 1, 0]), lengths, Buffer.from([0x10, 0])]);
    const size = Buffer.alloc(4);
    size.writeUInt32LE(block.length);
    const frame = (count: number) =>
      Buffer.concat([
        Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0]),
        ...Array.from({ length: count }, () => [size, block]).flat(),
        Buffer.alloc(4),
      ]);
    const two = Buffer.from(await decompress('lz4', frame(2), 1_000_000));
    expect(two.equals(Buffer.alloc(two.length))).toBe(true);
    expect(two.length).toBe(2 * (1 + 60_000 + 1));
    await expect(decompress('lz4', frame(100), 1_000_000)).rejects.toThrow(DecompressedTooLarge);
  });

  it('in zstd are refused by the memory they ask for, and by what they make', () => {
    // One segment of 2 GB, and no block.
    const segment = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0x7f, 0x01, 0x00, 0x00]);
    expect(() => decompressZstdHere(segment, 1_000_000)).toThrow(DecompressedTooLarge);
    // A window of 2 GB around nothing takes no more than the limit.
    const window = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x01, 0x00, 0x00]);
    const before = process.memoryUsage().arrayBuffers;
    expect(decompressZstdHere(window, 1_000_000)).toHaveLength(0);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4_000_000);
    // A window of 1 MiB, and 100 blocks of 128 KiB of one repeated byte.
    const block = Buffer.from([0x02, 0x00, 0x10, 0x61]);
    const last = Buffer.from([0x03, 0x00, 0x10, 0x61]);
    const blocks = Array.from({ length: 100 }, (_, n) => (n === 99 ? last : block));
    const frame = Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50]), ...blocks]);
    expect(decompressZstdHere(frame, 100 * 131_072)).toHaveLength(100 * 131_072);
    expect(() => decompressZstdHere(frame, 2_000_000)).toThrow(DecompressedTooLarge);
  });
});

it('zstd in JavaScript reads what the native one reads', () => {
  for (const name of ['zstd', 'zstd-stream'] as const) {
    expect(Buffer.from(decompressZstdHere(packed(name), 10_000)).toString()).toBe(PLAIN);
  }
});
