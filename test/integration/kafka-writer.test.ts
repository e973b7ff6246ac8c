import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithKafka } from '../support/kafka.ts';
import { type KafkaBroker, startKafka } from '../support/kafka-broker.ts';
import { kafkaConfig, readTopic } from '../support/kafka-read-back.ts';
import { batchOf, openedWriter } from '../support/kafka-writer.ts';

describeWithKafka('the writer to Kafka', () => {
  let broker: KafkaBroker;
  beforeAll(async () => {
    broker = await startKafka();
  });
  afterAll(() => broker.stop());

  it('makes its topic and brings every batch there once, in the order published', async () => {
    const config = kafkaConfig(broker.brokers);
    const writer = openedWriter(config);
    const batches = Array.from({ length: 500 }, (_, n) => batchOf(`job-${n % 20}`, `{"n":${n}}\n`));
    await Promise.all(batches.map((batch) => writer.publish([batch])));
    const found = (await readTopic(config)).map(({ decoded }) => decoded);
    expect(found).toHaveLength(500);
    for (let job = 0; job < 20; job += 1) {
      const key = `job-${job}`;
      const own = found.flatMap((one) => (one.kind === 'batch' && one.batch.key === key ? [one.batch] : []));
      expect(own).toEqual(batches.filter((batch) => batch.key === key));
    }
  });
});
