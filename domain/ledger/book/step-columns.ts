import type { StepEvent, StepKind } from '../../events.ts';
import { upperBound } from '../job-view.ts';
import { byStart } from '../launches.ts';
import { NumberColumn } from './number-column.ts';

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
/** Stands for a number that was not told; none of the columns can be negative otherwise. */
const ABSENT = -1;
/** Attempts, ranks and counts are kept in half the room of other numbers; an event with a larger one is kept as it is. */
const SMALL_MAX = 2 ** 31 - 1;

/**
 * The step events of one job in order of start, each once, as columns of numbers: about 45 bytes an event, where an
 * object takes ten times that. Events with labels or phases are kept whole beside.
 */
export class StepColumns {
  readonly #job: string;
  #length = 0;
  readonly #attempt = smallColumn();
  readonly #step = column();
  readonly #start = column();
  readonly #end = column();
  readonly #rank = smallColumn();
  readonly #tokens = column();
  readonly #count = smallColumn();
  readonly #kind = new NumberColumn((length) => new Uint8Array(length));
  readonly #columns = [
    this.#attempt,
    this.#step,
    this.#start,
    this.#end,
    this.#rank,
    this.#tokens,
    this.#count,
    this.#kind,
  ];
  /** Events kept whole, by row; a row without one has no entry. */
  #whole = new Map<number, StepEvent>();

  constructor(job: string) {
    this.#job = job;
  }

  get length(): number {
    return this.#length;
  }

  start(row: number): number {
    return this.#start.at(row);
  }

  /** First row that starts at or after a time. */
  rowAt(time_us: number): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#start.at(middle) < time_us) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** First row that starts after a time. */
  rowAfter(time_us: number): number {
    return upperBound(this.#length, (row) => this.#start.at(row), time_us);
  }

  event(row: number): StepEvent {
    const whole = this.#whole.get(row);
    if (whole !== undefined) return whole;
    const event: { -readonly [Field in keyof StepEvent]: StepEvent[Field] } = {
      type: 'step',
      job: this.#job,
      step: this.#step.at(row),
      start_us: this.#start.at(row),
    };
    const [attempt, end_us, rank] = [this.#attempt.at(row), this.#end.at(row), this.#rank.at(row)];
    const [tokens, count, kind] = [this.#tokens.at(row), this.#count.at(row), KINDS[this.#kind.at(row)]];
    if (attempt !== ABSENT) event.attempt = attempt;
    if (end_us !== ABSENT) event.end_us = end_us;
    if (rank !== ABSENT) event.rank = rank;
    if (tokens !== ABSENT) event.tokens = tokens;
    if (count !== ABSENT) event.count = count;
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
    for (let row = this.rowAt(event.start_us); this.#start.at(row) === event.start_us; row++) {
      if (row >= this.#length) return false;
      if (this.#step.at(row) === event.step && byStart(this.event(row), event) === 0) return true;
    }
    return false;
  }

  #isAfter(row: number, event: StepEvent): boolean {
    const start_us = this.#start.at(row);
    if (start_us !== event.start_us) return start_us > event.start_us;
    return byStart(this.event(row), event) > 0;
  }

  #write(row: number, event: StepEvent): void {
    this.#attempt.set(row, event.attempt ?? ABSENT);
    this.#step.set(row, event.step);
    this.#start.set(row, event.start_us);
    this.#end.set(row, event.end_us ?? ABSENT);
    this.#rank.set(row, event.rank ?? ABSENT);
    this.#tokens.set(row, event.tokens ?? ABSENT);
    this.#count.set(row, event.count ?? ABSENT);
    this.#kind.set(row, KINDS.indexOf(event.kind));
    if (!fits(event)) this.#whole.set(row, event);
  }

  #move(from: number, to: number): void {
    for (const column of this.#columns) column.set(to, column.at(from));
    const whole = this.#whole.get(from);
    if (whole === undefined) return;
    this.#whole.set(to, whole);
    this.#whole.delete(from);
  }

  #reserve(rows: number): void {
    for (const column of this.#columns) column.reserve(rows);
  }
}

function fits(event: StepEvent): boolean {
  const { attempt = 0, rank = 0, count = 0 } = event;
  if (Math.max(attempt, rank, count) > SMALL_MAX) return false;
  for (const [field, value] of Object.entries(event)) {
    if (!COLUMN_FIELDS.has(field) || (typeof value === 'number' && value < 0)) return false;
  }
  return true;
}

function column(): NumberColumn {
  return new NumberColumn((length) => new Float64Array(length));
}

function smallColumn(): NumberColumn {
  return new NumberColumn((length) => new Int32Array(length));
}
