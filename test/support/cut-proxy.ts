import { once } from 'node:events';
import { createServer, connect as dial, type Socket } from 'node:net';

/** A way to a server that can be cut, as networks are. */
export interface CutProxy {
  readonly url: string;
  /** Answers to requests that have `text` in them are taken and not passed on, this often from now on. */
  cutAnswers(text: string, times: number): void;
  /** How many answers were cut since. */
  readonly cuts: number;
  /** Ends every connection there is, in the middle of whatever they carry. */
  cutNow(): void;
  close(): Promise<void>;
}

/** Passes bytes between clients and the server at `target`, an URL of loopback. */
export async function startCutProxy(target: string): Promise<CutProxy> {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  let wanted = { text: '', times: 0 };
  let cuts = 0;
  const server = createServer((client) => {
    const up = dial(Number(port), hostname);
    let asked = '';
    for (const socket of [client, up]) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(socket);
        client.destroy();
        up.destroy();
      });
    }
    client.on('data', (bytes) => {
      asked += bytes.toString('latin1');
      up.write(bytes);
    });
    up.on('data', (bytes) => {
      if (wanted.times > 0 && asked.includes(wanted.text)) {
        wanted = { ...wanted, times: wanted.times - 1 };
        cuts += 1;
        client.destroy();
        return;
      }
      asked = '';
      client.write(bytes);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address of a listening server');
  const cutNow = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${address.port}`,
    cutAnswers(text, times) {
      wanted = { text, times };
      cuts = 0;
    },
    get cuts() {
      return cuts;
    },
    cutNow,
    async close() {
      server.close();
      cutNow();
      await once(server, 'close');
    },
  };
}
