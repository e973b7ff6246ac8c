import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';

export interface StaticFile {
  readonly body: Buffer;
  /** Content type with its charset. */
  readonly type: string;
  /** Strong: the hash of the bytes. */
  readonly etag: string;
}

export interface StaticFolder {
  /** Names of the files that may be read, in order. */
  names(): Promise<readonly string[]>;
  /** Null unless `name` is on the list: no path is ever built from what was asked. */
  read(name: string): Promise<StaticFile | null>;
}

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  json: 'application/json; charset=utf-8',
  md: 'text/markdown; charset=utf-8',
};

/**
 * The files directly in `folder` (an address that ends in a slash) whose names end in one of `endings`. Read anew each
 * time: they are few and small, and a file that was edited shows at the next load.
 */
export function createStaticFolder(folder: URL, endings: readonly string[]): StaticFolder {
  const names = async () => {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)))
      .map(({ name }) => name)
      .sort();
  };
  return {
    names,
    async read(name) {
      const known = (await names()).find((one) => one === name);
      if (known === undefined) return null;
      const body = await readFile(new URL(encodeURIComponent(known), folder));
      const type = TYPES[known.slice(known.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
      return { body, type, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` };
    },
  };
}
