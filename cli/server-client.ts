import { CommandFailure, EXIT, usageFailure } from './outcome.ts';

/** Lines of one POST: small enough for the default body limit, large enough that round trips do not matter. */
const LINES_PER_POST = 20_000;

export interface Rejection {
  readonly line: number;
  readonly code: string;
  readonly message: string;
}

/** A running Headway, over HTTP. Every failure to reach it is exit code 3 and says what to start. */
export interface ServerClient {
  getJson(path: string, query?: Readonly<Record<string, string | undefined>>): Promise<unknown>;
  /** The body of an answer that goes on; it ends when the signal does. */
  openStream(
    path: string,
    query: Readonly<Record<string, string | undefined>>,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>>;
  sendEventLines(lines: readonly string[]): Promise<{ accepted: number; rejected: Rejection[] }>;
}

export function createServerClient(url: string, token: string | undefined): ServerClient {
  const base = serverAddress(url);
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const call = async (path: string, init: RequestInit): Promise<Response> => {
    try {
      return await fetch(new URL(`.${path}`, base), {
        ...init,
        headers: { ...headers, ...(init.headers as object) },
      });
    } catch (error) {
      throw new CommandFailure(
        EXIT.unreachable,
        `cannot reach Headway at ${url} (${reasonOf(error)}). Start it with \`npm start\`, or give --url or --data.`,
      );
    }
  };
  return {
    async getJson(path, query = {}) {
      const response = await call(`${path}${queryText(query)}`, { method: 'GET' });
      const body = await bodyOf(response);
      if (!response.ok) throw failureOf(response, body, path);
      return body;
    },
    async openStream(path, query, signal) {
      const response = await call(`${path}${queryText(query)}`, { method: 'GET', signal });
      if (!response.ok) throw failureOf(response, await bodyOf(response), path);
      if (response.body === null) throw new CommandFailure(EXIT.problem_found, `${path} answered nothing.`);
      return response.body as unknown as AsyncIterable<Uint8Array>;
    },
    async sendEventLines(lines) {
      const total = { accepted: 0, rejected: [] as Rejection[] };
      for (let from = 0; from < lines.length; from += LINES_PER_POST) {
        const response = await call('/v1/events', {
          method: 'POST',
          headers: { 'content-type': 'application/x-ndjson' },
          body: lines.slice(from, from + LINES_PER_POST).join('\n'),
        });
        const answer = await bodyOf(response);
        if (!isAnswer(answer)) throw failureOf(response, answer, '/v1/events');
        total.accepted += answer.accepted;
        for (const one of answer.rejected) total.rejected.push({ ...one, line: one.line + from });
      }
      return total;
    },
  };
}

/** `--url` as an address that paths can be put below. A usage failure when it is none: nothing was tried then. */
export function serverAddress(url: string): URL {
  const mend = 'Give the address that `headway start` prints, such as http://127.0.0.1:8470.';
  const address = URL.canParse(url) ? new URL(url) : undefined;
  if (address === undefined || !/^https?:$/.test(address.protocol)) {
    throw usageFailure(`--url ${url} is not an http or https address. ${mend}`);
  }
  if (address.username !== '' || address.password !== '') {
    throw usageFailure('--url holds a user or a password, which Headway does not take. Give --token.');
  }
  // A proxy may serve it below a path; without the slash the last part of that would be replaced.
  if (!address.pathname.endsWith('/')) address.pathname += '/';
  address.search = '';
  address.hash = '';
  return address;
}

function queryText(query: Readonly<Record<string, string | undefined>>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, value);
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function isAnswer(value: unknown): value is { accepted: number; rejected: Rejection[] } {
  return typeof value === 'object' && value !== null && 'accepted' in value && 'rejected' in value;
}

function failureOf(response: Response, body: unknown, path: string): CommandFailure {
  const detail =
    typeof body === 'object' && body !== null && 'detail' in body
      ? String(body.detail)
      : JSON.stringify(body);
  const code = response.status === 400 || response.status === 422 ? EXIT.usage : EXIT.problem_found;
  return new CommandFailure(code, `${path} answered ${response.status}: ${detail}`);
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message;
  return error instanceof Error ? error.message : String(error);
}
