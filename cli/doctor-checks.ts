import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { lockHolder } from '../platform/store/lock-holder.ts';
import type { HeadwayConfig } from '../services/all-in-one/config.ts';

export interface DoctorCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  /** What to do; null where nothing is wrong. */
  readonly mend: string | null;
}

export const fine = (name: string, detail: string): DoctorCheck => ({ name, ok: true, detail, mend: null });
export const problem = (name: string, detail: string, mend: string): DoctorCheck => ({
  name,
  ok: false,
  detail,
  mend,
});

const PACKAGE = new URL('../package.json', import.meta.url);

export function checkNode(version: string = process.versions.node): DoctorCheck {
  const { engines } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { engines: { node: string } };
  const wanted = engines.node.replace(/^>=/, '');
  if (compareVersions(version, wanted) >= 0) return fine('node', `${version}, at least ${wanted} is needed`);
  return problem(
    'node',
    `${version} is older than ${wanted}`,
    'Install a newer Node.js (https://nodejs.org).',
  );
}

function compareVersions(a: string, b: string): number {
  const parts = (text: string) => text.split('.').map((part) => Number.parseInt(part, 10));
  const [left, right] = [parts(a), parts(b)];
  for (const [index, part] of right.entries()) {
    const difference = (left[index] ?? 0) - part;
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Below this the spool may soon have no room for what is acknowledged. */
const FREE_BYTES_MIN = 1024 ** 3;

/** Whether the data directory can be used, asked without making it. */
export function checkDataDirectory({ data_dir }: Pick<HeadwayConfig, 'data_dir'>): DoctorCheck[] {
  const directory = resolve(data_dir);
  let place = directory;
  while (!existsSync(place) && place !== dirname(place)) place = dirname(place);
  const checks = [writable(directory, place), room(place)];
  const lock = join(directory, 'chdb', 'status');
  const holder = existsSync(lock) ? lockHolder(lock) : null;
  return holder === null
    ? checks
    : [...checks, fine('tables', `in use by process ${holder}: a Headway runs on them`)];
}

function writable(directory: string, place: string): DoctorCheck {
  const mend = 'Choose a directory that this user may write to (--data, or data_dir in the configuration).';
  if (!statSync(place).isDirectory())
    return problem('data directory', `${directory}: ${place} is a file`, mend);
  try {
    accessSync(place, constants.W_OK | constants.X_OK);
  } catch {
    return problem('data directory', `${directory}: this user may not write to ${place}`, mend);
  }
  return fine(
    'data directory',
    place === directory ? directory : `${directory}, not there yet: it will be made`,
  );
}

function room(place: string): DoctorCheck {
  const { bavail, bsize } = statfsSync(place);
  const free = bavail * bsize;
  const shown = `${(free / 1e9).toFixed(1)} GB free at ${place}`;
  if (free >= FREE_BYTES_MIN) return fine('disk', shown);
  return problem(
    'disk',
    shown,
    'Make room: what cannot be written is not acknowledged, and senders have to wait.',
  );
}

/** Whether the address can be bound; where it is taken, whether a Headway answers there. */
export async function checkPort({ host, port }: HeadwayConfig['server']): Promise<DoctorCheck> {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const code = await bindError(host, port);
  if (code === null) return fine('port', `${address} is free`);
  if (code === 'EADDRINUSE' && (await isHeadway(`http://${address}`)))
    return fine('port', `a Headway answers at http://${address}`);
  const mend =
    code === 'EADDRINUSE'
      ? 'Another program listens there. Stop it, or give --port (server.port; 0 takes a free one).'
      : 'Set server.host and server.port to an address of this machine that this user may bind.';
  return problem('port', `${address} cannot be bound (${code})`, mend);
}

function bindError(host: string, port: number): Promise<string | null> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
    server.listen({ host, port }, () => server.close(() => done(null)));
  });
}

const ANSWER_TIMEOUT_MS = 3000;

async function isHeadway(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/openapi.json`, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    const { info } = (await response.json()) as { info?: { title?: string } };
    return info?.title === 'Headway';
  } catch {
    return false;
  }
}

/** Whether the embedded engine can be loaded and answers, in a directory of its own. */
export async function checkEngine(): Promise<DoctorCheck> {
  try {
    const { tryEngine } = await import('./try-engine.ts');
    return fine('engine', `chDB ${await tryEngine()} answers`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const mend = 'Run `npm ci` on this machine. chDB is built for Linux with glibc and for macOS.';
    return problem('engine', `the embedded engine does not answer: ${reason.split('\n', 1)[0]}`, mend);
  }
}

/** Clocks may differ by this much before events land in the wrong window of an alert. */
const CLOCK_DIFFERENCE_MAX_MS = 5000;

/** Whether this machine's clock can be right: not before this checkout was written, and with a running Headway's. */
export async function checkClock(url: string, now_ms: number = Date.now()): Promise<DoctorCheck> {
  const written_ms = statSync(PACKAGE).mtimeMs;
  const mend = 'Set the clock, and let NTP or chrony keep it: every event is placed by its time.';
  const now = new Date(now_ms).toISOString();
  if (now_ms < written_ms - 86_400_000)
    return problem('clock', `${now} is before this checkout was written`, mend);
  const server_ms = await serverTime(url);
  if (server_ms === null) return fine('clock', `${now} (no running Headway to compare with)`);
  const difference_ms = now_ms - server_ms;
  const shown = `${now}, ${(difference_ms / 1000).toFixed(1)} s from that of ${url}`;
  // the header has whole seconds
  if (Math.abs(difference_ms) <= CLOCK_DIFFERENCE_MAX_MS + 1000) return fine('clock', shown);
  return problem('clock', shown, mend);
}

async function serverTime(url: string): Promise<number | null> {
  try {
    const response = await fetch(new URL('/healthz', url), {
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    await response.arrayBuffer();
    const date = response.headers.get('date');
    return date === null ? null : Date.parse(date);
  } catch {
    return null;
  }
}
