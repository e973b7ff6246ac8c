import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ExporterServer {
  /** `127.0.0.1:port`, as a scrape configuration names a target. */
  readonly target: string;
  close(): Promise<void>;
}

/** Serves one node's page at `/metrics` on a free loopback port, as its dcgm-exporter would. */
export async function startExporterServer(page: () => string): Promise<ExporterServer> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?', 1)[0];
    if (path !== '/metrics' && path !== '/health') {
      response.writeHead(404).end('not found: the page is at /metrics\n');
      return;
    }
    response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' });
    response.end(path === '/health' ? 'OK\n' : page());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    target: `127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
