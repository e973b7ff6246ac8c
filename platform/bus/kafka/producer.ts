import type { Log } from '../../log.ts';
import type { KafkaClient, KafkaProducer, RecordMetadata, SentMessage } from './client.ts';

/** The partition may or may not have the messages: what came back does not say. */
export class NotAcknowledged extends Error {
  constructor(partition: number, answer: string) {
    super(`the client reported success and did not name partition ${partition} with an offset: ${answer}`);
    this.name = 'NotAcknowledged';
  }
}

/**
 * The client's producer, tamed. It reports success for messages that it never stored: when a leader dies under a
 * request, its retry leaves out every broker that has answered already, and with them the partitions that have moved
 * there. So it never retries here (whoever calls does), a request is for one partition, and success is an answer that
 * names that partition with an offset. Not idempotent: that mode takes numbers back after an error and gives them to
 * other messages, which the broker then drops as copies.
 */
export class TamedProducer {
  readonly #client: KafkaClient;
  readonly #topic: string;
  readonly #timeout_ms: number;
  readonly #log: Log;
  #current: Connection | undefined;

  constructor(client: KafkaClient, topic: string, timeout_s: number, log: Log) {
    this.#client = client;
    this.#topic = topic;
    this.#timeout_ms = timeout_s * 1000;
    this.#log = log;
  }

  /** Resolves when all in-sync replicas of the partition have the messages, in this order. Rejects when that is not known. */
  async send(partition: number, messages: readonly SentMessage[]): Promise<void> {
    this.#current ??= this.#connect();
    const connection = this.#current;
    connection.requests += 1;
    try {
      const results = await this.#inTime(this.#send(connection, partition, messages));
      const named = results.find(
        (result) => result.topicName === this.#topic && result.partition === partition,
      );
      if (named?.errorCode !== 0 || !/^\d+$/.test(named.baseOffset ?? '')) {
        // It does not know the partition, and would ask again only after minutes.
        if (this.#current === connection) this.renew();
        throw new NotAcknowledged(partition, JSON.stringify(results));
      }
    } finally {
      connection.requests -= 1;
      if (connection !== this.#current && connection.requests === 0) void this.#disconnect(connection);
    }
  }

  /** The next request goes over new connections, and asks anew who leads; those under way end on the old ones. */
  renew(): void {
    const old = this.#current;
    this.#current = undefined;
    if (old?.requests === 0) void this.#disconnect(old);
  }

  /** What is under way is cut. */
  async close(): Promise<void> {
    const last = this.#current;
    this.#current = undefined;
    if (last !== undefined) await this.#disconnect(last);
  }

  async #send(
    connection: Connection,
    partition: number,
    messages: readonly SentMessage[],
  ): Promise<RecordMetadata[]> {
    const producer = await connection.producer;
    return await producer.send({
      topic: this.#topic,
      acks: -1,
      timeout: this.#timeout_ms,
      messages: messages.map((message) => ({ ...message, partition })),
    });
  }

  /** The client has its own limit for an answer; this one is for the promise itself, connecting included. */
  async #inTime<T>(promise: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('the client gave no answer in time')), 2 * this.#timeout_ms);
    });
    try {
      return await Promise.race([promise, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #connect(): Connection {
    const producer = this.#client.producer({
      allowAutoTopicCreation: false,
      idempotent: false,
      retry: { retries: 0 },
      createPartitioner: () => ownPartition,
    });
    const connected = producer.connect().then(() => producer);
    const connection: Connection = { producer: connected, requests: 0 };
    connected.catch(() => {
      if (this.#current === connection) this.#current = undefined;
    });
    return connection;
  }

  async #disconnect({ producer }: Connection): Promise<void> {
    try {
      await (await producer).disconnect();
    } catch (cause) {
      this.#log.debug('kafka producer did not disconnect in order', { problem: String(cause) });
    }
  }
}

interface Connection {
  readonly producer: Promise<KafkaProducer>;
  /** Under way. */
  requests: number;
}

function ownPartition({ message }: { readonly message: SentMessage }): number {
  if (message.partition === undefined) throw new TypeError('a message without a partition');
  return message.partition;
}
