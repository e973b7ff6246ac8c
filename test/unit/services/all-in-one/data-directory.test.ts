import { existsSync } from 'node:fs';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  DataDirectoryUnusable,
  prepareDataDirectory,
} from '../../../../services/all-in-one/data-directory.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

describe('the data directory', () => {
  it('is made with all that is missing above it, and left as it was found', async () => {
    const path = join(await temporaryFolder(), 'a', 'b', 'c');
    await prepareDataDirectory(path);
    expect(await readdir(path)).toEqual([]);
    await writeFile(join(path, 'kept'), '');
    await prepareDataDirectory(path);
    expect(await readdir(path)).toEqual(['kept']);
  });

  it('may be a link to a directory', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'real'));
    await symlink(join(folder, 'real'), join(folder, 'link'));
    await prepareDataDirectory(join(folder, 'link'));
  });

  it('may be made by two at once', async () => {
    const path = join(await temporaryFolder(), 'a', 'b');
    await Promise.all([prepareDataDirectory(path), prepareDataDirectory(path)]);
    expect(await readdir(path)).toEqual([]);
  });

  it('is refused where a file is, at its place or above', async () => {
    const file = join(await temporaryFolder(), 'f');
    await writeFile(file, '');
    for (const path of [file, join(file, 'x', 'y')]) {
      await expect(prepareDataDirectory(path)).rejects.toThrow(DataDirectoryUnusable);
      await expect(prepareDataDirectory(path)).rejects.toThrow(path);
    }
  });

  it.each(['', '  '])('is refused without a name: %j', async (path) => {
    await expect(prepareDataDirectory(path)).rejects.toThrow(/name is empty/);
  });

  // Where Node's recursive mkdir never comes back.
  it.skipIf(!existsSync('/proc/self'))('is refused below /proc, at once', async () => {
    for (const path of ['/proc/nope', '/proc/nope/deeper', '/proc']) {
      await expect(prepareDataDirectory(path)).rejects.toThrow(/cannot be used: .*\(E\w+\)/);
    }
  });
});
