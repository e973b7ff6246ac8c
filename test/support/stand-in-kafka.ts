import { setTimeout as sleep } from 'node:timers/promises';
import { type Batch, BusRefused } from '../../platform/bus/bus.ts';
import { withoutCopies } from '../../platform/bus/kafka/copies.ts';
import { BatchesTooLarge } from '../../platform/bus/kafka/outstanding.ts';
import { partitionOf } from '../../platform/bus/kafka/partitioner.ts';
import type { PreparedBatch } from '../../platform/bus/kafka/prepared.ts';
import type { PreparedWriter } from '../../platform/bus/outage-writer.ts';

export const PARTITIONS = 3;

/** The logs of a topic, as brokers keep them over any number of writers. */
export class StandInTopic {
  readonly logs: PreparedBatch[][] = Array.from({ length: PARTITIONS }, () => []);
  state: 'here' | 'away' = 'here';
  /** Takes the next request and does not say so. */
  loseAnswers = 0;
  /** Takes of the next request what goes into its first partition, and says nothing. */
  loseParts = 0;
  refuseForGood: ReadonlySet<string> = new Set();

  /** What a reader makes of the logs: copies left out. */
  delivered(): PreparedBatch[] {
    return this.logs.flatMap((log) => withoutCopies(log, new Map(), (one) => one).messages);
  }
}

interface Waiting {
  readonly prepared: readonly PreparedBatch[];
  readonly resolve: () => void;
  readonly reject: (cause: Error) => void;
}

/** The order of things of the Kafka writer without the brokers: one request at a time, and all fail when one does. */
export class StandInWriter implements PreparedWriter {
  readonly #topic: StandInTopic;
  readonly #producer: string;
  readonly #timeout_ms: number;
  readonly #next = new Map<number, number>();
  #waiting: Waiting[] = [];
  #running = false;
  /** Calls of `send`. */
  sends = 0;

  constructor(topic: StandInTopic, producer: string, timeout_ms = 20) {
    this.#topic = topic;
    this.#producer = producer;
    this.#timeout_ms = timeout_ms;
  }

  prepare(batches: readonly Batch[]): PreparedBatch[] {
    return batches.map((batch) => {
      const partition = partitionOf(batch.key, PARTITIONS);
      const sequence = this.#next.get(partition) ?? 0;
      this.#next.set(partition, sequence + 1);
      return { batch, partition, producer: this.#producer, sequence };
    });
  }

  send(prepared: readonly PreparedBatch[]): Promise<void> {
    this.sends += 1;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ prepared, resolve, reject });
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      await sleep(this.#topic.state === 'here' ? 0 : this.#timeout_ms);
      if (this.#topic.state === 'away') this.#refuseAll();
      else this.#take(next);
    }
    this.#running = false;
  }

  #take(next: Waiting): void {
    const topic = this.#topic;
    const bad = next.prepared.find(({ batch }) => topic.refuseForGood.has(batch.id));
    const part = topic.loseParts > 0 ? next.prepared[0]?.partition : null;
    for (const one of next.prepared) {
      const partition = one.partition ?? partitionOf(one.batch.key, PARTITIONS);
      if (one !== bad && (part === null || partition === part)) topic.logs[partition]?.push(one);
    }
    if (bad !== undefined) {
      this.#waiting.shift();
      next.reject(new BatchesTooLarge([bad.batch], 'too large'));
      return;
    }
    if (part !== null) topic.loseParts -= 1;
    if (topic.loseAnswers > 0 || part !== null) {
      topic.loseAnswers = Math.max(0, topic.loseAnswers - 1);
      this.#refuseAll();
      return;
    }
    this.#waiting.shift();
    next.resolve();
  }

  #refuseAll(): void {
    for (const { reject } of this.#waiting.splice(0)) {
      reject(new BusRefused('unreachable', 'the brokers are away', { retryable: true }));
    }
  }
}
