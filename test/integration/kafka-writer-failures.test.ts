import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Batch, BusRefused } from '../../platform/bus/bus.ts';
import type { KafkaConfig } from '../../platform/bus/kafka/config.ts';
import { withoutCopies } from '../../platform/bus/kafka/copies.ts';
import type { KafkaWriter } from '../../platform/bus/kafka/writer.ts';
import { describeWithKafka } from '../support/kafka.ts';
import { type KafkaBroker, startKafka } from '../support/kafka-broker.ts';
import { kafkaConfig, readTopic, type TopicMessage, withAdmin } from '../support/kafka-read-back.ts';
import { batchOf, openedWriter } from '../support/kafka-writer.ts';
import { eventually } from '../support/loopback.ts';

/** Batches by key, in the order of their partition; a copy is what its reader takes for one. */
async function storedIn(config: KafkaConfig): Promise<Map<string, Batch[]>> {
  const found = await readTopic(config);
  const stored = new Map<string, Batch[]>();
  const partitions = new Map<number, TopicMessage[]>();
  for (const message of found)
    partitions.set(message.partition, [...(partitions.get(message.partition) ?? []), message]);
  for (const messages of partitions.values()) {
    const named = ({ decoded }: TopicMessage) => (decoded.kind === 'batch' ? decoded : null);
    for (const { decoded } of withoutCopies(messages, new Map(), named).messages) {
      if (decoded.kind !== 'batch') throw new Error(`a message that is ${decoded.kind}`);
      const own = stored.get(decoded.batch.key);
      if (own === undefined) stored.set(decoded.batch.key, [decoded.batch]);
      else own.push(decoded.batch);
    }
  }
  return stored;
}

/** Publishes for many keys, each one batch after the other, and keeps what was acknowledged, in order. */
class Load {
  readonly acknowledged = new Map<string, Batch[]>();
  refused = 0;
  #isOver = false;
  readonly #running: Promise<unknown>;

  constructor(writer: KafkaWriter, keys: number) {
    this.#running = Promise.all(
      Array.from({ length: keys }, async (_, k) => {
        const key = `job-${k}`;
        const own: Batch[] = [];
        this.acknowledged.set(key, own);
        for (let n = 0; !this.#isOver; n += 1) {
          const batch = batchOf(key, `{"key":"${key}","n":${n},"pad":"${'x'.repeat((n * 37) % 500)}"}\n`);
          try {
            await writer.publish([batch]);
            own.push(batch);
          } catch (cause) {
            if (!(cause instanceof BusRefused && cause.retryable)) throw cause;
            this.refused += 1;
            await sleep(20);
          }
        }
      }),
    );
  }

  get count(): number {
    return [...this.acknowledged.values()].reduce((sum, own) => sum + own.length, 0);
  }

  /** Resolves when so many more were acknowledged. */
  async goesOn(more: number): Promise<void> {
    const before = this.count;
    await eventually(() => this.count >= before + more || undefined, { limit_ms: 50_000 });
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }
}

/** Everything acknowledged is stored, in the order acknowledged; what was refused may be there in between. */
function expectKept(load: Load, stored: ReadonlyMap<string, readonly Batch[]>): void {
  for (const [key, own] of load.acknowledged) {
    const ids = new Set(own.map(({ id }) => id));
    const found = (stored.get(key) ?? []).filter(({ id }) => ids.has(id));
    expect(found).toEqual(own);
  }
}

describeWithKafka('the writer on three brokers', () => {
  let broker: KafkaBroker;
  beforeAll(async () => {
    broker = await startKafka({ nodes: 3 });
  });
  afterAll(() => broker?.stop());

  it('loses nothing when brokers are killed under load, and keeps the order', {
    timeout: 150_000,
  }, async () => {
    const config = kafkaConfig(broker.brokers, { partitions: 6 });
    const writer = openedWriter(config);
    await writer.connected();
    const load = new Load(writer, 24);
    await load.goesOn(200);
    for (const node of [0, 1]) {
      await broker.kill(node);
      await load.goesOn(200);
      await broker.restart(node);
      await load.goesOn(200);
    }
    await load.end();
    // The kills were felt: requests failed, and were sent again.
    expect(writer.stats().failed_requests).toBeGreaterThan(0);
    expectKept(load, await storedIn(config));
  });

  it('loses nothing when a broker stands still and comes back', async () => {
    const config = kafkaConfig(broker.brokers, { partitions: 6 });
    const quick = { ...config, writer: { ...config.writer, request_timeout_s: 1.5, publish_timeout_s: 4 } };
    const writer = openedWriter(quick);
    await writer.connected();
    const load = new Load(writer, 24);
    await load.goesOn(300);
    await broker.suspend(2);
    // The others take over once they miss it.
    await load.goesOn(300);
    broker.resume(2);
    await load.goesOn(300);
    await load.end();
    expect(writer.stats().failed_requests).toBeGreaterThan(0);
    expectKept(load, await storedIn(config));
  });

  it('refuses what too few replicas take, and goes on when there are enough', async () => {
    const config = kafkaConfig(broker.brokers, { partitions: 1, min_insync_replicas: 3 });
    const writer = openedWriter({ ...config, writer: { ...config.writer, publish_timeout_s: 2 } });
    await eventually(() => writer.publish([batchOf('job', 'first')]).then(() => true));
    await broker.kill(1);
    await eventually(async () => {
      const { topics } = await withAdmin({ ...config, brokers: [broker.brokers[0] ?? ''] }, (admin) =>
        admin.fetchTopicMetadata({ topics: [config.topic] }),
      );
      return topics[0]?.partitions[0]?.isr.length === 2 || undefined;
    });
    const prepared = writer.prepare([batchOf('job'), batchOf('job')]);
    await expect(writer.send(prepared)).rejects.toMatchObject({ code: 'unreachable', retryable: true });
    await broker.restart(1);
    // Under the names they had: the brokers may have written them down before they saw that it was too few.
    await eventually(() => writer.send(prepared).then(() => true));
    expect((await storedIn(config)).get('job')?.slice(-2)).toEqual(prepared.map(({ batch }) => batch));
  });
});

describeWithKafka('the writer and its only broker', () => {
  let broker: KafkaBroker;
  beforeEach(async () => {
    broker = await startKafka();
  });
  afterEach(() => broker?.stop());

  it('takes batches before it ever saw the broker, and sends them in order when it comes', async () => {
    const config = kafkaConfig(broker.brokers);
    await broker.kill(0);
    const writer = openedWriter({ ...config, writer: { ...config.writer, publish_timeout_s: 50 } });
    const early = Array.from({ length: 30 }, (_, n) => batchOf(`job-${n % 3}`, `early ${n}`));
    const published = early.map((batch) => writer.publish([batch]));
    expect(writer.stats()).toMatchObject({ partitions: null, outstanding: 30 });
    await broker.restart(0);
    await Promise.all(published);
    const later = [0, 1, 2].map((n) => batchOf(`job-${n}`, `later ${n}`));
    await writer.publish(later);
    const stored = await storedIn(config);
    for (const key of ['job-0', 'job-1', 'job-2']) {
      expect(stored.get(key)).toEqual([...early, ...later].filter((batch) => batch.key === key));
    }
  });

  it('sends what was refused again under the same names, and the copies are told apart', async () => {
    const config = kafkaConfig(broker.brokers, { partitions: 2 });
    const writer = openedWriter({
      ...config,
      writer: { ...config.writer, publish_timeout_s: 1, request_timeout_s: 1 },
    });
    await writer.publish([batchOf('job')]);
    // It took the request off the wire and cannot answer: what becomes of it is not known.
    await broker.suspend(0);
    const prepared = writer.prepare(Array.from({ length: 20 }, (_, n) => batchOf(`job-${n % 4}`, `${n}`)));
    await expect(writer.send(prepared)).rejects.toThrow(BusRefused);
    broker.resume(0);
    await eventually(() => writer.send(prepared).then(() => true));
    const stored = await storedIn(config);
    for (let k = 0; k < 4; k += 1) {
      const own = prepared.map(({ batch }) => batch).filter(({ key }) => key === `job-${k}`);
      expect(stored.get(`job-${k}`)).toEqual(own);
    }
  });
});
