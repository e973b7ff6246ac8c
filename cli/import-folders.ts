import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { usageFailure } from './outcome.ts';

/** Endings of files that are looked into inside a folder; a file that is named itself may end in anything. */
const READ = /\.(?:log|txt|out|err|ndjson|jsonl|json|csv)(?:\.gz)?$/i;
/** Of these, what no known trainer wrote may still be the output of one more rank, with the reason of a failure in it. */
const OUTPUT = /\.(?:log|out|err)(?:\.gz)?$/i;

/** Files of one folder that one call reads: far above a file a rank of the largest jobs. */
const FOLDER_FILES_MAX = 100_000;

export interface InputPath {
  readonly path: string;
  /** The folder that was named and that it was found in, at any depth; undefined where the file itself was named. */
  readonly folder: string | undefined;
}

/**
 * A file as it is, and of a folder all files in it and below by their endings, in order of their names. Hidden ones are
 * left out, and folders behind links are not followed. A usage failure for a folder without any, or with far too many.
 */
export async function inputsOf(path: string): Promise<InputPath[]> {
  if (!(await isFolder(path))) return [{ path, folder: undefined }];
  const files: string[] = [];
  await collect(path, path, files);
  if (files.length === 0) {
    throw usageFailure(
      `${path} is a folder without a file that could be read: they end in .log, .txt, .out, .err, .ndjson, .jsonl, .json or .csv, and in .gz.`,
    );
  }
  return files.map((file) => ({ path: file, folder: path }));
}

/** `runs/llama-8b/` is job `llama-8b`. */
export function nameOfFolder(path: string): string {
  return basename(resolve(path)) || 'imported';
}

/** Some of many files by name, for a message. */
export function someOf(files: readonly string[]): string {
  const more = files.length - FILES_NAMED_MAX;
  return more > 0 ? `${files.slice(0, FILES_NAMED_MAX).join(', ')} and ${more} more files` : files.join(', ');
}

const FILES_NAMED_MAX = 8;

/** Whether a file that no known trainer wrote is taken for the output of one more rank. */
export function isOutput({ path }: Pick<InputPath, 'path'>): boolean {
  return OUTPUT.test(path);
}

async function collect(root: string, folder: string, files: string[]): Promise<void> {
  const entries = await entriesOf(folder);
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await collect(root, path, files);
    else if (READ.test(entry.name) && (entry.isFile() || entry.isSymbolicLink())) files.push(path);
    if (files.length > FOLDER_FILES_MAX)
      throw usageFailure(`${root} holds more than the ${FOLDER_FILES_MAX} files that are read at once.`);
  }
}

async function entriesOf(folder: string) {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (error instanceof Error && 'code' in error) {
      throw usageFailure(`cannot read ${folder} (${String(error.code)}). Check its permissions.`, error);
    }
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  if (path === '-') return false;
  try {
    return (await stat(path)).isDirectory();
  } catch {
    // whoever reads the file says why it cannot be
    return false;
  }
}
