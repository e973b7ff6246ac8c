import type { StepEvent, StepKind } from '../../events.ts';
import { upperBound } from '../job-view.ts';
import { byStart } from '../launches.ts';

/** Fields that have a column; an event that says more is kept as it is. */
const COLUMN_FIELDS: ReadonlySet<string> = new Set([
  'type',
  'job',
  'attempt',
  'step',
  'start_us',
  'end_us',
  'rank',
  'tokens',
  'count',
  'kind',
]);
const KINDS: readonly (StepKind | undefined)[] = [undefined, 'train', 'eval', 'warmup', 'profile'];
const ROWS_FIRST = 256;
/** Stands for a number that was not told; none of the columns can be negative otherwise. */
const ABSENT = -1;

/**
 * The step events of one job in order of start, each once, as columns of numbers: about 60 bytes an event, where an
 * object takes ten times that. Events with labels or phases are kept whole beside.
 */
export class StepColumns {
  readonly #job: string;
  #length = 0;
  #attempt = new Float64Array(ROWS_FIRST);
  #step = new Float64Array(ROWS_FIRST);
  #start = new Float64Array(ROWS_FIRST);
  #end = new Float64Array(ROWS_FIRST);
  #rank = new Float64Array(ROWS_FIRST);
  #tokens = new Float64Array(ROWS_FIRST);
  #count = new Float64Array(ROWS_FIRST);
  #kind = new Uint8Array(ROWS_FIRST);
  /** Events kept whole, by row; a row without one has no entry. */
  #whole = new Map<number, StepEvent>();

  constructor(job: string) {
    this.#job = job;
  }

  get length(): number {
    return this.#length;
  }

  start(row: number): number {
    return this.#start[row] ?? Number.NaN;
  }

  /** First row that starts at or after a time. */
  rowAt(time_us: number): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#start[middle] ?? 0) < time_us) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** First row that starts after a time. */
  rowAfter(time_us: number): number {
    return upperBound(this.#length, (row) => this.#start[row] ?? 0, time_us);
  }

  event(row: number): StepEvent {
    const whole = this.#whole.get(row);
    if (whole !== undefined) return whole;
    const event: { -readonly [Field in keyof StepEvent]: StepEvent[Field] } = {
      type: 'step',
      job: this.#job,
      step: this.#step[row] ?? Number.NaN,
      start_us: this.#start[row] ?? Number.NaN,
    };
    const [attempt, end_us, rank] = [this.#attempt[row], this.#end[row], this.#rank[row]];
    const [tokens, count, kind] = [this.#tokens[row], this.#count[row], KINDS[this.#kind[row] ?? 0]];
    if (attempt !== undefined && attempt !== ABSENT) event.attempt = attempt;
    if (end_us !== undefined && end_us !== ABSENT) event.end_us = end_us;
    if (rank !== undefined && rank !== ABSENT) event.rank = rank;
    if (tokens !== undefined && tokens !== ABSENT) event.tokens = tokens;
    if (count !== undefined && count !== ABSENT) event.count = count;
    if (kind !== undefined) event.kind = kind;
    return event;
  }

  events(from: number, to: number): StepEvent[] {
    const list: StepEvent[] = [];
    for (let row = from; row < Math.min(to, this.#length); row++) list.push(this.event(row));
    return list;
  }

  /** Adds events in any order. Resolves to the earliest start of what was not there before; undefined: all was. */
  add(events: readonly StepEvent[]): number | undefined {
    const fresh = this.#unknown([...events].sort(byStart));
    const first = fresh[0];
    if (first === undefined) return undefined;
    this.#reserve(this.#length + fresh.length);
    let from = this.#length - 1;
    let to = this.#length + fresh.length - 1;
    this.#length += fresh.length;
    for (let index = fresh.length - 1; index >= 0; index--) {
      const event = fresh[index];
      if (event === undefined) continue;
      while (from >= 0 && this.#isAfter(from, event)) this.#move(from--, to--);
      this.#write(to--, event);
    }
    return first.start_us;
  }

  #unknown(sorted: readonly StepEvent[]): StepEvent[] {
    const fresh: StepEvent[] = [];
    for (const event of sorted) {
      const last = fresh.at(-1);
      if (last !== undefined && byStart(last, event) === 0) continue;
      if (!this.#has(event)) fresh.push(event);
    }
    return fresh;
  }

  #has(event: StepEvent): boolean {
    if (this.#length === 0 || this.start(this.#length - 1) < event.start_us) return false;
    for (let row = this.rowAt(event.start_us); this.#start[row] === event.start_us; row++) {
      if (row >= this.#length) return false;
      if (this.#step[row] === event.step && byStart(this.event(row), event) === 0) return true;
    }
    return false;
  }

  #isAfter(row: number, event: StepEvent): boolean {
    const start_us = this.#start[row] ?? 0;
    if (start_us !== event.start_us) return start_us > event.start_us;
    return byStart(this.event(row), event) > 0;
  }

  #write(row: number, event: StepEvent): void {
    this.#attempt[row] = event.attempt ?? ABSENT;
    this.#step[row] = event.step;
    this.#start[row] = event.start_us;
    this.#end[row] = event.end_us ?? ABSENT;
    this.#rank[row] = event.rank ?? ABSENT;
    this.#tokens[row] = event.tokens ?? ABSENT;
    this.#count[row] = event.count ?? ABSENT;
    this.#kind[row] = KINDS.indexOf(event.kind);
    if (!fits(event)) this.#whole.set(row, event);
  }

  #move(from: number, to: number): void {
    for (const column of this.#columns()) column[to] = column[from] ?? 0;
    const whole = this.#whole.get(from);
    if (whole === undefined) return;
    this.#whole.set(to, whole);
    this.#whole.delete(from);
  }

  #columns(): (Float64Array | Uint8Array)[] {
    return [
      this.#attempt,
      this.#step,
      this.#start,
      this.#end,
      this.#rank,
      this.#tokens,
      this.#count,
      this.#kind,
    ];
  }

  #reserve(rows: number): void {
    if (rows <= this.#kind.length) return;
    // by half again: doubling would hold too much of a long job's memory empty
    const capacity = Math.max(rows, Math.ceil(this.#kind.length * 1.5));
    this.#attempt = grown(this.#attempt, capacity);
    this.#step = grown(this.#step, capacity);
    this.#start = grown(this.#start, capacity);
    this.#end = grown(this.#end, capacity);
    this.#rank = grown(this.#rank, capacity);
    this.#tokens = grown(this.#tokens, capacity);
    this.#count = grown(this.#count, capacity);
    const kind = new Uint8Array(capacity);
    kind.set(this.#kind);
    this.#kind = kind;
  }
}

function fits(event: StepEvent): boolean {
  for (const [field, value] of Object.entries(event)) {
    if (!COLUMN_FIELDS.has(field) || (typeof value === 'number' && value < 0)) return false;
  }
  return true;
}

function grown(column: Float64Array, capacity: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(capacity);
  larger.set(column);
  return larger;
}
