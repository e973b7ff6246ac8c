import { mkdir, mkdtemp, rmdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** The data directory cannot be made or written to; the message names it, why, and what to do. */
export class DataDirectoryUnusable extends Error {
  constructor(directory: string, why: string, options?: ErrorOptions) {
    super(
      `the data directory ${directory} cannot be used: ${why}. ` +
        'Choose a directory that this user may write to (--data, or data_dir in the configuration).',
      options,
    );
    this.name = 'DataDirectoryUnusable';
  }
}

/**
 * Makes the directory where it is missing and tries that it can be written to. Throws {@link DataDirectoryUnusable}.
 * It is made step by step: Node's recursive mkdir never returns below a file system that refuses new entries with
 * ENOENT (/proc).
 */
export async function prepareDataDirectory(dir: string): Promise<void> {
  if (dir.trim() === '') throw new DataDirectoryUnusable(JSON.stringify(dir), 'its name is empty');
  const directory = resolve(dir);
  for (const path of await missingParts(directory)) {
    await attempt(directory, () => mkdir(path).catch(unlessMade));
  }
  // Permission bits do not tell: a file system may be mounted read-only, and root passes every check of them.
  await attempt(directory, async () => rmdir(await mkdtemp(join(directory, '.writable-'))));
}

/** What has to be made, outermost first. Throws when something on the way is no directory. */
async function missingParts(directory: string): Promise<string[]> {
  const missing: string[] = [];
  for (let path = directory; ; path = dirname(path)) {
    const kind = await kindOf(directory, path);
    if (kind === 'directory') return missing;
    if (kind === 'other') {
      const which = path === directory ? 'it' : path;
      throw new DataDirectoryUnusable(directory, `${which} is a file, not a directory`);
    }
    missing.unshift(path);
    if (path === dirname(path)) return missing;
  }
}

async function kindOf(directory: string, path: string): Promise<'directory' | 'other' | 'missing'> {
  try {
    return (await stat(path)).isDirectory() ? 'directory' : 'other';
  } catch (error) {
    const code = codeOf(error);
    // ENOTDIR: a part further up is a file, and is found there
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'missing';
    throw new DataDirectoryUnusable(directory, reasonOf(code, error), { cause: error });
  }
}

async function attempt(directory: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new DataDirectoryUnusable(directory, reasonOf(codeOf(error), error), { cause: error });
  }
}

/** Two processes may begin at once; whoever comes second finds it there. */
function unlessMade(error: unknown): void {
  if (codeOf(error) !== 'EEXIST') throw error;
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there (EACCES)',
  EPERM: 'this user may not write there (EPERM)',
  EROFS: 'the file system is read-only (EROFS)',
  ENOENT: 'nothing can be made there (ENOENT)',
  ENOSPC: 'the disk is full (ENOSPC)',
  EDQUOT: 'the quota of the disk is used up (EDQUOT)',
  ENAMETOOLONG: 'its name is too long (ENAMETOOLONG)',
  ELOOP: 'its symbolic links lead in a circle (ELOOP)',
};

function reasonOf(code: string, error: unknown): string {
  return REASONS[code] ?? (error instanceof Error ? error.message : String(error));
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
