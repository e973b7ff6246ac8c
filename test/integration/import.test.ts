import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const HEADWAY = fileURLToPath(new URL('../../bin/headway.js', import.meta.url));

const at = (time: string, message: string) => `[titan] 2025-06-25 ${time} - root - INFO - ${message}`;
const LOG = [
  at('10:00:00,000', 'Starting job: test'),
  at('10:00:01,000', "Building 1-D device mesh with ['dp_shard'], [8]"),
  at('10:00:04,000', 'Training starts at step 1'),
  at('10:00:06,000', 'step:  1  loss:  8.1  tps: 4,096'),
  at('10:00:07,000', 'step:  2  loss:  8.1  tps: 8,192'),
  at('10:01:00,000', 'Starting job: test'),
  at('10:01:04,000', 'Training starts at step 2'),
  at('10:01:05,000', 'step:  2  loss:  8.1  tps: 8,192'),
  at('10:01:06,000', 'Training completed'),
].join('\n');

let folder = '';
let log = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headway-import-'));
  log = join(folder, 'run.log');
  await writeFile(log, LOG);
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** The report without what depends on when and where it was asked for. */
async function imported(...flags: string[]): Promise<unknown> {
  const child = spawn(process.execPath, [HEADWAY, 'import', log, '--json', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect(code).toBe(0);
  const { at: _, range: __, ...report } = JSON.parse(out);
  return report;
}

async function startServer(): Promise<{ url: string; stop(): Promise<void> }> {
  const child = spawn(process.execPath, [HEADWAY, 'start', '--port', '0', '--data', join(folder, 'server')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const url = await new Promise<string>((resolve, reject) => {
    let said = '';
    child.stderr.on('data', (chunk) => {
      said += chunk;
      const match = /listens on (http:\S+)/.exec(said);
      if (match?.[1] !== undefined) resolve(match[1]);
    });
    child.on('close', () => reject(new Error(`it ended: ${said}`)));
  });
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  return {
    url,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

describe('headway import', () => {
  it('gives the same report from nothing stored, from a data directory and from a running Headway, also twice', async () => {
    const report = await imported();
    expect(report).toMatchObject({ job: 'run', steps: 2, attempts: 2, lost_steps: 1, state: 'ended' });
    expect(await imported('--data', join(folder, 'data'))).toEqual(report);
    expect(await imported('--data', join(folder, 'data'))).toEqual(report);
    const server = await startServer();
    try {
      expect(await imported('--url', server.url)).toEqual(report);
      expect(await imported('--url', server.url)).toEqual(report);
    } finally {
      await server.stop();
    }
  });
});
