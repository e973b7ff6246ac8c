import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rename, rm, stat } from 'node:fs/promises';
import { createConnection, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { StoreLocked } from './store/store.ts';

/** A directory that this process has to itself. */
export interface DirectoryLock {
  release(): Promise<void>;
}

/** Addresses of sockets have 104 bytes at least (macOS; Linux has 108), the last of them zero. */
const ADDRESS_BYTES_MAX = 103;

/**
 * Takes a directory for this process alone. What holds it is a socket that somebody answers at, so that a killed process
 * leaves nothing that holds. On Linux that is first a name in the kernel, which two can never take at once, then, as on
 * other systems, a file in the directory, which other containers that have the directory see as well.
 *
 * Throws StoreLocked when another process has it.
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const absolute = resolve(directory);
  const named = process.platform === 'linux' ? await lockName(absolute) : undefined;
  try {
    const file = await lockFile(absolute);
    return {
      async release() {
        await file.release();
        await named?.release();
      },
    };
  } catch (error) {
    await named?.release();
    throw error;
  }
}

/** By what the directory is and not by its path: a link leads to the same one. */
async function lockName(directory: string): Promise<DirectoryLock> {
  const { dev, ino } = await stat(directory, { bigint: true });
  const address = `\0headway/${dev}/${ino}`;
  const server = await bind(address);
  if (server === undefined) throw new StoreLocked(directory, (await ask(address)) ?? null);
  return lockOf(server);
}

async function lockFile(directory: string): Promise<DirectoryLock> {
  const path = join(directory, 'lock');
  if (Buffer.byteLength(path) > ADDRESS_BYTES_MAX) return await lockAt(addressBeside(directory), directory);
  try {
    return await lockAt(path, directory);
  } catch (error) {
    // a file system that takes no sockets
    if (!NO_SOCKETS.has(codeOf(error))) throw error;
    return await lockAt(addressBeside(directory), directory);
  }
}

const NO_SOCKETS = new Set(['EOPNOTSUPP', 'ENOTSUP', 'EPERM', 'EACCES', 'EINVAL', 'ENOSYS']);

/** Where every process of this machine finds it. */
function addressBeside(directory: string): string {
  const name = createHash('sha256').update(directory).digest('hex').slice(0, 32);
  return join(tmpdir(), `headway-${name}.lock`);
}

async function lockAt(path: string, directory: string): Promise<DirectoryLock> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const server = await bind(path);
    if (server !== undefined) return lockOf(server);
    const holder = await ask(path);
    if (holder !== undefined) throw new StoreLocked(directory, holder);
    await removeStale(path, directory);
  }
  throw new StoreLocked(directory, null);
}

function lockOf(server: Server): DirectoryLock {
  return {
    async release() {
      server.close();
      await once(server, 'close');
    },
  };
}

/** Others may come and go at the same instant. */
const TRIES_MAX = 10;

/** Undefined when something is there already. */
async function bind(path: string): Promise<Server | undefined> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(String(process.pid));
  });
  server.listen(path);
  try {
    await once(server, 'listening');
  } catch (error) {
    if (codeOf(error) === 'EADDRINUSE') return undefined;
    throw error;
  }
  // it must not keep a process alive that has nothing else to do
  server.unref();
  return server;
}

/** The process that answers there; null when it does not say which, undefined when nobody answers. */
async function ask(path: string): Promise<number | null | undefined> {
  const socket = createConnection(path);
  try {
    await once(socket, 'connect');
    const pid = Number(await text(socket));
    return Number.isSafeInteger(pid) && pid > 0 ? pid : null;
  } catch (error) {
    const code = codeOf(error);
    return code === 'ECONNREFUSED' || code === 'ENOENT' ? undefined : null;
  } finally {
    socket.destroy();
  }
}

/** Moved first, so that it can be seen whether it is still the one at which nobody answered. */
async function removeStale(path: string, directory: string): Promise<void> {
  const aside = `${path}-${randomUUID().slice(0, 8)}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  const holder = await ask(aside);
  if (holder === undefined) return await rm(aside, { force: true });
  await rename(aside, path);
  throw new StoreLocked(directory, holder);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
