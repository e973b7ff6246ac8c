import type { Labels } from '../../events.ts';
import type { Segment, StepExecution } from '../../ledger/ledger-shape.ts';
import type { Excess } from '../../ledger/paint.ts';
import { withStartup } from '../../ledger/paint.ts';
import type { KeptStep } from '../throughput.ts';
import { groupsOf, lengthOf, type Piece, piecesOf } from '../work-table.ts';

const ROWS_FIRST = 64;
const KINDS = ['train', 'eval', 'warmup', 'profile'] as const satisfies StepExecution['kind'][];
const NO_LABELS: Labels = {};

/** A stretch of productive time, and the devices that trained in it; NaN where nobody said. */
export interface WeightedLength {
  readonly us: number;
  readonly weight: number;
}

/** What an execution leaves to its specification: tokens and devices where it does not say its own. */
export interface KeptDefaults {
  readonly tokens_per_step: number | null;
  readonly devices: number | null;
}

/**
 * The kept executions of a job that are sealed, oldest first, as columns of numbers: about 80 bytes each. Slow first steps
 * are still productive in them: what of those is start-up changes as their attempts go on.
 */
export class KeptRows {
  #length = 0;
  #attempt = new Float64Array(ROWS_FIRST);
  #step = new Float64Array(ROWS_FIRST);
  #count = new Float64Array(ROWS_FIRST);
  #start = new Float64Array(ROWS_FIRST);
  #end = new Float64Array(ROWS_FIRST);
  #net = new Float64Array(ROWS_FIRST);
  #tokens = new Float64Array(ROWS_FIRST);
  #devices = new Float64Array(ROWS_FIRST);
  #productive = new Float64Array(ROWS_FIRST);
  #weight = new Float64Array(ROWS_FIRST);
  #kind = new Uint8Array(ROWS_FIRST);
  /** Of few rows. */
  readonly #labels = new Map<number, Labels>();
  readonly #excluded_us = new Map<number, number>();
  readonly #pieces = new Map<number, readonly WeightedLength[]>();
  readonly #firsts = new Map<number, readonly Segment[]>();

  get length(): number {
    return this.#length;
  }

  /** Rows of first kept executions of attempts, with the segments they reach over. */
  get firsts(): ReadonlyMap<number, readonly Segment[]> {
    return this.#firsts;
  }

  /** Adds the kept executions of a stretch behind those there are; `segments` with slow first steps still productive. */
  add(part: { readonly segments: readonly Segment[]; readonly steps: readonly StepExecution[] }): void {
    const { list, excluded_us } = piecesOf(part);
    for (const { step, from, to, productive_us } of groupsOf(list)) {
      if (step === undefined) continue;
      const row = this.#push(step, productive_us);
      const excluded = excluded_us.get(step) ?? 0;
      if (excluded > 0) this.#excluded_us.set(row, excluded);
      this.#weight[row] = list[from]?.weight ?? Number.NaN;
      if (to - from > 1) this.#pieces.set(row, list.slice(from, to).map(weightedLength));
      if (step.first_of_attempt) this.#firsts.set(row, reachedBy(step, part.segments));
    }
  }

  truncate(length: number): void {
    for (let row = length; row < this.#length; row++) {
      for (const few of [this.#labels, this.#excluded_us, this.#pieces, this.#firsts]) few.delete(row);
    }
    this.#length = Math.min(this.#length, length);
  }

  isTrain(row: number): boolean {
    return this.#kind[row] === 0;
  }

  isUnlogged(row: number): boolean {
    return this.#labels.get(row)?.['unlogged'] === true;
  }

  stretch(row: number): { readonly from_us: number; readonly to_us: number } {
    return { from_us: this.#start[row] ?? Number.NaN, to_us: this.#end[row] ?? Number.NaN };
  }

  /** Seconds of one step, as of a {@link KeptStep}. */
  stepSeconds(row: number): number {
    return (this.#net[row] ?? 0) / 1e6 / (this.#count[row] ?? 1);
  }

  count(row: number): number {
    return this.#count[row] ?? 0;
  }

  productive(row: number): number {
    return this.#productive[row] ?? 0;
  }

  excluded(row: number): number {
    return this.#excluded_us.get(row) ?? 0;
  }

  /** Its productive time in pieces, in order. */
  pieces(row: number): readonly WeightedLength[] {
    const us = this.productive(row);
    return this.#pieces.get(row) ?? [{ us, weight: this.#weight[row] ?? Number.NaN }];
  }

  /** The pieces of a first execution, and how much of it is excluded, once its start-up is taken out. */
  firstPieces(row: number, excess: Excess | undefined): ReturnType<typeof piecesOf> {
    return piecesOf({ segments: this.firstSegments(row, excess), steps: [this.execution(row)] });
  }

  /** The segments that a first execution reaches over, its start-up told apart. */
  firstSegments(row: number, excess: Excess | undefined): readonly Segment[] {
    const plain = this.#firsts.get(row) ?? [];
    return excess === undefined ? plain : withStartup(plain, [excess]);
  }

  /** The row of a first execution that reaches over just this. */
  firstAt({ from_us, to_us }: { readonly from_us: number; readonly to_us: number }): number | undefined {
    for (const row of this.#firsts.keys()) {
      if (this.#start[row] === from_us && this.#end[row] === to_us) return row;
    }
    return undefined;
  }

  execution(row: number): StepExecution {
    return {
      attempt: this.#attempt[row] ?? 0,
      step: this.#step[row] ?? 0,
      count: this.#count[row] ?? 1,
      start_us: this.#start[row] ?? 0,
      end_us: this.#end[row] ?? 0,
      net_us: this.#net[row] ?? 0,
      fate: 'productive',
      first_of_attempt: this.#firsts.has(row),
      kind: KINDS[this.#kind[row] ?? 0] ?? 'train',
      tokens: known(this.#tokens[row]),
      labels: this.#labels.get(row) ?? NO_LABELS,
      devices: known(this.#devices[row]),
    };
  }

  keptStep(row: number, defaults: KeptDefaults): KeptStep {
    return keptStepOf(this.execution(row), defaults);
  }

  #push(step: StepExecution, productive_us: number): number {
    const row = this.#length;
    if (row === this.#kind.length) this.#grow();
    this.#attempt[row] = step.attempt;
    this.#step[row] = step.step;
    this.#count[row] = step.count;
    this.#start[row] = step.start_us;
    this.#end[row] = step.end_us;
    this.#net[row] = step.net_us;
    this.#tokens[row] = step.tokens ?? Number.NaN;
    this.#devices[row] = step.devices ?? Number.NaN;
    this.#productive[row] = productive_us;
    this.#kind[row] = KINDS.indexOf(step.kind);
    if (Object.keys(step.labels).length > 0) this.#labels.set(row, step.labels);
    this.#length++;
    return row;
  }

  #grow(): void {
    const capacity = Math.ceil(this.#kind.length * 1.5);
    this.#attempt = grown(this.#attempt, capacity);
    this.#step = grown(this.#step, capacity);
    this.#count = grown(this.#count, capacity);
    this.#start = grown(this.#start, capacity);
    this.#end = grown(this.#end, capacity);
    this.#net = grown(this.#net, capacity);
    this.#tokens = grown(this.#tokens, capacity);
    this.#devices = grown(this.#devices, capacity);
    this.#productive = grown(this.#productive, capacity);
    this.#weight = grown(this.#weight, capacity);
    const kind = new Uint8Array(capacity);
    kind.set(this.#kind);
    this.#kind = kind;
  }
}

/** A kept train step that tells no phases, as `keptSteps` makes it. */
export function keptStepOf(step: StepExecution, defaults: KeptDefaults): KeptStep {
  const { tokens, count } = step;
  return {
    attempt: step.attempt,
    step: step.step,
    count,
    step_s: step.net_us / 1e6 / count,
    tokens: tokens === undefined ? (defaults.tokens_per_step ?? undefined) : tokens / count,
    devices: step.devices ?? defaults.devices ?? undefined,
    start_us: step.start_us,
    end_us: step.end_us,
    compute_s: undefined,
    labels: step.labels,
  };
}

function weightedLength(piece: Piece): WeightedLength {
  return { us: lengthOf(piece), weight: piece.weight ?? Number.NaN };
}

function reachedBy({ start_us, end_us }: StepExecution, segments: readonly Segment[]): readonly Segment[] {
  return segments.filter((segment) => segment.to_us > start_us && segment.from_us < end_us);
}

function known(value: number | undefined): number | undefined {
  return value === undefined || Number.isNaN(value) ? undefined : value;
}

function grown(column: Float64Array, capacity: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(capacity);
  larger.set(column);
  return larger;
}
