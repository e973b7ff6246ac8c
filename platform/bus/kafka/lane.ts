import { setTimeout as pause } from 'node:timers/promises';
import { brokerErrorType } from './client.ts';
import { RECORD_BATCH_BYTES } from './message.ts';
import type { OutstandingCall } from './outstanding.ts';
import type { PreparedBatch } from './prepared.ts';
import type { KafkaWriterConfig } from './writer-config.ts';

export interface LaneEntry {
  readonly call: OutstandingCall;
  readonly prepared: PreparedBatch;
  /** In a record batch, at most. */
  readonly bytes: number;
}

export interface LaneHooks {
  /** One request with these messages, in this order. Resolves when the partition has them. */
  send(entries: readonly LaneEntry[]): Promise<void>;
  /** The brokers will never take this one. */
  tooLarge(entry: LaneEntry): void;
  /** Of a record batch. */
  message_bytes_max(): number;
}

type LaneConfig = Pick<
  KafkaWriterConfig,
  'linger_ms' | 'linger_bytes' | 'messages_per_send_max' | 'retry_first_s' | 'retry_max_s'
>;

/**
 * What waits for one partition, and its one request under way. A request holds what has come in order since the last
 * one, and when it fails the same is sent again before anything later: so the first copies of a producer's messages are
 * in the partition in the order of their numbers, whatever a client or a broker does to a request.
 */
export class Lane {
  readonly #config: LaneConfig;
  readonly #hooks: LaneHooks;
  #waiting: LaneEntry[] = [];
  #bytes = 0;
  #running: Promise<void> | undefined;
  /** Ends the linger. */
  #wake: (() => void) | undefined;
  #messages_max: number;
  readonly #stopped = new AbortController();

  constructor(config: LaneConfig, hooks: LaneHooks) {
    this.#config = config;
    this.#hooks = hooks;
    this.#messages_max = config.messages_per_send_max;
  }

  push(entry: LaneEntry): void {
    this.#waiting.push(entry);
    this.#bytes += entry.bytes;
    if (this.#bytes >= this.#config.linger_bytes) this.#wake?.();
    this.#running ??= this.#run();
  }

  /** Lets go of what nobody waits for. */
  purge(): void {
    this.#waiting = this.#waiting.filter(({ call }) => !call.settled);
    this.#bytes = this.#waiting.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Resolves when the request under way has ended; nothing is sent after that. */
  async stop(): Promise<void> {
    this.#waiting = [];
    this.#stopped.abort();
    this.#wake?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    await this.#linger();
    let retry_s = this.#config.retry_first_s;
    while (!this.#stopped.signal.aborted) {
      const group = this.#nextGroup();
      if (group.length === 0) break;
      try {
        await this.#hooks.send(group);
        retry_s = this.#config.retry_first_s;
        this.#messages_max = this.#config.messages_per_send_max;
      } catch (cause) {
        if (this.#giveBack(group, cause)) continue;
        await pause(retry_s * 1000, undefined, { signal: this.#stopped.signal }).catch(() => undefined);
        retry_s = Math.min(retry_s * 2, this.#config.retry_max_s);
      }
    }
    this.#running = undefined;
  }

  /** Puts what failed back to the front. True when it is worth trying at once, in another cut. */
  #giveBack(group: readonly LaneEntry[], cause: unknown): boolean {
    const [first] = group;
    const exceeds = isTooLarge(cause);
    if (exceeds && group.length === 1 && first !== undefined) {
      if (!first.call.settled) this.#hooks.tooLarge(first);
      return true;
    }
    const unsettled = group.filter(({ call }) => !call.settled);
    this.#waiting = [...unsettled, ...this.#waiting];
    this.#bytes += unsettled.reduce((sum, { bytes }) => sum + bytes, 0);
    if (exceeds) this.#messages_max = Math.ceil(group.length / 2);
    return exceeds;
  }

  async #linger(): Promise<void> {
    if (this.#bytes >= this.#config.linger_bytes) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#config.linger_ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }

  /** From the front, within the limits of one record batch: the broker's limit is on that, not on a message. */
  #nextGroup(): LaneEntry[] {
    const group: LaneEntry[] = [];
    let bytes = RECORD_BATCH_BYTES;
    let taken = 0;
    const message_bytes_max = this.#hooks.message_bytes_max();
    for (const entry of this.#waiting) {
      const isFull = group.length >= this.#messages_max || bytes + entry.bytes > message_bytes_max;
      if (isFull && group.length > 0) break;
      taken += 1;
      this.#bytes -= entry.bytes;
      if (entry.call.settled) continue;
      group.push(entry);
      bytes += entry.bytes;
    }
    this.#waiting.splice(0, taken);
    return group;
  }
}

function isTooLarge(cause: unknown): boolean {
  const type = brokerErrorType(cause);
  return type === 'MESSAGE_TOO_LARGE' || type === 'RECORD_LIST_TOO_LARGE';
}
