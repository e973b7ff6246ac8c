import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import type { KafkaConfig } from '../../platform/bus/kafka/config.ts';
import { withoutCopies } from '../../platform/bus/kafka/copies.ts';
import { decodeRunEvents } from '../../platform/bus/run-event-batch.ts';
import { createRandom } from '../../simulator/random.ts';
import { describeWithKafka } from '../support/kafka.ts';
import { startKafka } from '../support/kafka-broker.ts';
import { kafkaConfig, readTopic } from '../support/kafka-read-back.ts';
import { eventually } from '../support/loopback.ts';
import { Oracle } from '../support/oracle.ts';
import { ReceiverProcess } from '../support/receiver-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const JOBS = 6;
const OUTAGES = 2;

/** A sender of each job, one event at a time, over any number of collectors: what is in doubt is not sent again. */
class Senders {
  readonly oracle = new Oracle('outage', { jobs: JOBS });
  readonly acknowledged: number[] = [];
  #collector: ReceiverProcess | undefined;
  #isOver = false;
  #publishes = 0;
  readonly #running: Promise<void>[];

  constructor() {
    const ids = Array.from({ length: JOBS }, () => this.oracle.issue());
    this.#running = ids.map((id) => this.#run(id));
  }

  sendTo(collector: ReceiverProcess | undefined): void {
    this.#collector = collector;
  }

  /** Until so many more are acknowledged. */
  async more(count: number): Promise<void> {
    const enough = this.acknowledged.length + count;
    await eventually(() => this.acknowledged.length >= enough || undefined, { every_ms: 20 });
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#running);
  }

  async #run(first: number): Promise<void> {
    for (let id = first; !this.#isOver; ) {
      const collector = this.#collector;
      if (collector !== undefined) {
        const send = collector.sender(
          () => this.#publishes++,
          () => this.acknowledged.push(id),
        );
        await send([this.oracle.lineOf(id)]);
        do id = this.oracle.issue();
        while (id % JOBS !== first % JOBS);
      }
      await sleep(2);
    }
  }
}

/** Of each job the steps in the topic, in order, without copies. */
async function delivered(config: KafkaConfig): Promise<{ steps: Map<string, number[]>; copies: number }> {
  const messages = await readTopic(config);
  const steps = new Map<string, number[]>();
  let copies = 0;
  for (let partition = 0; partition < config.partitions; partition++) {
    const own = messages
      .filter((message) => message.partition === partition)
      .map(({ decoded }) => {
        if (decoded.kind !== 'batch') throw new Error(`a message is ${decoded.kind}`);
        return decoded;
      });
    const kept = withoutCopies(own, new Map(), (one) => one);
    copies += kept.copies;
    for (const { event } of kept.messages.flatMap(({ batch }) => decodeRunEvents(batch))) {
      if (event.type !== 'step') throw new Error(`an event is ${event.type}`);
      steps.set(event.job, [...(steps.get(event.job) ?? []), event.step]);
    }
  }
  return { steps, copies };
}

describeWithKafka('an outage of the brokers', () => {
  it('loses, doubles and reorders nothing, over kills of the collector and a broker that comes and goes', {
    timeout: 240_000,
  }, async () => {
    const folder = await temporaryFolder();
    const broker = await startKafka();
    onTestFinished(() => broker.stop());
    const config = kafkaConfig(broker.brokers);
    const random = createRandom(5);
    const senders = new Senders();
    const collectors: ReceiverProcess[] = [];
    const start = async () => {
      const collector = new ReceiverProcess('outage-process.ts', [
        folder,
        config.brokers[0] ?? '',
        config.topic,
      ]);
      collectors.push(collector);
      await collector.ready;
      senders.sendTo(collector);
      return collector;
    };
    const killAndStart = async (collector: ReceiverProcess) => {
      senders.sendTo(undefined);
      collector.kill();
      await collector.gone;
      return start();
    };

    let collector = await start();
    await senders.more(50);
    for (let outage = 0; outage < OUTAGES; outage++) {
      await broker.kill(0);
      // The collector goes on to acknowledge without the broker.
      await senders.more(200);
      collector = await killAndStart(collector);
      await senders.more(100);
      const back = broker.restart(0);
      // And dies while it hands on what is on the disk.
      for (let kill = 0; kill < 2; kill++) {
        await sleep(random.uniform() * 3000);
        collector = await killAndStart(collector);
      }
      await back;
      await senders.more(100);
    }
    await senders.stop();
    expect(await collector.leave(), collector.errors).toBe(0);
    for (const { errors } of collectors) expect(errors).toBe('');

    const { steps, copies } = await delivered(config);
    const all = [...steps.values()].flat();
    expect(senders.acknowledged.filter((id) => !all.includes(id))).toEqual([]);
    expect(all.length).toBe(new Set(all).size);
    for (const own of steps.values()) expect(own).toEqual([...own].sort((a, b) => a - b));
    console.info(
      `${OUTAGES} outages, ${collectors.length - 1} kills: ${senders.acknowledged.length} acknowledged, ${all.length} delivered, ${copies} copies left out`,
    );
  });
});
