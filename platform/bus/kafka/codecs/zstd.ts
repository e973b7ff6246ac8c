import * as zlib from 'node:zlib';
import { Decompress } from 'fzstd';
import { DecompressedTooLarge } from './too-large.ts';

type ZstdDecompress = (
  bytes: Uint8Array,
  options: { readonly maxOutputLength: number },
  done: (error: (Error & { readonly code?: string }) | null, result: Uint8Array) => void,
) => void;

/** Node has it from 22.15 on; its types here are those of Node 20. */
const native = 'zstdDecompress' in zlib && isFunction(zlib.zstdDecompress) ? zlib.zstdDecompress : undefined;

function isFunction(value: unknown): value is ZstdDecompress {
  return typeof value === 'function';
}

/** Frames one after another. Rejects as `decompress` does. */
export function decompressZstd(bytes: Uint8Array, bytes_max: number): Promise<Uint8Array> {
  return native === undefined
    ? Promise.resolve(decompressZstdHere(bytes, bytes_max))
    : decompressNatively(native, bytes, bytes_max);
}

function decompressNatively(
  decompress: ZstdDecompress,
  bytes: Uint8Array,
  bytes_max: number,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    decompress(bytes, { maxOutputLength: bytes_max }, (error, result) => {
      if (error === null) resolve(result);
      else reject(error.code === 'ERR_BUFFER_TOO_LARGE' ? new DecompressedTooLarge(bytes_max) : error);
    });
  });
}

/** In JavaScript: without the checksums of the frames, and several times slower. */
export function decompressZstdHere(bytes: Uint8Array, bytes_max: number): Uint8Array {
  const blocks: Uint8Array[] = [];
  let made = 0;
  const stream = new Decompress((block) => {
    made += block.length;
    if (made > bytes_max) throw new DecompressedTooLarge(bytes_max);
    blocks.push(block);
  });
  stream.push(withinMemory(bytes, bytes_max), true);
  return Buffer.concat(blocks, made);
}

const MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const BLOCK_BYTES_MAX = 128 * 1024;
const RLE_BLOCK = 1;

/**
 * The decompressor takes what memory a frame asks for, up to 2 GB, as soon as it sees its header: refuses content of more
 * than the limit, and makes windows that are larger as large as the limit, which no copy within it can reach over.
 * Headers: RFC 8878, 3.1.1.1.
 */
function withinMemory(original: Uint8Array, bytes_max: number): Uint8Array {
  const bytes = Uint8Array.from(original);
  const view = new DataView(bytes.buffer);
  const window_max = Math.max(bytes_max, BLOCK_BYTES_MAX);
  let at = 0;
  while (at < bytes.length) {
    const magic = numberAt(view, at, 4);
    at += 4;
    if ((magic & 0xfffffff0) === SKIPPABLE_MAGIC) {
      at += 4 + numberAt(view, at, 4);
      continue;
    }
    if (magic !== MAGIC) throw new Error('not zstd: no frame');
    const flags = numberAt(view, at, 1);
    const isSingle = (flags & 0x20) !== 0;
    const hasChecksum = (flags & 0x04) !== 0;
    at += 1;
    if (!isSingle) {
      const descriptor = numberAt(view, at, 1);
      const smallest = (Math.ceil(Math.log2(window_max)) - 10) << 3;
      view.setUint8(at, Math.min(descriptor, smallest));
      at += 1;
    }
    at += [0, 1, 2, 4][flags & 3] ?? 0;
    const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][flags >> 6] ?? 0;
    if (numberAt(view, at, sizeBytes) > bytes_max) throw new DecompressedTooLarge(bytes_max);
    at = skipBlocks(view, at + sizeBytes) + (hasChecksum ? 4 : 0);
  }
  return bytes;
}

function skipBlocks(view: DataView, begin: number): number {
  for (let at = begin; ; ) {
    const head = numberAt(view, at, 3);
    const size = head >> 3;
    if (size > BLOCK_BYTES_MAX) throw new Error('not zstd: a block is larger than blocks are');
    at += 3 + (((head >> 1) & 3) === RLE_BLOCK ? 1 : size);
    if ((head & 1) === 1) return at;
  }
}

function numberAt(view: DataView, at: number, width: number): number {
  if (at + width > view.byteLength) throw new Error('not zstd: a frame is cut');
  let value = 0;
  for (let n = 0; n < width; n += 1) value += view.getUint8(at + n) * 2 ** (8 * n);
  return value;
}
