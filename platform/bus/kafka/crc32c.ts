/** x^32 + x^28 + x^27 + ... with its bits reversed: RFC 3720, 12.1. */
const POLYNOMIAL = 0x82f63b78;

const STEP_BYTES = 8;

/** At `n * 256 + byte`: what the byte makes of the checksum when `n` bytes of the step follow it. */
const TABLE = table();

/**
 * CRC-32C (Castagnoli), the checksum of a record batch of Kafka, eight bytes a step by tables ("slicing": Kounavis and
 * Berry, 2005). Node's own `zlib.crc32` has another polynomial.
 */
export function crc32c(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = bytes.length - (bytes.length % STEP_BYTES);
  let crc = -1;
  for (let at = 0; at < whole; at += STEP_BYTES) {
    const a = crc ^ view.getInt32(at, true);
    const b = view.getInt32(at + 4, true);
    crc =
      entry(7, a) ^
      entry(6, a >>> 8) ^
      entry(5, a >>> 16) ^
      entry(4, a >>> 24) ^
      entry(3, b) ^
      entry(2, b >>> 8) ^
      entry(1, b >>> 16) ^
      entry(0, b >>> 24);
  }
  for (let at = whole; at < bytes.length; at++) crc = entry(0, crc ^ view.getUint8(at)) ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** For the lowest byte of `value`. */
function entry(following: number, value: number): number {
  return TABLE[(following << 8) | (value & 0xff)] ?? 0;
}

function table(): Int32Array {
  const all = Int32Array.from({ length: 256 }, (_, byte) => afterByte(byte));
  const made = new Int32Array(STEP_BYTES * 256);
  for (let following = 0, of = all; following < STEP_BYTES; following++) {
    made.set(of, following << 8);
    of = of.map((crc) => (all[crc & 0xff] ?? 0) ^ (crc >>> 8));
  }
  return made;
}

function afterByte(byte: number): number {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  return crc;
}
