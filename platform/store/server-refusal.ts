import { type TlsProblem, tlsProblemOf } from '../tls-errors.ts';
import type { StoreServerConfig } from './config.ts';
import { shownUrl, Unreached } from './server-errors.ts';
import { StoreError } from './store.ts';

/** The server is there and does not let this process do its work: no later try mends that. Holds no password. */
export class StoreRefused extends StoreError {
  readonly problem: string;
  readonly mend: string;
  constructor(problem: string, mend: string, options: { engine_code?: number; cause: unknown }) {
    super('failed', `${problem}. ${mend}`, options);
    this.name = 'StoreRefused';
    this.problem = problem;
    this.mend = mend;
  }
}

/** Numbers in ClickHouse's src/Common/ErrorCodes.cpp. */
const NOT_LET_IN = new Set([
  192, // UNKNOWN_USER
  193, // WRONG_PASSWORD
  194, // REQUIRED_PASSWORD
  516, // AUTHENTICATION_FAILED
]);
const ACCESS_DENIED = 497;

/** An error of the connection as StoreRefused, when that is what it says; any other as it came. */
export function storeRefusalOf(error: unknown, config: StoreServerConfig): unknown {
  const { user } = config;
  const at = `ClickHouse at ${shownUrl(config.url)}`;
  if (error instanceof Unreached) return ofTls(error, config, at) ?? error;
  if (!(error instanceof StoreError) || error.engine_code === null) return error;
  const { engine_code, message } = error;
  const options = { engine_code, cause: error };
  if (NOT_LET_IN.has(engine_code)) {
    const problem = `${at} does not let user ${user} in (code ${engine_code})`;
    return new StoreRefused(
      problem,
      'Mend clickhouse.user and clickhouse.password or password_file.',
      options,
    );
  }
  if (engine_code !== ACCESS_DENIED) return error;
  const problem = `${at} does not let user ${user} do this: ${message.split('\n', 1)[0]}`;
  const mend = 'Grant it what docs/cluster.md lists under "A secured cluster".';
  return new StoreRefused(problem, mend, options);
}

function ofTls(error: Unreached, config: StoreServerConfig, at: string): StoreRefused | undefined {
  const { cause } = error;
  if (!(cause instanceof Error)) return undefined;
  const code = 'code' in cause ? String(cause.code) : '';
  const isHttp = config.url.startsWith('http:');
  if (isHttp && code.startsWith('HPE_')) {
    const mend = 'Where it is the HTTPS port (8443): give an https address in clickhouse.url.';
    return new StoreRefused(`${at} does not answer in HTTP (${code})`, mend, { cause: error });
  }
  const found = tlsProblemOf(code, cause.message);
  if (found === undefined) return undefined;
  const [problem, mend] = TLS_TEXTS[found];
  return new StoreRefused(`${at}: ${problem} (${code})`, mend, { cause: error });
}

const TLS_TEXTS: Readonly<Record<TlsProblem, readonly [string, string]>> = {
  unknown_authority: [
    'its certificate is not signed by an authority that this process knows',
    'Give the PEM file of its authority as clickhouse.ca_file.',
  ],
  other_name: [
    'its certificate is for other names',
    'Reach it by a name that is in its certificate: clickhouse.url.',
  ],
  not_valid_now: ['its certificate is not valid now', 'Renew it, or set the clock of this machine.'],
  own_certificate: [
    'it does not take the certificate of this process, or wants one',
    'Give one that its authority signed: clickhouse.cert_file and key_file.',
  ],
  no_tls: [
    'it speaks no TLS there',
    'Give the HTTPS port in clickhouse.url (8443), or an http address for the other one (8123).',
  ],
};
