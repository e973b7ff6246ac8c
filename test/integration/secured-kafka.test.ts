import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { checkBrokers } from '../../cli/doctor-cluster.ts';
import { KAFKA_DEFAULTS, type KafkaConfig } from '../../platform/bus/kafka/config.ts';
import { KafkaReader } from '../../platform/bus/kafka/reader.ts';
import { KafkaRefused } from '../../platform/bus/kafka/refusal.ts';
import { createLog, silentLog } from '../../platform/log.ts';
import { HEADWAY_DEFAULTS } from '../../services/all-in-one/config.ts';
import { Problem } from '../../services/api/problem.ts';
import { createCaughtUp } from '../../services/cluster/caught-up.ts';
import { openCollectorRole } from '../../services/cluster/collector-role.ts';
import { describeWithKafka } from '../support/kafka.ts';
import { withAdmin } from '../support/kafka-read-back.ts';
import { KeptLetters } from '../support/kafka-reader-bench.ts';
import { batchOf, openedWriter } from '../support/kafka-writer.ts';
import { eventually } from '../support/loopback.ts';
import { MemoryPositions, MemoryTable } from '../support/memory-positions.ts';
import {
  KAFKA_USERS,
  type SecuredKafka,
  securedConfig,
  startSecuredKafka,
} from '../support/secured-kafka.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const { tls: NO_TLS, sasl: NO_SASL } = KAFKA_DEFAULTS;
const WRONG = 'not-the-password';
const EVENT = '{"type":"job","job":"a"}\n';

interface Reading {
  readonly reader: KafkaReader;
  readonly table: MemoryTable;
}

function reading(config: KafkaConfig): Reading {
  const positions = new MemoryPositions();
  const table = new MemoryTable(positions);
  const log = createLog('error', () => undefined);
  const reader = new KafkaReader({ config, positions, deadLetters: new KeptLetters(), log });
  onTestFinished(() => reader.stop());
  reader.run(table.insert);
  return { reader, table };
}

describeWithKafka('a secured Kafka', () => {
  let kafka: SecuredKafka;
  beforeAll(async () => {
    kafka = await startSecuredKafka();
  });
  afterAll(() => kafka.stop());

  const mutual = (): Partial<KafkaConfig> => {
    const { ca, client } = kafka.certificates;
    const tls = { ...NO_TLS, enabled: true, ca_file: ca, cert_file: client.cert, key_file: client.key };
    return { brokers: [kafka.mutual], tls, sasl: NO_SASL };
  };
  const scram = { ...NO_SASL, mechanism: 'scram-sha-512', ...KAFKA_USERS.headway };

  const WAYS: readonly [string, () => Partial<KafkaConfig> | Promise<Partial<KafkaConfig>>][] = [
    ['scram-sha-512 over TLS', () => ({})],
    ['scram-sha-256 over TLS', () => ({ sasl: { ...scram, mechanism: 'scram-sha-256' } })],
    ['plain over TLS', () => ({ sasl: { ...scram, mechanism: 'plain' } })],
    [
      'a password in a file',
      async () => {
        const password_file = join(await temporaryFolder(), 'password');
        writeFileSync(password_file, `${KAFKA_USERS.headway.password}\n`);
        return { sasl: { ...scram, password: null, password_file } };
      },
    ],
    ['a certificate of the client', mutual],
    ['scram-sha-512 without TLS', () => ({ brokers: [kafka.unencrypted], tls: NO_TLS })],
    [
      'another name than that of the certificate, when it is given',
      () => {
        const tls = { ...NO_TLS, enabled: true, ca_file: kafka.certificates.ca, server_name: 'localhost' };
        return { brokers: [kafka.sasl.replace('localhost', '127.0.0.1')], tls };
      },
    ],
  ];
  it.each(WAYS)('is written to and read with %s', async (_, own) => {
    const config = securedConfig(kafka, await own());
    const writer = openedWriter(config);
    const batches = ['a', 'b', 'c'].map((key) => batchOf(key));
    await writer.publish(batches);
    const { reader, table } = reading(config);
    await reader.drained();
    expect([...table.ids].sort()).toEqual(batches.map(({ id }) => id).sort());
    expect(await checkBrokers({ kafka: config })).toMatchObject({ ok: true });
    expect(writer.stats().refusal).toBeNull();
  });

  interface Refusal {
    readonly own: () => Partial<KafkaConfig>;
    readonly detail: RegExp;
    readonly mend: RegExp;
    /** Of an analyzer as well. One that may have met a broker that ends goes on trying. */
    readonly analyzer?: 'ends' | 'goes on';
  }
  const trusting = (ca_file: string | null) => ({ ...NO_TLS, enabled: true, ca_file });
  const REFUSALS: Readonly<Record<string, Refusal>> = {
    'a wrong password': {
      own: () => ({ sasl: { ...scram, password: WRONG } }),
      detail: /does not let user headway in.*invalid credentials/,
      mend: /kafka\.sasl: mechanism, username and password/,
      analyzer: 'ends',
    },
    'a wrong password of plain': {
      own: () => ({ sasl: { ...scram, mechanism: 'plain', password: WRONG } }),
      detail: /does not let user headway in.*Invalid username or password/,
      mend: /kafka\.sasl/,
    },
    'an unknown user': {
      own: () => ({ sasl: { ...scram, username: 'nobody' } }),
      detail: /does not let user nobody in/,
      mend: /kafka\.sasl/,
    },
    'the certificate of another authority': {
      own: () => ({ tls: trusting(kafka.stranger.ca) }),
      detail: /not signed by an authority of .*stranger-ca\.pem \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\)/,
      mend: /kafka\.tls\.ca_file/,
      analyzer: 'ends',
    },
    'a certificate of no authority that Node knows': {
      own: () => ({ tls: trusting(null) }),
      detail: /not signed by an authority that Node knows/,
      mend: /kafka\.tls\.ca_file/,
    },
    'a certificate for another name': {
      own: () => ({ brokers: [kafka.sasl.replace('localhost', '127.0.0.1')] }),
      detail: /is for other names.*127\.0\.0\.1/,
      mend: /kafka\.tls\.server_name/,
    },
    'plaintext to a TLS port': {
      own: () => ({ tls: NO_TLS, sasl: NO_SASL }),
      detail: /localhost:\d+ speaks TLS, and kafka\.tls\.enabled is false/,
      mend: /kafka\.tls\.enabled: true/,
      analyzer: 'ends',
    },
    'a user without TLS to a TLS port': {
      own: () => ({ tls: NO_TLS }),
      detail: /speaks TLS, and kafka\.tls\.enabled is false/,
      mend: /kafka\.tls\.enabled: true/,
    },
    'TLS to a plaintext port': {
      own: () => ({ brokers: kafka.broker.brokers, sasl: NO_SASL }),
      detail: /ended the connection before TLS was set up/,
      mend: /take the TLS port, or set kafka\.tls\.enabled to false/,
      analyzer: 'goes on',
    },
    'no user where one is asked for': {
      own: () => ({ sasl: NO_SASL }),
      detail: /closed the connection/,
      mend: /it may want a user \(kafka\.sasl\)/,
    },
    'a user where none is asked for': {
      own: () => ({ ...mutual(), sasl: scram }),
      detail: /asks for no user on this port/,
      mend: /SASL port/,
    },
    'no certificate where one is asked for': {
      own: () => ({ ...mutual(), tls: trusting(kafka.certificates.ca) }),
      detail: /wants another certificate of this process \(none is set\)/,
      mend: /kafka\.tls\.cert_file/,
      analyzer: 'ends',
    },
    'a certificate that the brokers do not trust': {
      own() {
        const { cert, key } = kafka.stranger.client;
        const tls = { ...trusting(kafka.certificates.ca), cert_file: cert, key_file: key };
        return { ...mutual(), tls };
      },
      detail: /wants another certificate of this process \(.*stranger-client\.pem\)/,
      mend: /kafka\.tls\.cert_file/,
    },
  };
  it.each(Object.entries(REFUSALS))(
    'says what is wrong with %s',
    async (_, { own, detail, mend, analyzer }) => {
      const config = securedConfig(kafka, own());
      const check = await checkBrokers({ kafka: config });
      expect(check).toMatchObject({ ok: false });
      expect(check.detail).toMatch(detail);
      expect(check.mend).toMatch(mend);
      if (analyzer === 'ends') {
        const failure = await reading(config).reader.failed;
        expect(failure).toBeInstanceOf(KafkaRefused);
        expect(failure.message).toMatch(detail);
        expect(failure.message).toMatch(mend);
      }
      if (analyzer === 'goes on') {
        const { reader } = reading(config);
        expect(await eventually(() => reader.stats().problem ?? undefined)).toMatch(detail);
      }
      expect(JSON.stringify(check)).not.toContain(WRONG);
    },
  );

  it('that refuses a collector from its start is said aloud, loses nothing, and gets all once it lets it in', async () => {
    const password_file = join(await temporaryFolder(), 'password');
    writeFileSync(password_file, WRONG);
    const own = securedConfig(kafka, { sasl: { ...scram, password: null, password_file } });
    const config = {
      ...HEADWAY_DEFAULTS,
      data_dir: await temporaryFolder(),
      server: { ...HEADWAY_DEFAULTS.server, port: 0 },
      // what is sent must not wait until Kafka would be given up
      kafka: { ...own, writer: { ...own.writer, topic_interval_s: 0.5, publish_timeout_s: 3600 } },
      spool: { ...HEADWAY_DEFAULTS.spool, retry_first_s: 0.05, retry_max_s: 0.2 },
    };
    const lines: string[] = [];
    const role = await openCollectorRole(
      config,
      createLog('info', (line) => lines.push(line)),
    );
    onTestFinished(() => role.stop());
    const url = await role.listen();
    const page = async (path: string) => await (await fetch(url + path)).text();
    const why = /does not let user headway in.*Mend kafka\.sasl/;
    await eventually(async () => {
      const { status } = await fetch(`${url}/readyz`);
      return status === 503 || undefined;
    });
    expect(await page('/readyz')).toMatch(why);
    expect(await page('/metrics')).toContain('headway_bus_kafka_refused{reason="credentials"} 1\n');
    const sent = await fetch(`${url}/v1/events`, { method: 'POST', body: EVENT });
    expect(sent.status).toBe(200);
    expect(await page('/metrics')).toContain('headway_bus_outage 1\n');
    expect(lines.filter((line) => line.includes('"level":"error"')).join('')).toContain(
      '"message":"kafka does not let this process in","code":"credentials"',
    );

    writeFileSync(password_file, KAFKA_USERS.headway.password);
    await eventually(async () => (await fetch(`${url}/readyz`)).status === 200 || undefined);
    const { reader, table } = reading(own);
    await eventually(() => table.batches.length > 0 || undefined);
    expect(Buffer.from(table.batches[0]?.body ?? []).toString()).toContain('"job":"a"');
    await eventually(async () => (await page('/metrics')).includes('headway_bus_outage 0\n') || undefined);
    expect(await page('/metrics')).toContain('headway_bus_kafka_refused{reason="credentials"} 0\n');
    await reader.drained();
    expect(table.batches).toHaveLength(1);
    for (const secret of [WRONG, KAFKA_USERS.headway.password]) expect(lines.join('')).not.toContain(secret);
  });

  it('that refuses an API is told to who asks for consistent answers', async () => {
    const wrong = securedConfig(kafka, { sasl: { ...scram, password: WRONG } });
    const caughtUp = createCaughtUp({ ...HEADWAY_DEFAULTS, kafka: wrong }, silentLog);
    onTestFinished(() => caughtUp.close());
    const refused = caughtUp.wait();
    await expect(refused).rejects.toBeInstanceOf(Problem);
    await expect(refused).rejects.toThrow(/does not let user headway in.*ask without consistent=true/);
  });

  it('needs no more rights than are documented, and says which are missing', async () => {
    const own = securedConfig(kafka);
    const limited = { ...own, sasl: { ...scram, ...KAFKA_USERS.limited } };
    await openedWriter(own).connected();
    const shut = openedWriter(limited);
    await expect(shut.publish([batchOf('a')])).rejects.toThrow(
      /does not let user limited use topic .* \(TOPIC_AUTHORIZATION_FAILED\)/,
    );
    expect(shut.stats().refusal?.code).toBe('rights');
    const failure = await reading(limited).reader.failed;
    expect(failure.message).toMatch(/does not let user limited use topic/);

    const allow = (resourceType: number, resourceName: string, operations: readonly number[]) =>
      withAdmin({ ...own, ...mutual() }, (admin) =>
        admin.createAcls({
          acl: operations.map((operation) => ({
            ...{ resourceType, resourceName, operation, resourcePatternType: LITERAL },
            ...{ principal: 'User:limited', host: '*', permissionType: ALLOW },
          })),
        }),
      );
    await allow(TOPIC, own.topic, [WRITE]);
    const batch = batchOf('a');
    await eventually(async () => {
      await openedWriter(limited).publish([batch]);
      return true;
    });
    await allow(TOPIC, own.topic, [READ]);
    await eventually(async () =>
      /who keeps group .* give this user the right to read the group/.test(
        (await reading(limited).reader.failed).message,
      )
        ? true
        : undefined,
    );
    await allow(GROUP, own.group, [READ]);
    const { reader, table } = reading(limited);
    await reader.drained();
    expect(table.ids).toContain(batch.id);
    // what DescribeConfigs would show is all that is missing
    expect((await checkBrokers({ kafka: limited })).detail).toContain('may not see its settings');
    await allow(TOPIC, own.topic, [DESCRIBE_CONFIGS]);
    await eventually(async () => (await checkBrokers({ kafka: limited })).ok || undefined);
  });

  it('refuses files that cannot be used before it connects', async () => {
    const folder = await temporaryFolder();
    const junk = join(folder, 'store.jks');
    writeFileSync(junk, 'not PEM');
    const { ca, client } = kafka.certificates;
    const cases: readonly [Partial<KafkaConfig['tls']>, RegExp][] = [
      [{ ca_file: join(folder, 'none.pem') }, /kafka\.tls\.ca_file: .*none\.pem cannot be read \(ENOENT\)/],
      [{ ca_file: junk }, /store\.jks does not hold certificates in PEM.*keytool/],
      [{ ca_file: ca, cert_file: client.cert, key_file: junk }, /kafka\.tls\.key_file: .*private key in PEM/],
      [
        { ca_file: ca, cert_file: client.cert, key_file: kafka.stranger.client.key },
        /is not the key of the certificate/,
      ],
    ];
    for (const [tls, message] of cases) {
      const config = securedConfig(kafka, { tls: { ...NO_TLS, enabled: true, ...tls } });
      const { detail, mend } = await checkBrokers({ kafka: config });
      expect(`${detail}. ${mend}`).toMatch(message);
    }
    const password_file = join(folder, 'password');
    writeFileSync(password_file, '\n');
    chmodSync(password_file, 0o600);
    const sasl = { ...scram, password: null, password_file };
    expect((await checkBrokers({ kafka: securedConfig(kafka, { sasl }) })).detail).toMatch(
      /password is empty/,
    );
  });
}, ['openssl']);

/** As the protocol numbers them (Kafka, `ResourceType`, `AclOperation`, `PatternType`, `AclPermissionType`). */
const TOPIC = 2;
const GROUP = 3;
const READ = 3;
const WRITE = 4;
const DESCRIBE_CONFIGS = 10;
const LITERAL = 3;
const ALLOW = 3;
