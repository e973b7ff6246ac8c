import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lockDirectory } from '../../../platform/directory-lock.ts';
import { StoreLocked } from '../../../platform/store/store.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

describe('a directory that a process has to itself', () => {
  it('is refused to a second one, which is told by whom it is held', async () => {
    const folder = await temporaryFolder();
    const lock = await lockDirectory(folder);
    await expect(lockDirectory(folder)).rejects.toThrow(`in use by process ${process.pid}`);
    await lock.release();
    const again = await lockDirectory(folder);
    await again.release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('is free again when its process was killed', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'lock');
    const holder = spawn(process.execPath, [
      '-e',
      `require('net').createServer((s) => s.end(String(process.pid))).listen(${JSON.stringify(path)}, () => console.log('held'))`,
    ]);
    await once(holder.stdout, 'data');
    await expect(lockDirectory(folder)).rejects.toThrow(`process ${holder.pid}`);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    expect(existsSync(path)).toBe(true);
    const lock = await lockDirectory(folder);
    await lock.release();
  });

  it('goes to exactly one of many that find it left behind at once', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'lock');
    const holder = spawn(process.execPath, [
      '-e',
      `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('held'))`,
    ]);
    await once(holder.stdout, 'data');
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockDirectory(folder)));
    const held = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const refused = results.flatMap((result) =>
      result.status === 'rejected' ? [result.reason as unknown] : [],
    );
    expect(held).toHaveLength(1);
    expect(refused.every((reason) => reason instanceof StoreLocked)).toBe(true);
    await held[0]?.release();
  });

  it('may have a path that is longer than the address of a socket', async () => {
    const folder = join(await temporaryFolder(), 'x'.repeat(120));
    await mkdir(folder);
    const lock = await lockDirectory(folder);
    await expect(lockDirectory(folder)).rejects.toThrow(StoreLocked);
    await lock.release();
  });
});
