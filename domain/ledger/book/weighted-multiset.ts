/** Values of one block before it is split: small enough to move on every insert, large enough for few blocks. */
const BLOCK_MAX = 128;

interface Block {
  readonly values: Float64Array;
  readonly weights: Float64Array;
  size: number;
  weight: number;
}

/**
 * An exact multiset of numbers with weights that grows and shrinks: insert, remove and the value at a rank in far less
 * than its size. Equal values share one place, so step times of whole microseconds stay few however many steps there are.
 */
export class WeightedMultiset {
  #blocks: Block[] = [];
  #total = 0;

  /** Sum of all weights. */
  get total(): number {
    return this.#total;
  }

  add(value: number, weight: number): void {
    this.#total += weight;
    const at = this.#blockOf(value);
    const block = this.#blocks[at];
    if (block === undefined) {
      this.#blocks.push(blockOf(value, weight));
      return;
    }
    block.weight += weight;
    const position = lowerBound(block, value);
    if (position < block.size && block.values[position] === value) {
      block.weights[position] = (block.weights[position] ?? 0) + weight;
      return;
    }
    block.values.copyWithin(position + 1, position, block.size);
    block.weights.copyWithin(position + 1, position, block.size);
    block.values[position] = value;
    block.weights[position] = weight;
    block.size++;
    if (block.size === BLOCK_MAX) this.#blocks.splice(at + 1, 0, upperHalf(block));
  }

  /** Takes out what was added before. @throws RangeError where it was not */
  remove(value: number, weight: number): void {
    const at = this.#blockOf(value);
    const block = this.#blocks[at];
    const position = block === undefined ? 0 : lowerBound(block, value);
    if (block === undefined || position >= block.size || block.values[position] !== value) {
      throw new RangeError(`the multiset does not hold ${value}`);
    }
    const left = (block.weights[position] ?? 0) - weight;
    if (left < 0) throw new RangeError(`the multiset holds less than ${weight} of ${value}`);
    this.#total -= weight;
    block.weight -= weight;
    block.weights[position] = left;
    if (left > 0) return;
    block.values.copyWithin(position, position + 1, block.size);
    block.weights.copyWithin(position, position + 1, block.size);
    block.size--;
    if (block.size === 0) this.#blocks.splice(at, 1);
  }

  /** Median as `statistics.median` gives it for the same sample: type 7, undefined when empty. */
  median(): number | undefined {
    if (this.#total === 0) return undefined;
    const position = 0.5 * (this.#total - 1);
    const below = this.#atRank(Math.floor(position));
    const above = this.#atRank(Math.ceil(position));
    return below + (above - below) * (position - Math.floor(position));
  }

  #atRank(rank: number): number {
    let seen = 0;
    for (const block of this.#blocks) {
      if (seen + block.weight <= rank) {
        seen += block.weight;
        continue;
      }
      for (let index = 0; index < block.size; index++) {
        seen += block.weights[index] ?? 0;
        if (seen > rank) return block.values[index] ?? Number.NaN;
      }
    }
    return Number.NaN;
  }

  /** The last block that begins at or below the value; the first where none does. */
  #blockOf(value: number): number {
    let low = 0;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#blocks[middle]?.values[0] ?? 0) <= value) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }
}

function blockOf(value: number, weight: number): Block {
  const block = emptyBlock(1, weight);
  block.values[0] = value;
  block.weights[0] = weight;
  return block;
}

function emptyBlock(size: number, weight: number): Block {
  return { values: new Float64Array(BLOCK_MAX), weights: new Float64Array(BLOCK_MAX), size, weight };
}

function upperHalf(block: Block): Block {
  const half = block.size >>> 1;
  const upper = emptyBlock(block.size - half, 0);
  upper.values.set(block.values.subarray(half, block.size));
  upper.weights.set(block.weights.subarray(half, block.size));
  for (let index = 0; index < upper.size; index++) upper.weight += upper.weights[index] ?? 0;
  block.size = half;
  block.weight -= upper.weight;
  return upper;
}

function lowerBound({ values, size }: Block, value: number): number {
  let low = 0;
  let high = size;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
