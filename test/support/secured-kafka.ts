import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KAFKA_DEFAULTS, type KafkaConfig } from '../../platform/bus/kafka/config.ts';
import { type Certificates, makeCertificates } from './certificates.ts';
import { type KafkaBroker, startKafka } from './kafka-broker.ts';
import { kafkaConfig } from './kafka-read-back.ts';
import { QUICK_READER } from './kafka-reader-bench.ts';
import { freePort } from './loopback.ts';
import { makeFolder } from './temporary-folder.ts';

/** A broker with what a secured cluster has: TLS, users with passwords, client certificates, rights. */
export interface SecuredKafka {
  /** Its plaintext listener may do everything. */
  readonly broker: KafkaBroker;
  /** SASL over TLS: `localhost:port`. */
  readonly sasl: string;
  /** TLS that asks for a client's certificate. */
  readonly mutual: string;
  /** SASL without TLS. */
  readonly unencrypted: string;
  readonly certificates: Certificates;
  /** Another authority, which signed nothing here. */
  readonly stranger: Certificates;
  stop(): Promise<void>;
}

/**
 * `headway` may do everything, by each mechanism; `limited` (SCRAM-SHA-512) what the rights of the test give it. The
 * client's certificate (CN=client) may do everything.
 */
export const KAFKA_USERS = {
  headway: { username: 'headway', password: "p w=$x;'" },
  limited: { username: 'limited', password: 'limited-secret' },
} as const;

export async function startSecuredKafka(
  properties: Readonly<Record<string, string | number>> = {},
): Promise<SecuredKafka> {
  const { path, remove } = await makeFolder();
  const certificates = makeCertificates(path, 'own');
  const stranger = makeCertificates(path, 'stranger');
  const keystore = join(path, 'keystore.pem');
  const { cert, key } = certificates.server;
  writeFileSync(keystore, readFileSync(key, 'utf8') + readFileSync(cert, 'utf8'));
  const ports: number[] = [await freePort(), await freePort(), await freePort()];
  const [sasl, mutual, unencrypted] = ports.map((port) => `localhost:${port}`);
  if (sasl === undefined || mutual === undefined || unencrypted === undefined) throw new Error('no ports');
  const { headway, limited } = KAFKA_USERS;
  const scram = [headway, limited].flatMap(({ username, password }) =>
    ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=${username},password="${password}"]`,
    ]),
  );
  const broker = await startKafka({
    listeners: [`SASL://${sasl}`, `MUTUAL://${mutual}`, `OPEN://${unencrypted}`],
    format: scram,
    properties: {
      'listener.security.protocol.map':
        'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_SSL,MUTUAL:SSL,OPEN:SASL_PLAINTEXT',
      'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
      ...loginModules('sasl'),
      ...loginModules('open'),
      'listener.name.mutual.ssl.client.auth': 'required',
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': keystore,
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': certificates.ca,
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:ANONYMOUS;User:headway;User:CN=client',
      ...properties,
    },
  }).catch(async (cause: unknown) => {
    await remove();
    throw cause;
  });
  return {
    ...{ broker, sasl, mutual, unencrypted, certificates, stranger },
    async stop() {
      await broker.stop();
      await remove();
    },
  };
}

function loginModules(listener: string): Record<string, string> {
  const { username, password } = KAFKA_USERS.headway;
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
  return {
    [`listener.name.${listener}.plain.sasl.jaas.config`]: `org.apache.kafka.common.security.plain.PlainLoginModule required user_${username}="${password}";`,
    [`listener.name.${listener}.scram-sha-256.sasl.jaas.config`]: scram,
    [`listener.name.${listener}.scram-sha-512.sasl.jaas.config`]: scram,
  };
}

/** Settings of `headway` with SCRAM-SHA-512 over TLS, on a topic of its own. */
export function securedConfig(kafka: SecuredKafka, own: Partial<KafkaConfig> = {}): KafkaConfig {
  const { tls, sasl } = KAFKA_DEFAULTS;
  const config = kafkaConfig([kafka.sasl], {
    tls: { ...tls, enabled: true, ca_file: kafka.certificates.ca },
    sasl: { ...sasl, mechanism: 'scram-sha-512', ...KAFKA_USERS.headway },
    ...own,
  });
  return { ...config, group: `group-of-${config.topic}`, reader: QUICK_READER };
}
