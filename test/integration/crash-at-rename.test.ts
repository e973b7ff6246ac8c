import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../../platform/log.ts';
import { STORE_DEFAULTS } from '../../platform/store/config.ts';
import { openEmbeddedStore } from '../../platform/store/embedded.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const SCRIPT = fileURLToPath(new URL('../support/ingest-process.ts', import.meta.url));
const KILLS = 6;
/** Publishes under way at a time. */
const WINDOW = 20;

function publish(child: ChildProcess, id: number): void {
  const event = { type: 'step', job: 'j', step: id, start_us: 1_700_000_000_000_000 + id };
  child.stdin?.write(`${JSON.stringify({ id, event })}\n`);
}

function start(folder: string): ChildProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', SCRIPT, folder], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  // the kill may fall between two writes
  child.stdin?.on('error', () => {});
  return child;
}

/** Kills the process at the next rename of whichever thread comes first. */
function killAtRename(pid: number): ChildProcess {
  const inject = 'inject=rename,renameat,renameat2:signal=KILL:when=1';
  const trace = 'trace=rename,renameat,renameat2';
  return spawn('strace', ['-f', '-o', '/dev/null', '-p', `${pid}`, '-e', trace, '-e', inject], {
    stdio: 'ignore',
  });
}

/** Publishes without end, and is killed at a rename after `kill_after` acknowledgements; returns what was acknowledged. */
async function killedUnderLoad(folder: string, kill_after: number): Promise<number[]> {
  const child = start(folder);
  const gone = once(child, 'close');
  const acknowledged: number[] = [];
  let next = 0;
  let tracer: ChildProcess | undefined;
  for await (const line of createInterface({ input: child.stdout ?? Readable.from([]) })) {
    if (line === 'ready') while (next < WINDOW) publish(child, next++);
    if (!line.startsWith('ack ')) continue;
    acknowledged.push(Number(line.slice(4)));
    publish(child, next++);
    if (acknowledged.length >= kill_after) tracer ??= killAtRename(child.pid ?? 0);
  }
  const [, signal] = await gone;
  tracer?.kill();
  expect(signal).toBe('SIGKILL');
  return acknowledged;
}

async function bringToTheTables(folder: string): Promise<void> {
  const child = start(folder);
  child.stdin?.end();
  child.stdout?.resume();
  expect(await once(child, 'close')).toEqual([0, null]);
}

/** Whether processes may be attached to here. */
function canAttach(): boolean {
  const sleeper = spawn('sleep', ['20'], { stdio: 'ignore' });
  try {
    const args = ['-o', '/dev/null', '-e', 'trace=none', '-p', `${sleeper.pid}`];
    // it would trace until the sleeper ends: being stopped by the time limit is the good case
    return spawnSync('strace', args, { timeout: 300, killSignal: 'SIGTERM' }).status !== 1;
  } finally {
    sleeper.kill();
  }
}
const canTrace = spawnSync('strace', ['-V']).status === 0 && canAttach();

/** Stored copies of each acknowledged publish, by table. */
async function storedIn(folder: string): Promise<ReadonlyMap<number, number>[]> {
  const store = await openEmbeddedStore(join(folder, 'store'), STORE_DEFAULTS, silentLog);
  const points = await store.query<{ id: number; copies: number }>(
    'SELECT value AS id, count() AS copies FROM series_points GROUP BY id',
  );
  const events = await store.query<{ id: number; copies: number }>(
    `SELECT JSONExtractInt(body, 'step') AS id, count() AS copies FROM run_events GROUP BY id`,
  );
  await store.close();
  return [points, events].map((rows) => new Map(rows.map(({ id, copies }) => [id, copies])));
}

const NAME = 'a kill between the token of an insert and its rows';

/** The engine notes an insert's token and then renames the part into place. Random kills seldom fall between the two. */
describe.skipIf(!canTrace)(canTrace ? NAME : `${NAME} [skipped: no strace here]`, () => {
  it('loses and doubles nothing', { timeout: 180_000 }, async () => {
    for (let kill = 0; kill < KILLS; kill++) {
      const folder = await temporaryFolder();
      const acknowledged = await killedUnderLoad(folder, 1 + kill * 37);
      await bringToTheTables(folder);
      for (const copies of await storedIn(folder)) {
        expect(acknowledged.filter((id) => copies.get(id) !== 1)).toEqual([]);
        expect([...copies.values()].filter((count) => count !== 1)).toEqual([]);
      }
    }
  });
});
