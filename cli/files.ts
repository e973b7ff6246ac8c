import { readFile, stat } from 'node:fs/promises';
import { createGunzip, gunzipSync } from 'node:zlib';
import { usageFailure } from './outcome.ts';

/** Largest file a command reads whole, decompressed. Longer logs are for the log-tail receiver. */
const FILE_BYTES_MAX = 1024 ** 3;

export interface InputText {
  readonly text: string;
  /** What is missing of it: a compressed file that ends early is used up to its last whole line. Null: nothing. */
  readonly damage: string | null;
}

/** The text of a file given on the command line (gzip by its magic bytes), or a usage failure that names it. */
export async function textOfFile(path: string): Promise<string> {
  const { text, damage } = await plainText(path, await bytesOfFile(path));
  if (damage === null) return text;
  throw usageFailure(`${path}: ${damage}. Get the whole file.`);
}

/** The same with as much as can be unpacked of a file that was cut, where `-` stands for standard input. */
export async function textOfInput(path: string): Promise<InputText> {
  if (path !== '-') return plainText(path, await bytesOfFile(path));
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

async function plainText(path: string, bytes: Buffer): Promise<InputText> {
  if (!(bytes[0] === 0x1f && bytes[1] === 0x8b)) return { text: bytes.toString('utf8'), damage: null };
  try {
    const plain = gunzipSync(bytes, { maxOutputLength: FILE_BYTES_MAX });
    return { text: plain.toString('utf8'), damage: null };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') {
      throw usageFailure(
        `${path} unpacks to more than the ${FILE_BYTES_MAX} bytes that are read whole.`,
        error,
      );
    }
    return textBeforeDamage(path, bytes, error);
  }
}

/** What was written before the archive ends or breaks. Its last line is cut somewhere, and is left out. */
async function textBeforeDamage(path: string, bytes: Buffer, cause: unknown): Promise<InputText> {
  const text = (await unpackedPart(bytes)).toString('utf8');
  const end = text.lastIndexOf('\n') + 1;
  const reason = cause instanceof Error ? cause.message : String(cause);
  if (end === 0) {
    throw usageFailure(`${path} looks like gzip but no whole line of it can be unpacked: ${reason}.`, cause);
  }
  const lines = text.split('\n').length - 1;
  return {
    text: text.slice(0, end),
    damage: `the gzip file is cut or damaged (${reason}): only its first ${lines} lines could be unpacked`,
  };
}

function unpackedPart(bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const unpacker = createGunzip();
    const done = () => resolve(Buffer.concat(chunks));
    unpacker.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= FILE_BYTES_MAX) chunks.push(chunk);
      else unpacker.destroy();
    });
    for (const ending of ['end', 'error', 'close']) unpacker.on(ending, done);
    unpacker.end(bytes);
  });
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

export async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
