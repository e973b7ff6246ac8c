import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Engine, type EngineAnswer } from './engine.ts';
import { exceptionOf, printed, ServerException, statusOf } from './exceptions.ts';
import { readQueryRequest } from './request.ts';
import { isWrite } from './statements.ts';

const deflate = promisify(gzip);

export interface ClickHouseServerOptions {
  /** Folder of the tables; another process on it is refused by the engine. */
  readonly data: string;
  /** 0: a free one. */
  readonly port: number;
  readonly user?: string;
  readonly password?: string;
  /** Answers over HTTPS, as `localhost`, with the certificate and key of these PEM files. */
  readonly cert?: string;
  readonly key?: string;
  /** Only clients with a certificate of this authority get an answer. */
  readonly clients?: string;
  /** Statements that change tables at the same time; one unless told otherwise. */
  readonly writes?: number;
  /** It takes itself for the only node of the cluster of this name. */
  readonly cluster?: string;
}

export interface ClickHouseServer {
  readonly url: string;
  /** Finishes what runs. */
  close(): Promise<void>;
}

/**
 * What `@clickhouse/client` asks of a ClickHouse server over HTTP, answered by the engine in this process. A trial
 * store: one node, one user, and only as much of the interface as that client uses.
 */
export async function startClickHouseServer(options: ClickHouseServerOptions): Promise<ClickHouseServer> {
  const engine = await Engine.open(options.data, options.cluster);
  const handler = new Handler(engine, await engine.version(), options);
  const { origin, server } = serverOf(options, (request, response) => {
    handler.answer(request, response).catch(() => response.destroy());
  });
  server.listen(options.port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address of a listening server');
  return {
    url: `${origin}:${address.port}`,
    async close() {
      server.close();
      server.closeIdleConnections();
      await handler.idle();
      server.closeAllConnections();
      engine.close();
    },
  };
}

function serverOf({ cert, key, clients }: ClickHouseServerOptions, answer: RequestListener) {
  const limits = { keepAliveTimeout: 30_000, maxHeaderSize: 1024 ** 2 };
  if (cert === undefined || key === undefined)
    return { origin: 'http://127.0.0.1', server: createServer(limits, answer) };
  const wanted = clients === undefined ? {} : { requestCert: true, ca: readFileSync(clients) };
  const files = { cert: readFileSync(cert), key: readFileSync(key), ...wanted };
  return { origin: 'https://localhost', server: createTlsServer({ ...limits, ...files }, answer) };
}

class Handler {
  readonly #engine: Engine;
  readonly #version: string;
  readonly #options: ClickHouseServerOptions;
  readonly #running = new Set<Promise<unknown>>();
  readonly #writing = new Set<Promise<unknown>>();

  constructor(engine: Engine, version: string, options: ClickHouseServerOptions) {
    this.#engine = engine;
    this.#version = version;
    this.#options = options;
  }

  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const running = this.#answer(request, response).finally(() => this.#running.delete(running));
    this.#running.add(running);
    return running;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    response.setHeader('X-ClickHouse-Server-Display-Name', 'headway-trial-store');
    if (url.pathname === '/ping' || url.pathname === '/replicas_status') return void response.end('Ok.\n');
    const queryId = url.searchParams.get('query_id') ?? randomUUID();
    response.setHeader('X-ClickHouse-Query-Id', queryId);
    try {
      this.#authenticate(request, url);
      const asked = await readQueryRequest(request, url);
      if (request.method === 'GET' && isWrite(asked.sql)) {
        throw new ServerException(164, 'READONLY', 'Cannot execute query in readonly mode');
      }
      const run = () => this.#engine.run(asked, queryId);
      const answer = isWrite(asked.sql) ? await this.#inTurn(run) : await run();
      response.setHeader('X-ClickHouse-Timezone', 'UTC');
      response.setHeader('X-ClickHouse-Summary', summaryOf(answer));
      await send(request, response, asked.own, Buffer.from(answer.body));
    } catch (cause) {
      const exception = exceptionOf(cause);
      response.statusCode = statusOf(exception.code);
      response.setHeader('X-ClickHouse-Exception-Code', exception.code);
      await send(
        request,
        response,
        new Map(url.searchParams),
        Buffer.from(printed(exception, this.#version)),
      );
    }
  }

  /** Waits while as many statements change tables as may. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    while (this.#writing.size >= (this.#options.writes ?? 1)) await Promise.race(this.#writing);
    const running = work();
    const over = running.then(
      () => {},
      () => {},
    );
    this.#writing.add(over);
    try {
      return await running;
    } finally {
      this.#writing.delete(over);
    }
  }

  #authenticate({ headers }: IncomingMessage, url: URL): void {
    const basic = /^Basic (.+)$/i.exec(headers.authorization ?? '')?.[1];
    const [user, ...password] = Buffer.from(basic ?? '', 'base64')
      .toString()
      .split(':');
    const header = (name: string) => headers[name]?.toString();
    const given = {
      user: header('x-clickhouse-user') ?? url.searchParams.get('user') ?? (user || 'default'),
      password: header('x-clickhouse-key') ?? url.searchParams.get('password') ?? password.join(':'),
    };
    const { user: wanted = 'default', password: secret = '' } = this.#options;
    if (given.user === wanted && isSame(given.password, secret)) return;
    throw new ServerException(
      516,
      'AUTHENTICATION_FAILED',
      `${given.user}: Authentication failed: password is incorrect, or there is no user with such name.`,
    );
  }
}

function isSame(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** Of the counts of a server those that this engine tells. */
function summaryOf({ rows_read, elapsed_s }: EngineAnswer): string {
  return JSON.stringify({ read_rows: String(rows_read), elapsed_ns: String(Math.round(elapsed_s * 1e9)) });
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  own: ReadonlyMap<string, string>,
  body: Buffer,
): Promise<void> {
  const wants = /\bgzip\b/.test(request.headers['accept-encoding']?.toString() ?? '');
  if (wants && own.get('enable_http_compression') === '1') {
    response.setHeader('Content-Encoding', 'gzip');
    response.end(await deflate(body, { level: 1 }));
  } else {
    response.end(body);
  }
}
