import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ports that systems give to connections (from 32768 on Linux, 49152 elsewhere). */
const PORTS = { first: 15_000, last: 32_000 } as const;

/**
 * A free loopback port: bound once and let go, so that a server which wants a number can be given one. None of those that
 * connections get by themselves: a broker takes seconds until it listens, and then one of a thousand has it.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = randomInt(PORTS.first, PORTS.last);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
  throw new Error('no free loopback port found');
}

/** Whether a program is installed here; tests that need it say so and are skipped where it is not. */
export function hasProgram(name: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;
}

export interface RunningProgram {
  /** What it printed so far, both streams: shown when readiness never comes. */
  output(): string;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

export function startProgram(command: string, args: readonly string[]): RunningProgram {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => chunks.push(String(bytes)));
  return {
    output: () => chunks.join(''),
    process: child,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
      await gone;
      clearTimeout(timer);
    },
  };
}

/** Asks again until `probe` gives a value, or fails after `limit_ms` with what `describe` says. */
export async function eventually<T>(
  probe: () => Promise<T | undefined> | T | undefined,
  { limit_ms = 60_000, every_ms = 100, describe = () => 'nothing' }: EventuallyOptions = {},
): Promise<T> {
  const end = Date.now() + limit_ms;
  let reason = '';
  for (;;) {
    try {
      const value = await probe();
      if (value !== undefined) return value;
    } catch (error) {
      reason = String(error);
    }
    if (Date.now() > end) throw new Error(`did not come about in ${limit_ms} ms (${reason}): ${describe()}`);
    await new Promise((resolve) => setTimeout(resolve, every_ms));
  }
}

export interface EventuallyOptions {
  readonly limit_ms?: number;
  readonly every_ms?: number;
  readonly describe?: () => string;
}

/** Resolves when a GET of `url` answers 200. */
export function answers(url: string, program: RunningProgram): Promise<true> {
  return eventually(
    async () => {
      const response = await fetch(url);
      return response.ok ? true : undefined;
    },
    { limit_ms: 30_000, describe: () => `${url}\n${program.output()}` },
  );
}
