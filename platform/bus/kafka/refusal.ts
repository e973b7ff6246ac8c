import { CredentialsUnusable } from '../../credentials.ts';
import { type TlsProblem, tlsProblemOf } from '../../tls-errors.ts';
import type { KafkaConfig } from './config.ts';
import { ANSWERED_IN_TLS } from './connections.ts';

export const FINAL_REFUSALS = ['credentials', 'certificate', 'encryption', 'rights'] as const;
/** Unclear: a broker that ends, or starts, looks the same. */
export type RefusalCode = (typeof FINAL_REFUSALS)[number] | 'unclear';

/** The brokers are there and do not let this process do its work. Holds no password. */
export class KafkaRefused extends Error {
  readonly code: RefusalCode;
  readonly problem: string;
  readonly mend: string;
  constructor(code: RefusalCode, problem: string, mend: string, cause: unknown) {
    super(`${problem}. ${mend}`, { cause });
    this.name = 'KafkaRefused';
    this.code = code;
    this.problem = problem;
    this.mend = mend;
  }

  /** Nothing but a change of settings, here or at the brokers, mends it. */
  get isFinal(): boolean {
    return this.code !== 'unclear';
  }
}

type AccessConfig = Pick<KafkaConfig, 'brokers' | 'tls' | 'sasl' | 'topic' | 'group'>;

/**
 * What a failed request to the brokers says of access to them, as KafkaRefused with what to do; any other error as it
 * came. By the codes of the protocol, of Node (`tls`, OpenSSL's alerts) and the names of kafkajs 2.2.4.
 */
export function explained(error: unknown, config: AccessConfig): unknown {
  if (error instanceof KafkaRefused) return error;
  for (const one of chainOf(error)) {
    const refusal = refusalOf(one, config);
    if (refusal !== undefined) return refusal;
  }
  return error;
}

/** An error, what caused it, and those it gathers. */
function chainOf(error: unknown): Error[] {
  if (!(error instanceof Error)) return [];
  const inner: unknown[] = 'errors' in error && Array.isArray(error.errors) ? error.errors : [];
  return [error, ...[error.cause, ...inner].flatMap(chainOf)];
}

function refusalOf(error: Error, config: AccessConfig): KafkaRefused | undefined {
  const [code, problem, mend] =
    (error instanceof CredentialsUnusable
      ? (['credentials', `${error.place}: ${error.problem}`, error.mend] as const)
      : undefined) ??
    ofSasl(error, config) ??
    ofRights(error, config) ??
    ofTls(error, config) ??
    ofConnection(error, config) ??
    [];
  if (code === undefined || problem === undefined || mend === undefined) return undefined;
  return new KafkaRefused(code, problem, mend, error);
}

type Refusal = readonly [RefusalCode, string, string];

/** kafkajs makes a login that a broker cut off, by ending itself for one, look like one that it refused. */
const CUT_OFF = /failed: (Closed connection|Connection |Not connected|Request )/;

function ofSasl(error: Error, { brokers, sasl }: AccessConfig): Refusal | undefined {
  const at = brokers.join(', ');
  const type = textOf(error, 'type');
  if (type === 'UNSUPPORTED_SASL_MECHANISM') {
    const problem = `Kafka (${at}) does not take kafka.sasl.mechanism ${sasl.mechanism}`;
    return ['credentials', problem, 'Give one of sasl.enabled.mechanisms of the brokers.'];
  }
  if (type === 'ILLEGAL_SASL_STATE') {
    const problem = `Kafka (${at}) asks for no user on this port, and kafka.sasl is set`;
    return ['credentials', problem, 'Take the SASL port in kafka.brokers, or leave kafka.sasl out.'];
  }
  const isLogin = error.name === 'KafkaJSSASLAuthenticationError' || type === 'SASL_AUTHENTICATION_FAILED';
  if (!isLogin) return undefined;
  if (CUT_OFF.test(error.message)) {
    const problem = `Kafka (${at}) did not finish the login: ${error.message}`;
    return ['unclear', problem, 'It is tried again.'];
  }
  const problem = `Kafka (${at}) does not let user ${sasl.username} in: ${error.message}`;
  return ['credentials', problem, 'Mend kafka.sasl: mechanism, username and password or password_file.'];
}

function ofRights(error: Error, { topic, group, sasl, tls }: AccessConfig): Refusal | undefined {
  if (error.name === 'KafkaJSGroupCoordinatorNotFound') {
    // kafkajs asks every broker and keeps no answer: GROUP_AUTHORIZATION_FAILED ends here as well.
    const mend = 'Where the brokers are well: give this user the right to read the group.';
    return ['unclear', `no broker says who keeps group ${group}`, mend];
  }
  const type = textOf(error, 'type') ?? '';
  if (!type.endsWith('_AUTHORIZATION_FAILED')) return undefined;
  const who = sasl.username ?? (tls.cert_file === null ? 'ANONYMOUS' : 'the subject of kafka.tls.cert_file');
  const what = type.startsWith('GROUP') ? `group ${group}` : `topic ${topic}`;
  const problem = `Kafka does not let user ${who} use ${what} (${type})`;
  return ['rights', problem, 'Give it the rights that docs/cluster.md lists under "A secured cluster".'];
}

function ofTls(error: Error, { brokers, tls }: AccessConfig): Refusal | undefined {
  const code = textOf(error, 'code') ?? '';
  const at = textOf(error, 'broker') ?? brokers.join(', ');
  const found = tlsProblemOf(code, error.message);
  if (found === undefined) return undefined;
  const own = tls.cert_file ?? 'none is set';
  const known = tls.ca_file === null ? 'an authority that Node knows' : `an authority of ${tls.ca_file}`;
  const refusals: Readonly<Record<TlsProblem, Refusal>> = {
    unknown_authority: [
      'certificate',
      `the certificate of ${at} is not signed by ${known} (${code})`,
      'Give the PEM file of its authority as kafka.tls.ca_file.',
    ],
    other_name: [
      'certificate',
      `the certificate of ${at} is for other names: ${error.message}`,
      'Reach the brokers by a name that is in it (kafka.brokers, advertised.listeners), or give one as kafka.tls.server_name.',
    ],
    not_valid_now: [
      'certificate',
      `the certificate of ${at} is not valid now (${code})`,
      'Renew it, or set the clock of this machine.',
    ],
    own_certificate: [
      'certificate',
      `${at} wants another certificate of this process (${own}): ${code}`,
      'Give one that its authority signed: kafka.tls.cert_file and key_file.',
    ],
    no_tls: [
      'encryption',
      `${at} speaks no TLS that this process does (${code})`,
      'Take the TLS port in kafka.brokers, with TLS 1.2 or later.',
    ],
  };
  return refusals[found];
}

/** What Node says when the other side ends the connection in the middle of the handshake. */
const NO_HANDSHAKE = /before secure TLS connection was established/;

function ofConnection(error: Error, { brokers, tls, sasl }: AccessConfig): Refusal | undefined {
  const at = textOf(error, 'broker') ?? brokers.join(', ');
  if (textOf(error, 'code') === ANSWERED_IN_TLS) {
    const problem = `${at} speaks TLS, and kafka.tls.enabled is false`;
    return ['encryption', problem, 'Set kafka.tls.enabled: true, and kafka.tls.ca_file.'];
  }
  if (NO_HANDSHAKE.test(error.message)) {
    const problem = `${at} ended the connection before TLS was set up`;
    return ['unclear', problem, 'Where it goes on: take the TLS port, or set kafka.tls.enabled to false.'];
  }
  if (error.name !== 'KafkaJSConnectionClosedError') return undefined;
  const problem = `${at} closed the connection`;
  const wanted = [
    ...(sasl.mechanism === null ? ['a user (kafka.sasl)'] : []),
    ...(tls.enabled ? [] : ['TLS (kafka.tls)']),
  ];
  if (wanted.length === 0) return undefined;
  return ['unclear', problem, `Where it goes on: it may want ${wanted.join(' or ')}.`];
}

/** kafkajs keeps the code of a connection's error in its own. */
function textOf(error: Error, key: 'code' | 'type' | 'broker'): string | undefined {
  const value: unknown = Reflect.get(error, key);
  return typeof value === 'string' ? value : undefined;
}
