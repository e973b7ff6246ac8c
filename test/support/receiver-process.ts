import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Send } from './load.ts';

/**
 * A process of a test that acknowledges what it reads, to be killed: a script of this folder that reads a publish a
 * line, `{"id": n, "event": {...}}`, and says `ready`, `ack <id>` and `again`.
 */
export class ReceiverProcess {
  readonly ready: Promise<void>;
  readonly gone: Promise<void>;
  redeliveries = 0;
  errors = '';
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (isAcknowledged: boolean) => void>();

  constructor(script: string, args: readonly string[]) {
    const path = fileURLToPath(new URL(script, import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', path, ...args], { stdio: 'pipe' });
    this.#child = child;
    child.stderr.on('data', (bytes) => {
      this.errors += String(bytes);
    });
    // The pipe of a killed process breaks under what is being written to it.
    child.stdin.on('error', () => {});
    const exit = once(child, 'exit');
    const lines = createInterface({ input: child.stdout });
    this.gone = Promise.all([exit, once(lines, 'close')]).then(() => {
      for (const resolve of this.#waiting.values()) resolve(false);
    });
    this.ready = new Promise((resolve) => {
      lines.on('line', (line) => {
        if (line === 'ready') resolve();
        else if (line === 'again') this.redeliveries += 1;
        else this.#acknowledged(Number(line.slice('ack '.length)));
      });
      void exit.then(() => resolve());
    });
  }

  /** Publishes one line at a time; `publish` gives each publish a number of its own. */
  sender(publish: () => number, onAck: (publish: number) => void): Send {
    return ([line]) => {
      const stdin = this.#child.stdin;
      if (line === undefined || stdin === null || !stdin.writable) return Promise.resolve(false);
      const id = publish();
      stdin.write(`{"id":${id},"event":${line}}\n`);
      return new Promise((resolve) => {
        this.#waiting.set(id, (isAcknowledged) => {
          this.#waiting.delete(id);
          if (isAcknowledged) onAck(id);
          resolve(isAcknowledged);
        });
      });
    };
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Lets it bring everything to the tables and end by itself. */
  async leave(): Promise<number | null> {
    this.#child.stdin?.end();
    await this.gone;
    return this.#child.exitCode;
  }

  #acknowledged(id: number): void {
    const resolve = this.#waiting.get(id);
    if (resolve === undefined) throw new Error(`acknowledged ${id}, which was not sent`);
    resolve(true);
  }
}
