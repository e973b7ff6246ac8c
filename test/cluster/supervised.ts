import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { hasProgram } from '../support/loopback.ts';

export interface SupervisedOptions {
  readonly name: string;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Each line that it writes to standard error. */
  readonly said: (line: string) => void;
  /** Started again after this long, doubled with each start that did not get as far as listening. */
  readonly again_after_ms: number;
  readonly again_after_max_ms: number;
}

/**
 * A process that is started again whenever it ends, until it is stopped. A terminal's Ctrl-C does not reach it: whoever
 * stops all of them does so in order.
 */
export class Supervised {
  readonly name: string;
  /** Ends that nobody asked for. */
  ends = 0;
  readonly #options: SupervisedOptions;
  #child: ChildProcess | undefined;
  #again: NodeJS.Timeout | undefined;
  #pause_ms: number;
  #isStopping = false;
  #url: string | undefined;
  #last = '';

  constructor(options: SupervisedOptions) {
    this.name = options.name;
    this.#options = options;
    this.#pause_ms = options.again_after_ms;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Where it listens; undefined while it does not. */
  get url(): string | undefined {
    return this.#url;
  }

  /** Resolves with where it listens; rejects when its first start ends before. */
  async start(): Promise<string> {
    const child = this.#launch();
    const listening = new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        const url = /"url": ?"([^"]+)"|listening on (\S+)/.exec(line)?.slice(1).find(Boolean);
        if (url === undefined) return;
        this.#url = url;
        this.#pause_ms = this.#options.again_after_ms;
        resolve(url);
      });
      child.once('exit', () => reject(new Error(`${this.name} ended before it listened: ${this.#last}`)));
    });
    child.once('exit', (code, signal) => this.#ended(child, code ?? signal));
    return await listening;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Orderly, then by force; resolves with how it ended. */
  async stop(limit_ms: number): Promise<number | string | null> {
    this.#isStopping = true;
    clearTimeout(this.#again);
    const child = this.#child;
    if (child === undefined) return null;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), limit_ms);
    await gone;
    clearTimeout(timer);
    return child.exitCode ?? child.signalCode;
  }

  #launch() {
    const { command, environment, said } = this.#options;
    const under = hasProgram('setpriv') ? ['setpriv', '--pdeathsig', 'KILL', ...command] : [...command];
    const [program = '', ...args] = under;
    const env = { ...process.env, ...environment };
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, env });
    this.#child = child;
    createInterface({ input: child.stderr }).on('line', (line) => {
      this.#last = line;
      said(line);
    });
    return child;
  }

  #ended(child: ChildProcess, how: number | string | null): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    this.#url = undefined;
    if (this.#isStopping) return;
    this.ends += 1;
    this.#options.said(`ended with ${how}; it is started again in ${this.#pause_ms} ms`);
    this.#again = setTimeout(() => void this.start().catch(() => undefined), this.#pause_ms);
    this.#pause_ms = Math.min(this.#pause_ms * 2, this.#options.again_after_max_ms);
  }
}
