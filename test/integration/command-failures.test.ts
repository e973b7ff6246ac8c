import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';

const HEADWAY = fileURLToPath(new URL('../../bin/headway.js', import.meta.url));
const EVENTS = fileURLToPath(new URL('../../docs/examples/restart.ndjson', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly err: string;
}

/** A real process, because what is tested is how it ends. `readsOutput: false` closes its output unread. */
async function headway(args: readonly string[], { readsOutput = true, TMPDIR = '' } = {}): Promise<Ended> {
  const child = spawn(process.execPath, [HEADWAY, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...(TMPDIR === '' ? {} : { TMPDIR }) },
  });
  if (readsOutput) child.stdout.resume();
  else child.stdout.destroy();
  let err = '';
  child.stderr.on('data', (chunk) => {
    err += String(chunk);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, err };
}

describe('a reader that has seen enough', () => {
  it.each([
    ['ledger', EVENTS, '--json', '--windows', '1'],
    ['report', EVENTS],
    ['flops', 'llama3-8b', '--json'],
    ['--help'],
  ])('ends nothing: %s', async (...args) => {
    expect(await headway(args, { readsOutput: false })).toEqual({ code: 0, err: '' });
  });
});

describe('a port that is taken', () => {
  it.each(['demo', 'start'])('ends %s with 3, a mend, and no folder left behind', async (verb) => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    onTestFinished(() => void holder.close());
    const address = holder.address();
    const port = typeof address === 'object' && address !== null ? String(address.port) : '';
    const folder = await temporaryFolder();
    const TMPDIR = join(folder, 'tmp');
    await mkdir(TMPDIR);
    const data = verb === 'start' ? ['--data', join(folder, 'data')] : [];
    const { code, err } = await headway([verb, '--port', port, ...data], { TMPDIR });
    expect(code).toBe(3);
    expect(err).toMatch(
      new RegExp(`^headway: cannot listen on 127\\.0\\.0\\.1:${port} \\(EADDRINUSE\\).*--port`),
    );
    const left = await readdir(TMPDIR);
    expect(left.filter((name) => name.startsWith('headway'))).toEqual([]);
  });
});
