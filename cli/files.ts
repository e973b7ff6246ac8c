import { readFile, stat } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { usageFailure } from './outcome.ts';

/** Largest file a command reads whole, decompressed. Longer logs are for the log-tail receiver. */
const FILE_BYTES_MAX = 1024 ** 3;

/** The text of a file given on the command line (gzip by its magic bytes), or a usage failure that names it. */
export async function textOfFile(path: string): Promise<string> {
  return plainText(path, await bytesOfFile(path));
}

/** The same, where `-` stands for standard input. */
export async function textOfInput(path: string): Promise<string> {
  if (path !== '-') return textOfFile(path);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > FILE_BYTES_MAX)
      throw usageFailure(`standard input has more than the ${FILE_BYTES_MAX} bytes that are read whole.`);
    chunks.push(chunk);
  }
  return plainText('standard input', Buffer.concat(chunks));
}

function plainText(path: string, bytes: Buffer): string {
  const plain = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzip(path, bytes) : bytes;
  return plain.toString('utf8');
}

async function bytesOfFile(path: string): Promise<Buffer> {
  try {
    const size = (await stat(path)).size;
    if (size > FILE_BYTES_MAX)
      throw usageFailure(`${path} has ${size} bytes; at most ${FILE_BYTES_MAX} are read whole.`);
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error) {
      throw usageFailure(`cannot read ${path} (${String(error.code)}). Check the path.`, error);
    }
    throw error;
  }
}

function gunzip(path: string, bytes: Buffer): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: FILE_BYTES_MAX });
  } catch (error) {
    throw usageFailure(`${path} looks like gzip but cannot be unpacked: ${String(error)}`, error);
  }
}

export async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
