import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { silentLog } from '../../../../platform/log.ts';
import { STORE_DEFAULTS } from '../../../../platform/store/config.ts';
import { openEmbeddedStore } from '../../../../platform/store/embedded.ts';
import { holderOf, lockHolder } from '../../../../platform/store/lock-holder.ts';
import { StoreLocked } from '../../../../platform/store/store.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const HOLDER = fileURLToPath(new URL('../../../support/ingest-process.ts', import.meta.url));

describe('who holds a data directory', () => {
  it('reads the kernel list of locks', () => {
    const locks = [
      '1: POSIX  ADVISORY  WRITE 11 fe:00:77 0 EOF',
      '2: FLOCK  ADVISORY  WRITE 12 fe:00:777 0 EOF',
      '3: FLOCK  ADVISORY  WRITE 13 fe:00:77 0 EOF',
      '3: -> FLOCK  ADVISORY  WRITE 14 fe:00:77 0 EOF',
    ].join('\n');
    expect(holderOf(locks, 77)).toBe(13);
    expect(holderOf(locks, 7)).toBeNull();
  });

  it('holds nobody to a file that is not locked or not there', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'status'), 'PID: 1');
    expect(lockHolder(join(folder, 'status'))).toBeNull();
    expect(lockHolder(join(folder, 'none'))).toBeNull();
  });

  it('names the process that has it, and opens it once that one was killed', async () => {
    const folder = await temporaryFolder();
    const child = spawn(process.execPath, ['--import', 'tsx', HOLDER, folder], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    const dir = join(folder, 'store');
    const refused = openEmbeddedStore(dir, STORE_DEFAULTS, silentLog);
    await expect(refused).rejects.toThrow(StoreLocked);
    await expect(refused).rejects.toMatchObject({ directory: dir });
    if (process.platform === 'linux') await expect(refused).rejects.toMatchObject({ holder_pid: child.pid });
    child.kill('SIGKILL');
    await once(child, 'exit');
    const store = await openEmbeddedStore(dir, STORE_DEFAULTS, silentLog);
    await expect(openEmbeddedStore(dir, STORE_DEFAULTS, silentLog)).rejects.toMatchObject({
      holder_pid: process.pid,
    });
    await store.close();
    await (await openEmbeddedStore(dir, STORE_DEFAULTS, silentLog)).close();
  });
});
