import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { hasProgram } from '../support/loopback.ts';

/** One process of a drill, to be killed; gone at the latest with the drill's own process. */
export class DrillProcess {
  /** Where it listens; null when it was gone before it listened. */
  readonly url: Promise<string | null>;
  /** Resolves when it is gone and every line of its log was read. */
  readonly gone: Promise<void>;
  readonly #child: ChildProcess;

  /** `read` is given each line of its log, which is on standard error. */
  constructor(command: readonly string[], read: (line: string) => void) {
    const [program = '', ...args] = command;
    const under = hasProgram('setpriv') ? ['setpriv', '--pdeathsig', 'KILL'] : [];
    const [first = program, ...rest] = [...under, program, ...args];
    this.#child = spawn(first, rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, HEADWAY__LOG_LEVEL: 'info' },
    });
    const { stdout, stderr } = this.#child;
    if (stdout === null || stderr === null) throw new Error('the process has no pipes');
    const exit = once(this.#child, 'exit');
    const answers = createInterface({ input: stdout });
    const log = createInterface({ input: stderr });
    log.on('line', read);
    this.gone = Promise.all([exit, once(log, 'close')]).then(() => {});
    this.url = new Promise((resolve) => {
      answers.on('line', (line) => {
        const found = /"url": ?"([^"]+)"|listening on (\S+)/.exec(line);
        const url = found?.[1] ?? found?.[2];
        if (url !== undefined) resolve(url);
      });
      void exit.then(() => resolve(null));
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** How it ended: its exit code, or the signal. */
  get end(): number | string | null {
    return this.#child.exitCode ?? this.#child.signalCode;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  kill(): void {
    this.signal('SIGKILL');
  }

  /** Orderly: what it acknowledged stays, in the spool or in the tables. */
  async stop(): Promise<number | string | null> {
    this.signal('SIGTERM');
    await this.gone;
    return this.end;
  }
}
