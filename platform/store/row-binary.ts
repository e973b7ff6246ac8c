/**
 * Writes ClickHouse RowBinary: values one after another in column order, little-endian, no separators.
 * https://clickhouse.com/docs/interfaces/formats/RowBinary
 *
 * One growing buffer for many rows, so that a sample costs no object of its own. LowCardinality(T) is written as T,
 * DateTime64(3) as int64 milliseconds, Map as its size and then key, value, key, value.
 */
export class RowBinaryWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(initialBytes = 16 * 1024) {
    this.#bytes = new Uint8Array(Math.max(initialBytes, 64));
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  uint8(value: number): void {
    this.#reserve(1);
    this.#view.setUint8(this.#length, value);
    this.#length += 1;
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
  }

  uint64(value: bigint): void {
    this.#reserve(8);
    this.#view.setBigUint64(this.#length, value, true);
    this.#length += 8;
  }

  int32(value: number): void {
    this.#reserve(4);
    this.#view.setInt32(this.#length, value, true);
    this.#length += 4;
  }

  /** A number must be a safe integer: microseconds and milliseconds since the epoch are. */
  int64(value: bigint | number): void {
    this.#reserve(8);
    if (typeof value === 'bigint') {
      this.#view.setBigInt64(this.#length, value, true);
    } else {
      if (!Number.isSafeInteger(value)) throw new RangeError(`int64 takes a safe integer, got ${value}`);
      // Two halves instead of a BigInt: this is the timestamp of every row.
      const high = Math.floor(value / 2 ** 32);
      this.#view.setUint32(this.#length, value - high * 2 ** 32, true);
      this.#view.setInt32(this.#length + 4, high, true);
    }
    this.#length += 8;
  }

  float64(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  /** A float64 by its bits: a NaN's payload (Prometheus's staleness marker) does not survive being a JS number. */
  float64Bits(bits: bigint): void {
    this.uint64(bits);
  }

  string(value: string): void {
    // UTF-8 takes at most three bytes per UTF-16 unit; the length goes before the bytes, so encode behind a gap.
    this.#reserve(value.length * 3 + 5);
    const gap = varintSize(value.length);
    const start = this.#length + gap;
    const { written } = encoder.encodeInto(value, this.#bytes.subarray(start));
    const size = varintSize(written);
    if (size !== gap) this.#bytes.copyWithin(this.#length + size, start, start + written);
    this.#varint(written);
    this.#length += written;
  }

  nullableFloat64(value: number | null): void {
    this.uint8(value === null ? 1 : 0);
    if (value !== null) this.float64(value);
  }

  nullableInt32(value: number | null): void {
    this.uint8(value === null ? 1 : 0);
    if (value !== null) this.int32(value);
  }

  map<K, V>(
    entries: readonly (readonly [K, V])[],
    writeKey: (key: K) => void,
    writeValue: (value: V) => void,
  ): void {
    this.#reserve(5);
    this.#varint(entries.length);
    for (const [key, value] of entries) {
      writeKey(key);
      writeValue(value);
    }
  }

  /** A copy of what was written; the writer can go on. */
  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** Forgets what was written and keeps the buffer. */
  clear(): void {
    this.#length = 0;
  }

  #varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

const encoder = new TextEncoder();

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) size++;
  return size;
}
