import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkBrokers, checkTables } from '../../cli/doctor-cluster.ts';
import { createKafkaClient } from '../../platform/bus/kafka/client.ts';
import { ensureTopic } from '../../platform/bus/kafka/topic.ts';
import { silentLog } from '../../platform/log.ts';
import { STORE_SERVER_DEFAULTS } from '../../platform/store/config.ts';
import { type RunningServer, startServerProcess } from '../support/clickhouse-server/start.ts';
import { describeWithKafka } from '../support/kafka.ts';
import { type KafkaBroker, startKafka } from '../support/kafka-broker.ts';
import { kafkaConfig } from '../support/kafka-read-back.ts';
import { freePort } from '../support/loopback.ts';
import { makeFolder } from '../support/temporary-folder.ts';

describeWithKafka('the check of the brokers', () => {
  let broker: KafkaBroker;
  beforeAll(async () => {
    broker = await startKafka();
  });
  afterAll(() => broker.stop());

  it('says what is there, and makes nothing', async () => {
    const kafka = kafkaConfig(broker.brokers);
    for (let round = 0; round < 2; round++) {
      expect(await checkBrokers({ kafka })).toMatchObject({
        ok: true,
        detail: expect.stringContaining(`1 broker; topic ${kafka.topic} will be made`),
      });
    }
    const three = { ...kafka, replication_factor: 3, min_insync_replicas: 2 };
    expect(await checkBrokers({ kafka: three })).toMatchObject({
      ok: false,
      detail: expect.stringContaining('fewer than kafka.replication_factor (3)'),
    });
    await ensureTopic(createKafkaClient(kafka, silentLog), kafka, silentLog);
    expect((await checkBrokers({ kafka })).detail).toContain('has 4 partitions');
    const larger = { ...kafka, message_bytes_max: 2 * kafka.message_bytes_max };
    expect(await checkBrokers({ kafka: larger })).toMatchObject({
      ok: false,
      detail: expect.stringContaining('larger batches are refused'),
    });
  });

  it('says that nobody answers, and what to do', async () => {
    const kafka = kafkaConfig([`127.0.0.1:${await freePort()}`]);
    expect(await checkBrokers({ kafka })).toMatchObject({
      ok: false,
      mend: expect.stringContaining('kafka.brokers'),
    });
  });
});

describe('the check of the tables of a server', () => {
  let folder: Awaited<ReturnType<typeof makeFolder>>;
  let server: RunningServer;
  beforeAll(async () => {
    folder = await makeFolder();
    server = await startServerProcess(folder.path, ['--user', 'me', '--password', 'right']);
  });
  afterAll(async () => {
    await server.stop();
    await folder.remove();
  });

  it('says what is there, and makes nothing', async () => {
    const clickhouse = { ...STORE_SERVER_DEFAULTS, url: server.url, user: 'me', password: 'right' };
    for (let round = 0; round < 2; round++) {
      expect(await checkTables({ clickhouse })).toMatchObject({
        ok: true,
        detail: expect.stringContaining('database headway will be made'),
      });
    }
    expect((await checkTables({ clickhouse: { ...clickhouse, database: 'default' } })).detail).toMatch(
      /version \d+\.\d+/,
    );
  });

  it('tells a wrong password from a server that is not there', async () => {
    const clickhouse = { ...STORE_SERVER_DEFAULTS, url: server.url, user: 'me', password: 'wrong' };
    expect(await checkTables({ clickhouse })).toMatchObject({
      ok: false,
      mend: expect.stringContaining('clickhouse.password'),
    });
    const nowhere = { ...clickhouse, url: `http://127.0.0.1:${await freePort()}` };
    expect(await checkTables({ clickhouse: nowhere })).toMatchObject({
      ok: false,
      mend: expect.stringContaining('clickhouse.url'),
    });
  });
});
