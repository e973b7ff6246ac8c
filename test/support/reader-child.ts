import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { Delivery } from '../../platform/bus/bus.ts';
import type { KafkaConfig } from '../../platform/bus/kafka/config.ts';
import type { KafkaReaderStats } from '../../platform/bus/kafka/reader.ts';
import type { OffsetRange } from '../../platform/bus/partition-positions.ts';
import { type Fence, Fenced } from '../../platform/fence.ts';
import { testBatch } from './kafka-reader-bench.ts';
import type { MemoryPositions, MemoryTable } from './memory-positions.ts';

export type ReaderCall = 'claim' | 'begin' | 'insert' | 'finish' | 'stats';

export interface ReaderQuestion {
  readonly id: number;
  readonly call: ReaderCall;
  readonly args: readonly unknown[];
}

export interface ReaderAnswer {
  readonly id: number;
  readonly outcome: 'done' | 'fenced' | 'failed';
  readonly value?: unknown;
}

const SCRIPT = fileURLToPath(new URL('./reader-process.ts', import.meta.url));

/** What a test does at one call of the process: `apply` does what the call asks for. What it throws is the answer. */
export type AtCall = (call: ReaderCall, apply: () => Promise<unknown>) => Promise<unknown>;

/** A reader in a process of its own, over positions and tables that are here. */
export class ReaderChild {
  readonly gone: Promise<number | null>;
  stats: KafkaReaderStats | undefined;
  errors = '';
  readonly #child: ChildProcess;
  readonly #positions: MemoryPositions;
  readonly #table: MemoryTable;
  readonly #at: AtCall;

  constructor(
    config: KafkaConfig,
    { positions, table }: { positions: MemoryPositions; table: MemoryTable },
    at: AtCall = (_, apply) => apply(),
  ) {
    this.#positions = positions;
    this.#table = table;
    this.#at = at;
    const child = spawn(process.execPath, ['--import', 'tsx', SCRIPT, JSON.stringify(config)], {
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    this.#child = child;
    child.stderr?.on('data', (bytes) => {
      this.errors += String(bytes);
    });
    child.on('message', (question) => void this.#answer(question as ReaderQuestion));
    this.gone = once(child, 'exit').then(([code]) => code as number | null);
    onTestFinished(() => this.kill());
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.gone;
  }

  suspend(): void {
    this.#child.kill('SIGSTOP');
  }

  resume(): void {
    this.#child.kill('SIGCONT');
  }

  /** Orderly; resolves with the exit code. */
  stop(): Promise<number | null> {
    this.leave();
    return this.gone;
  }

  /** Asks it to stop. */
  leave(): void {
    this.#child.send('stop');
  }

  async #answer({ id, call, args }: ReaderQuestion): Promise<void> {
    if (call === 'stats') {
      this.stats = args[0] as KafkaReaderStats;
      return;
    }
    let answer: ReaderAnswer;
    try {
      answer = { id, outcome: 'done', value: await this.#at(call, () => this.#apply(call, args)) };
    } catch (cause) {
      answer = { id, outcome: cause instanceof Fenced ? 'fenced' : 'failed' };
    }
    if (this.#child.connected) this.#child.send(answer, () => undefined);
  }

  async #apply(call: Exclude<ReaderCall, 'stats'>, args: readonly unknown[]): Promise<unknown> {
    if (call === 'claim') {
      const { fence, position } = await this.#positions.claim(String(args[0]), Number(args[1]));
      return { fence, position: { ...position, sequences: [...position.sequences] } };
    }
    if (call === 'insert') {
      const { ids, ...delivery } = args[0] as Omit<Delivery, 'batches'> & { ids: readonly string[] };
      return this.#table.insert({ ...delivery, batches: ids.map((id) => testBatch(id)) });
    }
    const [fence, range, sequences, ahead] = args as [Fence, OffsetRange, [string, number][], number];
    if (call === 'begin') return this.#positions.begin(fence, range);
    return this.#positions.finish(fence, range, new Map(sequences), ahead);
  }
}
