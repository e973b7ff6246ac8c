import { DecompressedTooLarge } from './too-large.ts';

// https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md (1.6.4) and lz4_Block_format.md
const MAGIC = 0x184d2204;
const SKIPPABLE_MAGIC = 0x184d2a50;
const UNCOMPRESSED = 0x80000000;
const MIN_MATCH = 4;

interface Output {
  bytes: Buffer;
  made: number;
  readonly bytes_max: number;
}

/** Frames one after another; their checksums are not compared. Throws as `decompress` does. */
export function decompressLz4(bytes: Uint8Array, bytes_max: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out: Output = { bytes: Buffer.alloc(0), made: 0, bytes_max };
  let at = 0;
  do {
    if (at + 8 > bytes.length) throw broken('a frame is cut');
    const magic = view.getUint32(at, true);
    if ((magic & 0xfffffff0) === SKIPPABLE_MAGIC) at += 8 + view.getUint32(at + 4, true);
    else if (magic === MAGIC) at = readFrame(view, at + 4, out);
    else throw broken('no frame');
  } while (at < bytes.length);
  return out.bytes.subarray(0, out.made);
}

/** From behind the magic number; returns where the frame ends. */
function readFrame(view: DataView, begin: number, out: Output): number {
  const flags = byteAt(view, begin);
  if (flags >> 6 !== 1) throw broken('another version');
  const hasBlockChecksums = (flags & 0x10) !== 0;
  const hasContentSize = (flags & 0x08) !== 0;
  const hasChecksum = (flags & 0x04) !== 0;
  if ((flags & 0x01) !== 0) throw broken('a dictionary is wanted');
  const sizeCode = (byteAt(view, begin + 1) >> 4) & 7;
  if (sizeCode < 4) throw broken('unknown block size');
  const blockBytes_max = 2 ** (8 + 2 * sizeCode);
  // flags, block size, content size, checksum of these
  let at = begin + 2 + (hasContentSize ? 8 : 0) + 1;
  // A block may reach back into those before it, of the same frame.
  const start = out.made;
  for (;;) {
    const head = uint32At(view, at);
    at += 4;
    if (head === 0) break;
    const size = head % UNCOMPRESSED;
    if (at + size > view.byteLength) throw broken('a block is cut');
    const block = new Uint8Array(view.buffer, view.byteOffset + at, size);
    if (size > blockBytes_max) throw broken('a block is larger than it says');
    reserve(out, blockBytes_max);
    if (head >= UNCOMPRESSED) {
      out.bytes.set(block, out.made);
      out.made += size;
    } else {
      readBlock(block, out, start, out.made + blockBytes_max);
    }
    if (out.made > out.bytes_max) throw new DecompressedTooLarge(out.bytes_max);
    at += size + (hasBlockChecksums ? 4 : 0);
  }
  return at + (hasChecksum ? 4 : 0);
}

/** Room for one more block, of which at most the limit is ever used in whole. */
function reserve(out: Output, more: number): void {
  const wanted = out.made + more;
  if (wanted <= out.bytes.length) return;
  const grown = Buffer.allocUnsafe(Math.max(wanted, Math.min(2 * out.bytes.length, out.bytes_max + more)));
  out.bytes.copy(grown, 0, 0, out.made);
  out.bytes = grown;
}

function readBlock(block: Uint8Array, out: Output, start: number, end: number): void {
  const { bytes } = out;
  let made = out.made;
  let at = 0;
  while (at < block.length) {
    const token = block[at] ?? 0;
    at += 1;
    let literals = token >> 4;
    if (literals === 15) {
      for (let more = 255; more === 255; at += 1) {
        if (at >= block.length) throw broken('a length is cut');
        more = block[at] ?? 0;
        literals += more;
      }
    }
    if (at + literals > block.length || made + literals > end) throw broken('literals are cut');
    for (let n = 0; n < literals; n += 1) bytes[made + n] = block[at + n] ?? 0;
    made += literals;
    at += literals;
    // The last sequence of a block is literals alone.
    if (at === block.length) break;
    const distance = (block[at] ?? 0) | ((block[at + 1] ?? 0) << 8);
    at += 2;
    let size = (token & 15) + MIN_MATCH;
    if (size === 15 + MIN_MATCH) {
      for (let more = 255; more === 255; at += 1) {
        if (at >= block.length) throw broken('a length is cut');
        more = block[at] ?? 0;
        size += more;
      }
    }
    if (at > block.length || distance === 0 || made - distance < start || made + size > end)
      throw broken('a copy points outside');
    for (let n = 0; n < size; n += 1) bytes[made + n] = bytes[made + n - distance] ?? 0;
    made += size;
  }
  out.made = made;
}

function byteAt(view: DataView, at: number): number {
  if (at >= view.byteLength) throw broken('a frame is cut');
  return view.getUint8(at);
}

function uint32At(view: DataView, at: number): number {
  if (at + 4 > view.byteLength) throw broken('a frame is cut');
  return view.getUint32(at, true);
}

function broken(how: string): Error {
  return new Error(`not lz4: ${how}`);
}
