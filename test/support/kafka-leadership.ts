import { once } from 'node:events';
import { connect } from 'node:net';

/**
 * Whether this one broker serves the partition as its leader, asked with ListOffsets (api 2, version 1,
 * https://kafka.apache.org/protocol, read 2026-11-25). What a broker says of leaders in its metadata runs ahead of what
 * it does, and the client asks any broker it likes: only the answer of the very broker says what the next request meets.
 */
export async function leads(address: string, topic: string, partition: number): Promise<boolean> {
  const [host, port] = address.split(':');
  const socket = connect(Number(port), host);
  try {
    socket.write(listOffsets(topic, partition));
    const answer = await sized(socket);
    return answer.readInt16BE(errorAt(topic)) === 0;
  } finally {
    socket.destroy();
  }
}

const API_LIST_OFFSETS = 2;
const VERSION = 1;
const LATEST = -1n;

function listOffsets(topic: string, partition: number): Buffer {
  const name = Buffer.from(topic);
  const request = Buffer.alloc(4 + 2 + 2 + 4 + 2 + 4 + 4 + 2 + name.length + 4 + 4 + 8);
  let at = request.writeInt32BE(request.length - 4, 0);
  at = request.writeInt16BE(API_LIST_OFFSETS, at);
  at = request.writeInt16BE(VERSION, at);
  at = request.writeInt32BE(0, at); // correlation
  at = request.writeInt16BE(-1, at); // no client id
  at = request.writeInt32BE(-1, at); // a consumer, not a replica
  at = request.writeInt32BE(1, at); // topics
  at = request.writeInt16BE(name.length, at);
  at += name.copy(request, at);
  at = request.writeInt32BE(1, at); // partitions
  at = request.writeInt32BE(partition, at);
  request.writeBigInt64BE(LATEST, at);
  return request;
}

/** Behind size, correlation, the topic with its name, and the partition's number. */
function errorAt(topic: string): number {
  return 4 + 4 + 4 + 2 + Buffer.byteLength(topic) + 4 + 4;
}

/** One answer, with the size before it. */
async function sized(socket: ReturnType<typeof connect>): Promise<Buffer> {
  let got = Buffer.alloc(0);
  while (got.length < 4 || got.length < 4 + got.readInt32BE(0)) {
    const [more] = await once(socket, 'data');
    if (!Buffer.isBuffer(more)) throw new TypeError('no bytes from the broker');
    got = Buffer.concat([got, more]);
  }
  return got;
}
