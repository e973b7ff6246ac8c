import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const HEADWAY = fileURLToPath(new URL('../../bin/headway.js', import.meta.url));

/** One `headway start` of a drill, to be killed. */
export class ProductProcess {
  /** Where it listens; null when it was gone before it listened. */
  readonly url: Promise<string | null>;
  readonly gone: Promise<void>;
  /** Deliveries of an earlier process that this one handed out again. */
  repeated = 0;
  /** What it said that a kill does not explain. */
  readonly complaints: string[] = [];
  readonly #child: ChildProcess;

  constructor(args: readonly string[]) {
    this.#child = spawn(process.execPath, [HEADWAY, 'start', '--json', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, HEADWAY__LOG_LEVEL: 'info' },
    });
    const { stdout, stderr } = this.#child;
    if (stdout === null || stderr === null) throw new Error('the process has no pipes');
    const exit = once(this.#child, 'exit');
    const answers = createInterface({ input: stdout });
    const log = createInterface({ input: stderr });
    log.on('line', (line) => this.#read(line));
    this.gone = Promise.all([exit, once(log, 'close')]).then(() => {});
    this.url = new Promise((resolve) => {
      answers.on('line', (line) => {
        const url = /"url": "([^"]+)"/.exec(line)?.[1];
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

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Orderly: what it acknowledged stays, in the spool or in the tables. */
  async stop(): Promise<number | string | null> {
    this.#child.kill('SIGTERM');
    await this.gone;
    return this.end;
  }

  #read(line: string): void {
    if (line.includes('an earlier process had begun')) this.repeated += 1;
    if (/"level":"error"|delivery failed|Error:/.test(line)) this.complaints.push(line);
  }
}
