import { createWriteStream } from 'node:fs';
import { DrillProcess } from './drill-process.ts';

/** What the members of a drill said in their logs: message to how often. */
export class Sayings {
  readonly counts = new Map<string, number>();
  /** Of each message of level error the first lines. */
  readonly errors = new Map<string, string>();

  read(member: string, line: string): void {
    const record = parse(line);
    if (record === null) {
      if (/Error|^\s+at /.test(line)) this.#note(`${member}: ${line.trim()}`, line);
      return;
    }
    const { level, message } = record;
    const text = level === 'info' ? message : withCause(record);
    this.counts.set(text, (this.counts.get(text) ?? 0) + 1);
    if (level === 'error' && !this.errors.has(message)) this.errors.set(message, `${member}: ${line}`);
  }

  /** How often messages that begin so were logged. */
  of(message: string): number {
    return [...this.counts].reduce((sum, [text, count]) => sum + (text.startsWith(message) ? count : 0), 0);
  }

  #note(text: string, line: string): void {
    if (this.errors.size < ERRORS_KEPT) this.errors.set(text, line);
  }
}

/** A process that is started again whenever it ends, as a supervisor would. */
export class Member {
  readonly name: string;
  /** Nothing else is to be done to it now. */
  isBusy = false;
  /** Ends that nobody asked for. */
  readonly ownEnds: string[] = [];
  starts = 0;
  readonly #command: () => readonly string[];
  readonly #sayings: Sayings;
  readonly #logFile: string;
  readonly #last: string[] = [];
  #process: DrillProcess | null = null;
  #url: string | null = null;
  #isWanted = false;
  /** A start that is under way gives up when another order came. */
  #orders = 0;

  /** `logFile`: where everything that it says is kept. */
  constructor(name: string, sayings: Sayings, logFile: string, command: () => readonly string[]) {
    this.name = name;
    this.#sayings = sayings;
    this.#logFile = logFile;
    this.#command = command;
  }

  /** Where it listens; null while it does not. */
  get url(): string | null {
    return this.#url;
  }

  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  /** The last lines of its log. */
  get last(): string {
    return this.#last.join('\n');
  }

  /** Resolves with where it listens. A start that fails is tried again, as long as it is wanted. */
  async start(): Promise<void> {
    this.#isWanted = true;
    const order = ++this.#orders;
    for (let tries = 1; order === this.#orders; tries++) {
      if (await this.#launch()) return;
      if (tries === STARTS_MAX) throw new Error(`${this.name} does not start:\n${this.last}`);
    }
  }

  async kill(): Promise<void> {
    await this.#endBy('SIGKILL');
  }

  /** Orderly; one that does not end in time is killed, and counted among its own ends. */
  async stop(): Promise<void> {
    const process = this.#process;
    if (process === null) return;
    const limit = setTimeout(() => {
      this.ownEnds.push(`did not stop within ${STOP_LIMIT_MS} ms`);
      process.kill();
    }, STOP_LIMIT_MS);
    await this.#endBy('SIGTERM');
    clearTimeout(limit);
    const { end } = process;
    if (end !== 0 && end !== 'SIGKILL') this.ownEnds.push(`stopped with ${end}`);
  }

  suspend(): void {
    this.#process?.signal('SIGSTOP');
  }

  resume(): void {
    this.#process?.signal('SIGCONT');
  }

  async #launch(): Promise<boolean> {
    this.starts += 1;
    const log = createWriteStream(this.#logFile, { flags: 'a' });
    const process = new DrillProcess(this.#command(), (line) => {
      log.write(`${line}\n`);
      this.#sayings.read(this.name, line);
      this.#last.push(line);
      if (this.#last.length > LINES_KEPT) this.#last.shift();
    });
    this.#process = process;
    void process.gone.then(() => {
      log.end();
      this.#ended(process);
    });
    this.#url = await process.url;
    return this.#url !== null;
  }

  #ended(process: DrillProcess): void {
    if (this.#process !== process) return;
    this.#process = null;
    this.#url = null;
    if (!this.#isWanted) return;
    this.ownEnds.push(`ended with ${process.end}: ${this.#last.at(-1) ?? ''}`);
    // a start that is under way notices by itself
    setTimeout(() => {
      if (this.#isWanted && this.#process === null) void this.start().catch(() => undefined);
    }, OWN_END_PAUSE_MS);
  }

  async #endBy(signal: NodeJS.Signals): Promise<void> {
    this.#isWanted = false;
    this.#orders += 1;
    const process = this.#process;
    if (process === null) return;
    this.#url = null;
    process.signal(signal);
    await process.gone;
  }
}

interface LogRecord {
  readonly level: string;
  readonly message: string;
  readonly problem?: unknown;
  readonly error?: unknown;
}

/** The same for every number and address, so that one cause is counted once. */
function withCause({ message, problem, error = problem }: LogRecord): string {
  if (error === undefined) return message;
  const text = typeof error === 'string' ? error : JSON.stringify(error);
  return `${message}: ${text.replace(/\d[\d.:]*/g, 'N').slice(0, 120)}`;
}

function parse(line: string): LogRecord | null {
  if (!line.startsWith('{')) return null;
  try {
    return JSON.parse(line) as LogRecord;
  } catch {
    return null;
  }
}

const ERRORS_KEPT = 50;
const LINES_KEPT = 40;
const STARTS_MAX = 20;
const STOP_LIMIT_MS = 30_000;
const OWN_END_PAUSE_MS = 300;
