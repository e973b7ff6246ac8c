/** A request that the server did not answer as a ClickHouse server does. */
export class Unreached extends Error {
  /** Whether the server may have got the request nevertheless, and may still work on it. */
  readonly mayHaveArrived: boolean;
  constructor(message: string, mayHaveArrived: boolean, cause: unknown) {
    super(message, { cause });
    this.name = 'Unreached';
    this.mayHaveArrived = mayHaveArrived;
  }
}

/** Whether a statement failed because nobody answered: the tables are away, and may be back soon. */
export function isUnreached(error: unknown): boolean {
  return error instanceof Unreached || (error instanceof Error && error.cause instanceof Unreached);
}

/** Errors of a connection that was never made, by Node's names. */
const NOT_CONNECTED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** Null for what the server itself said of a statement (the client's ClickHouseError). */
export function unreachedOf(cause: unknown, url: string): Unreached | null {
  if (!(cause instanceof Error)) return null;
  if ('type' in cause && 'code' in cause && Number.isInteger(Number(cause.code))) return null;
  const code = 'code' in cause ? String(cause.code) : '';
  const isConnecting = 'syscall' in cause && (cause.syscall === 'connect' || cause.syscall === 'getaddrinfo');
  const isRefused =
    isConnecting || NOT_CONNECTED.has(code) || /^(CERT_|ERR_TLS_|.*_CERT|UNABLE_TO_)/.test(code);
  const what = cause.message === '' ? code : cause.message;
  const message = `ClickHouse at ${shownUrl(url)} could not be reached: ${what.slice(0, 300)}`;
  return new Unreached(message, !isRefused, cause);
}

/** Without user and password, which a URL may hold. */
export function shownUrl(url: string): string {
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  return shown.href;
}
