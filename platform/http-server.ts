import type { Server } from 'node:http';
import { serve } from '@hono/node-server';
import type { Hono } from 'hono';

export interface HttpServerConfig {
  /** Address to bind. Loopback unless tokens are set: the doors are open to whoever reaches them. */
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** A request that has not sent its head and body by then is closed: slow senders must not hold connections. */
  readonly request_timeout_s: number;
}

export const HTTP_SERVER_DEFAULTS: HttpServerConfig = {
  host: '127.0.0.1',
  port: 8470,
  request_timeout_s: 60,
};

/** The address could not be bound; the message names it and says what to do. */
export class ListenFailed extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'ListenFailed';
    this.code = code;
  }
}

export interface HttpServer {
  readonly url: string;
  /** Stops accepting, lets requests under way finish, then closes what is idle. */
  close(): Promise<void>;
}

export function listen(app: Hono, config: HttpServerConfig): Promise<HttpServer> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: config.host, port: config.port }, (info) => {
      const host = config.host.includes(':') ? `[${config.host}]` : config.host;
      resolve({ url: `http://${host}:${info.port}`, close: () => closeServer(server as Server) });
    });
    (server as Server).requestTimeout = config.request_timeout_s * 1000;
    server.on('error', (error: NodeJS.ErrnoException) => reject(listenFailed(error, config)));
  });
}

function listenFailed(error: NodeJS.ErrnoException, { host, port }: HttpServerConfig): ListenFailed {
  const code = error.code ?? 'unknown';
  const mend: Readonly<Record<string, string>> = {
    EADDRINUSE:
      'Another process listens there (another Headway?). Stop it, or give --port (0 takes a free one).',
    EACCES: 'Ports below 1024 need privileges. Give --port.',
    ENOTFOUND: 'No address has this name. Set server.host.',
    EADDRNOTAVAIL: 'This machine has no such address. Set server.host.',
  };
  return new ListenFailed(code, `cannot listen on ${host}:${port} (${code}). ${mend[code] ?? error.message}`);
}

/** Keep-alive connections of browsers and scrapers would hold the process: each is closed once it idles. */
const IDLE_CHECK_MS = 50;
/** A request that has not ended by then is cut off. */
const CLOSE_LIMIT_MS = 5000;

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const idle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS);
    const limit = setTimeout(() => server.closeAllConnections(), CLOSE_LIMIT_MS);
    server.close(() => {
      clearInterval(idle);
      clearTimeout(limit);
      resolve();
    });
  });
}
