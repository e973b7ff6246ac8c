import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import type { DeadLetter } from '../../platform/bus/dead-letters.ts';
import { createKafkaClient } from '../../platform/bus/kafka/client.ts';
import type { KafkaConfig } from '../../platform/bus/kafka/config.ts';
import { deadLetterTopicOf, openDeadLetterTopic } from '../../platform/bus/kafka/dead-letter-topic.ts';
import { silentLog } from '../../platform/log.ts';
import { describeWithKafka } from '../support/kafka.ts';
import { type KafkaBroker, startKafka } from '../support/kafka-broker.ts';
import { kafkaConfig, withAdmin } from '../support/kafka-read-back.ts';

function letter(id: string, body: Uint8Array): DeadLetter {
  return { id, kind: 'event_lines', schemaVersion: 0, key: 'job é', rows: 2, body };
}

describeWithKafka('the topic of dead letters', () => {
  let broker: KafkaBroker;
  beforeAll(async () => {
    broker = await startKafka();
  });
  afterAll(() => broker.stop());

  function opened(config: KafkaConfig, now_ms?: () => number) {
    const client = createKafkaClient(config, silentLog);
    const options = { client, config, retention_hours: 100, log: silentLog };
    const letters = openDeadLetterTopic(now_ms === undefined ? options : { ...options, now_ms });
    onTestFinished(() => letters.close());
    return letters;
  }

  it('keeps letters of any size, each once, until long after', async () => {
    const config = kafkaConfig(broker.brokers);
    let now_ms = 1_700_000_000_000;
    const letters = opened(config, () => now_ms++);
    expect(await letters.list()).toEqual([]);
    const small = Buffer.from('no\njson\n');
    const large = Buffer.alloc(2.5 * config.message_bytes_max, 'large ');
    const origin = { topic: config.topic, partition: 2, offset: 17 };
    await letters.put(letter('a', small), { code: 'bad_lines', text: 'line 1' }, origin);
    await letters.put(letter('b', large), { code: 'unreadable', text: 'too new' });
    await letters.put(letter('a', small), { code: 'bad_lines', text: 'line 1' }, origin);
    const other = opened(config);
    const notes = await other.list();
    expect(notes).toMatchObject([
      { id: 'b', bytes: large.length, put_at_ms: 1_700_000_000_001, origin: {} },
      { id: 'a', key: 'job é', put_at_ms: 1_700_000_000_002, origin, replays: 0, replayed_at_ms: null },
    ]);
    const { body } = await other.read(notes[0]?.name ?? '');
    expect(Buffer.from(body).equals(large)).toBe(true);
    expect([...letters.counts]).toEqual([
      ['bad_lines', 1],
      ['unreadable', 1],
    ]);
    await expect(other.read('0000')).rejects.toThrow('no dead letter 0000');
    const settings = await withAdmin(config, async (admin) => {
      const resources = [{ type: 2, name: deadLetterTopicOf(config.topic) }];
      const found = await admin.describeConfigs({ includeSynonyms: false, resources });
      return new Map(
        found.resources.flatMap((one) => one.configEntries.map((e) => [e.configName, e.configValue])),
      );
    });
    expect(settings.get('retention.ms')).toBe(String(100 * 3_600_000));
  });

  it('knows what was sent again, and what came back after that', async () => {
    const config = kafkaConfig(broker.brokers);
    const letters = opened(config);
    await letters.put(letter('a', Buffer.from('x\n')), { code: 'bad_lines', text: 'line 1' });
    const [note] = await letters.list();
    if (note === undefined) throw new Error('a letter was put');
    await letters.replayed(note);
    expect(await letters.list()).toMatchObject([{ replays: 1, replayed_at_ms: expect.any(Number) }]);
    await letters.put(letter('a', Buffer.from('x\n')), { code: 'bad_lines', text: 'again' });
    expect(await letters.list()).toMatchObject([
      { replays: 1, replayed_at_ms: null, reason: { text: 'again' } },
    ]);
  });

  it('says so when the brokers are not reached', async () => {
    const { writer, ...config } = kafkaConfig(['127.0.0.1:1']);
    const away = { ...config, writer: { ...writer, publish_timeout_s: 0.1 } };
    const letters = opened(away);
    await expect(
      letters.put(letter('a', Buffer.from('x')), { code: 'unreadable', text: '' }),
    ).rejects.toThrow();
  });
});
