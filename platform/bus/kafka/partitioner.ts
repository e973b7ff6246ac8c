const SEED = 0x9747b28c;
const M = 0x5bd1e995;
const R = 24;

/**
 * The partition that a message of a key belongs to, as the producers of Apache Kafka choose it (murmur2 of the UTF-8
 * key, without its sign, modulo the number of partitions): `kcat -X partitioner=murmur2` and the Java producer agree.
 * Source: org.apache.kafka.clients.producer.internals.BuiltInPartitioner.partitionForKey, Kafka 3.9.
 */
export function partitionOf(key: string, partitions: number): number {
  return (murmur2(Buffer.from(key)) & 0x7fffffff) % partitions;
}

/** A signed 32-bit number, as org.apache.kafka.common.utils.Utils.murmur2 (Kafka 3.9) gives it. */
export function murmur2(data: Uint8Array): number {
  const { length } = data;
  const view = new DataView(data.buffer, data.byteOffset, length);
  const whole = length - (length % 4);
  let h = SEED ^ length;
  for (let at = 0; at < whole; at += 4) {
    let k = Math.imul(view.getInt32(at, true), M);
    k ^= k >>> R;
    h = Math.imul(h, M) ^ Math.imul(k, M);
  }
  let rest = 0;
  for (let at = whole; at < length; at += 1) rest |= view.getUint8(at) << (8 * (at - whole));
  if (whole < length) h = Math.imul(h ^ rest, M);
  h = Math.imul(h ^ (h >>> 13), M);
  return h ^ (h >>> 15);
}
