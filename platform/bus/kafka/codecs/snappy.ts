import { DecompressedTooLarge } from './too-large.ts';

/** What snappy-java, and with it the Java producer, puts before its blocks: this, two version numbers, then lengths. */
const XERIAL_MAGIC = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00];
const XERIAL_HEADER_BYTES = 16;

/** Blocks as snappy-java frames them, or one block alone (librdkafka). Throws as `decompress` does. */
export function decompressSnappy(bytes: Uint8Array, bytes_max: number): Uint8Array {
  const isXerial = XERIAL_MAGIC.every((byte, at) => bytes[at] === byte);
  if (!isXerial) return decompressBlock(bytes, bytes_max);
  if (bytes.length <= XERIAL_HEADER_BYTES) throw broken('a frame is cut');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blocks: Uint8Array[] = [];
  let made = 0;
  for (let at = XERIAL_HEADER_BYTES; at < bytes.length; ) {
    if (at + 4 > bytes.length) throw broken('a frame is cut');
    const length = view.getUint32(at);
    at += 4;
    if (at + length > bytes.length) throw broken('a frame is cut');
    if (made >= bytes_max) throw new DecompressedTooLarge(bytes_max);
    const block = decompressBlock(bytes.subarray(at, at + length), bytes_max - made);
    made += block.length;
    blocks.push(block);
    at += length;
  }
  return Buffer.concat(blocks, made);
}

/** https://github.com/google/snappy/blob/main/format_description.txt (2011-10-05) */
function decompressBlock(bytes: Uint8Array, bytes_max: number): Uint8Array {
  const { value: length, end: start } = readLength(bytes);
  if (length > bytes_max) throw new DecompressedTooLarge(bytes_max);
  const out = Buffer.allocUnsafe(length);
  let at = start;
  let made = 0;
  while (at < bytes.length) {
    const tag = bytes[at] ?? 0;
    at += 1;
    const type = tag & 3;
    if (type === 0) {
      const extra = Math.max(0, (tag >> 2) - 59);
      const size = (extra === 0 ? tag >> 2 : littleEndian(bytes, at, extra)) + 1;
      at += extra;
      if (at + size > bytes.length || made + size > length) throw broken('a literal is cut');
      out.set(bytes.subarray(at, at + size), made);
      at += size;
      made += size;
      continue;
    }
    const width = type === 3 ? 4 : type;
    const low = littleEndian(bytes, at, width);
    at += width;
    const size = type === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const distance = type === 1 ? ((tag >> 5) << 8) | low : low;
    if (at > bytes.length || distance === 0 || distance > made || made + size > length)
      throw broken('a copy points outside');
    copyWithin(out, made - distance, made, size);
    made += size;
  }
  if (made !== length) throw broken(`${made} bytes instead of ${length}`);
  return out;
}

/** A copy may reach into what it writes: it repeats then. */
function copyWithin(out: Buffer, from: number, to: number, size: number): void {
  if (to - from >= size) {
    out.copyWithin(to, from, from + size);
    return;
  }
  for (let n = 0; n < size; n += 1) out[to + n] = out[from + n] ?? 0;
}

function readLength(bytes: Uint8Array): { value: number; end: number } {
  let value = 0;
  for (let at = 0; at < 5; at += 1) {
    const byte = bytes[at];
    if (byte === undefined) break;
    value += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) return { value, end: at + 1 };
  }
  throw broken('no length');
}

function littleEndian(bytes: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let n = 0; n < width; n += 1) value += (bytes[at + n] ?? 0) * 2 ** (8 * n);
  return value;
}

function broken(how: string): Error {
  return new Error(`not snappy: ${how}`);
}
