import fc from 'fast-check';
import { Partitioners } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { murmur2, partitionOf } from '../../../../../platform/bus/kafka/partitioner.ts';

describe('the partition of a key', () => {
  // Kafka 3.9, clients/src/test/java/org/apache/kafka/common/utils/UtilsTest.java, testMurmur2
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('hashes %s as Apache Kafka does', (text, hash) => {
    expect(murmur2(Buffer.from(text))).toBe(hash);
  });

  it('hashes bytes that lie anywhere in their memory', () => {
    expect(murmur2(Buffer.from('xyfoobar').subarray(2))).toBe(-790332482);
  });

  it('is that of the Java-compatible partitioner of kafkajs', () => {
    const java = Partitioners.JavaCompatiblePartitioner();
    const partitionMetadata = (count: number) =>
      Array.from({ length: count }, (_, partitionId) => ({
        partitionErrorCode: 0,
        partitionId,
        leader: 1,
        replicas: [1],
        isr: [1],
      }));
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 64 }), (key, count) => {
        const expected = java({
          topic: 't',
          partitionMetadata: partitionMetadata(count),
          message: { key, value: '' },
        });
        expect(partitionOf(key, count)).toBe(expected);
      }),
    );
  });
});
