import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { passwordOf, readTlsFiles } from '../../credentials.ts';
import type { KafkaConfig, SaslMechanism } from './config.ts';

export interface SocketRequest {
  readonly host: string;
  readonly port: number;
  readonly onConnect: () => void;
}

/** A plaintext connection was answered in TLS; the code of an error. */
export const ANSWERED_IN_TLS = 'HEADWAY_ANSWERED_IN_TLS';

const KEEP_ALIVE_MS = 60_000;

/**
 * Makes the connections to brokers. Certificates and keys are read for each, so that those that are renewed while the
 * process runs count from the next connection on. Throws CredentialsUnusable, at once and of each connection.
 */
export function createSocketFactory({ tls }: Pick<KafkaConfig, 'tls'>): (request: SocketRequest) => Socket {
  if (!tls.enabled) return plainSocket;
  readTlsFiles(tls, 'kafka.tls');
  return ({ host, port, onConnect }) => {
    const name = tls.server_name ?? (isIP(host) === 0 ? host : undefined);
    const socket = connectTls(
      { host, port, ...(name === undefined ? {} : { servername: name }), ...readTlsFiles(tls, 'kafka.tls') },
      onConnect,
    );
    return socket.setKeepAlive(true, KEEP_ALIVE_MS);
  };
}

function plainSocket({ host, port, onConnect }: SocketRequest): Socket {
  const socket = connectPlain({ host, port }, onConnect);
  // Its caller would take the alert for the length of an answer, and know nothing but that the connection ended.
  socket.once('data', (bytes) => {
    if (!isTlsAlert(bytes)) return;
    const error = new Error('the broker answered in TLS');
    socket.destroy(Object.assign(error, { code: ANSWERED_IN_TLS }));
  });
  return socket.setKeepAlive(true, KEEP_ALIVE_MS);
}

/** A record of TLS with an alert (RFC 8446, 5.1): a broker that expects TLS gets no further. No answer of Kafka is as long. */
function isTlsAlert(bytes: Uint8Array): boolean {
  return bytes[0] === 21 && bytes[1] === 3;
}

/** Who the process says it is. */
export type SaslLogin = {
  [Mechanism in SaslMechanism]: {
    readonly mechanism: Mechanism;
    readonly username: string;
    /** Of the moment when it is asked for. Throws CredentialsUnusable. */
    readonly password: string;
  };
}[SaslMechanism];

/** Undefined without a mechanism. Throws CredentialsUnusable when the password cannot be read. */
export function saslLogin({ sasl }: Pick<KafkaConfig, 'sasl'>): SaslLogin | undefined {
  const { mechanism, username } = sasl;
  if (mechanism === null) return undefined;
  passwordOf(sasl, 'kafka.sasl');
  return {
    // checked with the rest of the configuration
    mechanism: mechanism as SaslMechanism,
    username: username ?? '',
    get password() {
      return passwordOf(sasl, 'kafka.sasl') ?? '';
    },
  };
}
