const FIRST = 256;
const CHUNK_BITS = 14;
const CHUNK = 2 ** CHUNK_BITS;

type Numbers = Float64Array | Int32Array | Uint8Array;

/**
 * A column of numbers that grows at its end. A long one is kept in chunks: growing copies nothing then, where one array
 * would be held twice while it is copied, and empty to a third afterwards. A short one is a single small chunk.
 */
export class NumberColumn {
  readonly #make: (length: number) => Numbers;
  readonly #chunks: Numbers[];

  /** @param make an array of the column's kind of numbers */
  constructor(make: (length: number) => Numbers) {
    this.#make = make;
    this.#chunks = [make(FIRST)];
  }

  /** The number of a row; NaN where there is no such row. */
  at(row: number): number {
    return this.#chunks[row >>> CHUNK_BITS]?.[row & (CHUNK - 1)] ?? Number.NaN;
  }

  /** @param row below what was reserved; a number that the kind cannot hold is cut as that kind cuts it */
  set(row: number, value: number): void {
    const chunk = this.#chunks[row >>> CHUNK_BITS];
    if (chunk !== undefined) chunk[row & (CHUNK - 1)] = value;
  }

  /** Makes room for so many rows. */
  reserve(rows: number): void {
    const first = this.#chunks[0];
    if (first !== undefined && first.length < Math.min(rows, CHUNK)) {
      const larger = this.#make(Math.min(CHUNK, Math.max(rows, first.length * 2)));
      larger.set(first);
      this.#chunks[0] = larger;
    }
    while (this.#chunks.length * CHUNK < rows) this.#chunks.push(this.#make(CHUNK));
  }
}
