import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface PageServer {
  /** `127.0.0.1:port`, as a scrape configuration names a target. */
  readonly target: string;
  /** Requests answered so far. */
  readonly requests: IncomingMessage[];
  /** What it does from now on. */
  answer(handler: (request: IncomingMessage, response: ServerResponse) => void): void;
  close(): Promise<void>;
}

/** An exporter on a free loopback port whose page a test decides. */
export async function startPageServer(page: string | Uint8Array = ''): Promise<PageServer> {
  let handler = (_: IncomingMessage, response: ServerResponse): void => void response.end(page);
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    handler(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    target: `127.0.0.1:${port}`,
    requests,
    answer(next) {
      handler = next;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
