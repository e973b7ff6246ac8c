import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../../log.ts';
import type { DeadLetterConfig } from '../dead-letter-folder.ts';
import {
  type DeadLetter,
  type DeadLetterBox,
  type DeadLetterCode,
  type DeadLetterNote,
  type DeadLetterOrigin,
  type DeadLetterReason,
  type DeadLetters,
  NoSuchLetter,
  nameOf,
} from '../dead-letters.ts';
import type { KafkaClient } from './client.ts';
import type { KafkaConfig } from './config.ts';
import { type LetterMessage, LetterReader, letterMessages, replayedMessage } from './dead-letter-message.ts';
import { TamedProducer } from './producer.ts';
import { readToEnd } from './read-to-end.ts';
import { ensureTopic, type Topic } from './topic.ts';

export interface DeadLetterTopicOptions {
  readonly client: KafkaClient;
  readonly config: KafkaConfig;
  readonly retention_hours: DeadLetterConfig['retention_hours'];
  readonly log: Log;
  readonly now_ms?: () => number;
}

export interface DeadLetterTopic extends DeadLetters, DeadLetterBox {
  close(): Promise<void>;
}

/** What is left of a message's limit for its value: key, headers and the record batch around it. */
const OVERHEAD_BYTES = 1024;
/** Letters remembered so that one that is put again is not counted again. */
const REMEMBERED_MAX = 10_000;

/** Where the letters of a topic go. */
export function deadLetterTopicOf(topic: string): string {
  return `${topic}.dead-letter`;
}

/**
 * Dead letters in a topic of their own, of one partition, which is made with the first of them. `put` resolves when all
 * in-sync replicas have the letter, so the position behind its message moves only then. Returns at once; brokers are
 * asked when there is something to ask.
 */
export function openDeadLetterTopic(options: DeadLetterTopicOptions): DeadLetterTopic {
  return new OpenDeadLetterTopic(options);
}

class OpenDeadLetterTopic implements DeadLetterTopic {
  readonly counts = new Map<DeadLetterCode, number>();
  readonly #options: DeadLetterTopicOptions;
  readonly #name: string;
  readonly #producer: TamedProducer;
  readonly #now_ms: () => number;
  readonly #remembered = new Set<string>();
  #topic: Topic | undefined;

  constructor(options: DeadLetterTopicOptions) {
    const { client, config, log, now_ms = Date.now } = options;
    this.#options = options;
    this.#name = deadLetterTopicOf(config.topic);
    this.#producer = new TamedProducer(client, this.#name, config.writer.request_timeout_s, log);
    this.#now_ms = now_ms;
  }

  async put(letter: DeadLetter, reason: DeadLetterReason, origin: DeadLetterOrigin = {}): Promise<void> {
    const { body, id, kind, schemaVersion, key, rows } = letter;
    const note: DeadLetterNote = {
      ...{ name: nameOf(letter), id, kind, schemaVersion, key, rows, bytes: body.length, reason, origin },
      ...{ put_at_ms: this.#now_ms(), replays: 0, replayed_at_ms: null },
    };
    const { message_bytes_max } = await this.#madeTopic();
    const messages = letterMessages(note, body, randomUUID(), message_bytes_max - OVERHEAD_BYTES);
    // The limit of a topic is on what is sent at a time.
    for (const message of messages) await this.#send(message);
    this.#count(note);
  }

  async list(): Promise<DeadLetterNote[]> {
    return (await this.#read()).notes;
  }

  async read(name: string): Promise<{ note: DeadLetterNote; body: Uint8Array }> {
    const reader = await this.#read(name);
    const note = reader.notes.find((one) => one.name === name);
    if (note === undefined || reader.body === undefined) throw new NoSuchLetter(name);
    return { note, body: reader.body };
  }

  async replayed(note: DeadLetterNote): Promise<void> {
    await this.#madeTopic();
    await this.#send(replayedMessage(note, this.#now_ms()));
  }

  async close(): Promise<void> {
    await this.#producer.close();
  }

  async #read(wanted?: string): Promise<LetterReader> {
    const reader = new LetterReader(wanted);
    await readToEnd(this.#options.client, this.#name, (message) => reader.take(message));
    return reader;
  }

  async #madeTopic(): Promise<Topic> {
    const { client, config, retention_hours, log } = this.#options;
    const wanted = { ...config, topic: this.#name, partitions: 1, retention_hours };
    this.#topic ??= await this.#inTime(() => ensureTopic(client, wanted, log));
    return this.#topic;
  }

  async #send(message: LetterMessage): Promise<void> {
    await this.#inTime(async () => {
      try {
        await this.#producer.send(0, [message]);
      } catch (cause) {
        // The next try is not to be held up by a connection that leads nowhere.
        this.#producer.renew();
        throw cause;
      }
    });
  }

  /** Tries for as long as a batch may take: a topic that is new, or moves, is known to nobody for a moment. */
  async #inTime<T>(work: () => Promise<T>): Promise<T> {
    const { publish_timeout_s, retry_first_s } = this.#options.config.writer;
    const end_ms = performance.now() + publish_timeout_s * 1000;
    for (;;) {
      try {
        return await work();
      } catch (cause) {
        if (performance.now() > end_ms) throw cause;
      }
      await pause(retry_first_s * 1000);
    }
  }

  #count({ name, reason }: DeadLetterNote): void {
    if (this.#remembered.has(name)) return;
    if (this.#remembered.size >= REMEMBERED_MAX) this.#remembered.clear();
    this.#remembered.add(name);
    this.counts.set(reason.code, (this.counts.get(reason.code) ?? 0) + 1);
  }
}
