import { once } from 'node:events';
import { connect } from 'node:net';

const VERSION = 1;
const SIZE_BYTES = 4;
const HEADER_BYTES = 10;

/**
 * One request to this very broker, which a client of the cluster would send to any: version 1 of an api
 * (https://kafka.apache.org/protocol, read 2026-11-25), without a client id. Resolves to its answer behind the correlation
 * id; rejects where the connection ends before that is whole.
 */
export async function askBroker(port: number, api: number, body: Uint8Array): Promise<Buffer> {
  const head = Buffer.alloc(SIZE_BYTES + HEADER_BYTES);
  head.writeInt32BE(HEADER_BYTES + body.length, 0);
  head.writeInt16BE(api, 4);
  head.writeInt16BE(VERSION, 6);
  head.writeInt16BE(-1, 12);
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    socket.write(Buffer.concat([head, body]));
    let answer = Buffer.alloc(0);
    for await (const bytes of socket) {
      answer = Buffer.concat([answer, bytes]);
      const isWhole = answer.length >= SIZE_BYTES && answer.length >= SIZE_BYTES + answer.readInt32BE(0);
      if (isWhole) return answer.subarray(SIZE_BYTES + 4);
    }
    throw new Error('the connection ended without an answer');
  } finally {
    socket.destroy();
  }
}
