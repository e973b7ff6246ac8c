import type { KafkaAdmin } from './client.ts';
import type { LogEnds } from './log-start.ts';

export type EndsByPartition = ReadonlyMap<number, LogEnds>;

/** The ends of all partitions of a topic. */
export class TopicEnds {
  readonly #ask: () => Promise<EndsByPartition>;
  #running: Promise<EndsByPartition> | undefined;
  #waiting: Promise<EndsByPartition> | undefined;

  constructor(ask: () => Promise<EndsByPartition>) {
    this.#ask = ask;
  }

  /** As they are at some instant after the call: calls share a question, but never one that was put before. */
  read(): Promise<EndsByPartition> {
    if (this.#running === undefined) return this.#start();
    this.#waiting ??= this.#running.then(
      () => this.#start(),
      () => this.#start(),
    );
    return this.#waiting;
  }

  #start(): Promise<EndsByPartition> {
    this.#waiting = undefined;
    const running = this.#ask().finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }
}

/** Asks the brokers. Throws when one that leads a partition does not answer. */
export async function askTopicEnds(admin: KafkaAdmin, topic: string): Promise<EndsByPartition> {
  const partitions = await admin.fetchTopicOffsets(topic);
  return new Map(
    partitions.map(({ partition, low, high }) => [partition, { low: Number(low), high: Number(high) }]),
  );
}
