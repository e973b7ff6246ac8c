import { createRequire } from 'node:module';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { crc32c } from '../../../../../platform/bus/kafka/crc32c.ts';

// RFC 3720, appendix B.4; the last one is the check value of CRC-32/ISCSI
it.each([
  ['32 bytes of zeroes', Buffer.alloc(32), 0x8a9136aa],
  ['32 bytes of ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
  ['32 bytes rising', Buffer.from(Array.from({ length: 32 }, (_, n) => n)), 0x46dd794e],
  ['32 bytes falling', Buffer.from(Array.from({ length: 32 }, (_, n) => 31 - n)), 0x113fdb5c],
  ['the digits', Buffer.from('123456789'), 0xe3069283],
  ['nothing', Buffer.alloc(0), 0],
])('the checksum of %s is the published one', (_, bytes, sum) => {
  expect(crc32c(bytes)).toBe(sum);
});

it('is that of the client, of any bytes wherever they are in memory', () => {
  const theirs: unknown = createRequire(import.meta.url)('kafkajs/src/protocol/recordBatch/crc32C/crc32C.js');
  if (typeof theirs !== 'function') throw new Error('the client has no such function');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(20), (bytes, from) => {
      const part = bytes.subarray(from);
      expect(crc32c(part)).toBe(theirs(part));
    }),
  );
});
