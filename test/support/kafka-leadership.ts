import { askBroker } from './kafka-request.ts';

const LIST_OFFSETS = 2;
const LATEST = -1n;

/**
 * Whether this one broker serves the partition as its leader. What a broker says of leaders in its metadata runs ahead of
 * what it does, and the client asks any broker it likes: only the answer of the very broker says what the next request
 * meets.
 *
 * @param address `127.0.0.1:port`
 */
export async function leads(address: string, topic: string, partition: number): Promise<boolean> {
  const port = Number(address.split(':')[1]);
  const answer = await askBroker(port, LIST_OFFSETS, listOffsets(topic, partition));
  return answer.readInt16BE(errorAt(topic)) === 0;
}

function listOffsets(topic: string, partition: number): Buffer {
  const name = Buffer.from(topic);
  const body = Buffer.alloc(4 + 4 + 2 + name.length + 4 + 4 + 8);
  let at = body.writeInt32BE(-1, 0); // a consumer, not a replica
  at = body.writeInt32BE(1, at); // topics
  at = body.writeInt16BE(name.length, at);
  at += name.copy(body, at);
  at = body.writeInt32BE(1, at); // partitions
  at = body.writeInt32BE(partition, at);
  body.writeBigInt64BE(LATEST, at);
  return body;
}

/** Behind the topics, the name of the one, its partitions, and the number of the one. */
function errorAt(topic: string): number {
  return 4 + 2 + Buffer.byteLength(topic) + 4 + 4;
}
