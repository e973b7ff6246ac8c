import { upperBound } from '../../../domain/ledger/job-view.ts';
import type { Segment } from '../../../domain/ledger/ledger-shape.ts';
import { stretchesOf } from '../../../domain/ledger/stretches.ts';

const SIZE_FIRST = 64;

/** What of a stretch was replaced, and by what: both in order, both over the same time but at the very end. */
export interface Replacement {
  readonly before: readonly Segment[];
  readonly now: readonly Segment[];
}

/**
 * The stretches of a job, which follow each other without gap, as columns: where each begins, and what it is. A job that
 * makes a step a second with pauses between has thousands an hour.
 */
export class StretchList {
  #from = new Float64Array(SIZE_FIRST);
  #kind = new Uint32Array(SIZE_FIRST);
  #length = 0;
  #until_us = Number.NEGATIVE_INFINITY;
  readonly #kinds: Segment[] = [];
  readonly #places = new Map<string, number>();
  /** How to go back to what was there before the edits since the last `accept`. */
  #undo: (() => void)[] = [];

  /** @param segments without gap and overlap; steps in them are told as stretches */
  constructor(segments: readonly Segment[]) {
    this.replace(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, segments);
    this.accept();
  }

  get until_us(): number {
    return this.#until_us;
  }

  get first(): Segment | undefined {
    return this.#length === 0 ? undefined : this.#stretch(0);
  }

  get last(): Segment | undefined {
    return this.#length === 0 ? undefined : this.#stretch(this.#length - 1);
  }

  /**
   * Puts `segments`, which cover `[from_us, to_us)`, in the place of what is there. An infinite end is that of the list.
   * The answer begins where something differs; neighbours are in it, since they may become one with what is new.
   */
  replace(from_us: number, to_us: number, segments: readonly Segment[]): Replacement {
    const first = Math.max(0, this.#indexAt(from_us) - (this.#beginsAt(from_us) ? 1 : 0));
    const isToEnd = to_us >= this.#until_us;
    const last = isToEnd ? this.#length - 1 : this.#indexAt(to_us);
    const left = last < first ? [] : clippedTo(this.#stretch(first), Number.NEGATIVE_INFINITY, from_us);
    const right = isToEnd ? [] : clippedTo(this.#stretch(last), to_us, Number.POSITIVE_INFINITY);
    const whole = stretchesOf([...left, ...segments, ...right]);
    const until_us = isToEnd ? (whole.at(-1)?.to_us ?? from_us) : this.#until_us;
    let same = 0;
    while (first + same <= last && this.#is(first + same, whole[same])) same++;
    const now = whole.slice(same);
    const before: Segment[] = [];
    for (let index = first + same; index <= last; index++) before.push(this.#stretch(index));
    this.#splice(first + same, before.length, now, until_us);
    return { before, now };
  }

  #is(index: number, segment: Segment | undefined): boolean {
    if (segment === undefined || this.#from[index] !== segment.from_us) return false;
    return this.#end(index) === segment.to_us && this.#kind[index] === this.#placeOf(segment);
  }

  /** The edits hold. */
  accept(): void {
    this.#undo = [];
  }

  /** Takes back the edits since the last `accept`. */
  revert(): void {
    for (const undo of this.#undo.reverse()) undo();
    this.#undo = [];
  }

  /** Microseconds up to a time: productive ones, and all that are not excluded. */
  sums(until_us: number): { readonly productive_us: number; readonly whole_us: number } {
    let [productive_us, whole_us] = [0, 0];
    for (let index = 0; index < this.#length; index++) {
      const { bucket } = this.#kinds[this.#kind[index] ?? 0] ?? {};
      const us = Math.min(this.#end(index), until_us) - (this.#from[index] ?? 0);
      if (us <= 0 || bucket === 'excluded') continue;
      whole_us += us;
      if (bucket === 'productive') productive_us += us;
    }
    return { productive_us, whole_us };
  }

  #beginsAt(time_us: number): boolean {
    return this.#from[this.#indexAt(time_us)] === time_us;
  }

  /** The stretch that a time lies in; the first one where it lies before all. */
  #indexAt(time_us: number): number {
    return Math.max(0, upperBound(this.#length, (index) => this.#from[index] ?? 0, time_us) - 1);
  }

  #end(index: number): number {
    return index + 1 < this.#length ? (this.#from[index + 1] ?? 0) : this.#until_us;
  }

  #stretch(index: number): Segment {
    const kind = this.#kinds[this.#kind[index] ?? 0];
    if (kind === undefined) throw new Error('a stretch without a kind');
    return { ...kind, from_us: this.#from[index] ?? 0, to_us: this.#end(index) };
  }

  #splice(at: number, removed: number, added: readonly Segment[], until_us: number): void {
    const old_from = this.#from.slice(at, at + removed);
    const old_kind = this.#kind.slice(at, at + removed);
    const old_until_us = this.#until_us;
    this.#put(at, removed, added.length);
    for (const [index, segment] of added.entries()) {
      this.#from[at + index] = segment.from_us;
      this.#kind[at + index] = this.#placeOf(segment);
    }
    this.#until_us = until_us;
    this.#undo.push(() => {
      this.#put(at, added.length, removed);
      this.#from.set(old_from, at);
      this.#kind.set(old_kind, at);
      this.#until_us = old_until_us;
    });
  }

  /** Makes room for `added` entries where `removed` were. */
  #put(at: number, removed: number, added: number): void {
    const length = this.#length - removed + added;
    if (length > this.#kind.length) this.#grow(Math.ceil(length * 1.5));
    this.#from.copyWithin(at + added, at + removed, this.#length);
    this.#kind.copyWithin(at + added, at + removed, this.#length);
    this.#length = length;
  }

  #grow(size: number): void {
    const [from, kind] = [new Float64Array(size), new Uint32Array(size)];
    from.set(this.#from);
    kind.set(this.#kind);
    this.#from = from;
    this.#kind = kind;
  }

  #placeOf(segment: Segment): number {
    for (const place of this.#newest) if (isAlike(this.#kinds[place], segment)) return place;
    const place = this.#searched(segment);
    this.#newest.unshift(place);
    if (this.#newest.length > NEWEST_MAX) this.#newest.pop();
    return place;
  }
  /** Stretches are mostly of few kinds that take turns. */
  readonly #newest: number[] = [];

  #searched(segment: Segment): number {
    const { bucket, attempt, name, cause, devices, stepping } = segment;
    const key = JSON.stringify([bucket, attempt, name, cause, devices, stepping]);
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    this.#kinds.push({ ...segment, step: undefined });
    this.#places.set(key, this.#kinds.length - 1);
    return this.#kinds.length - 1;
  }
}

const NEWEST_MAX = 4;

function isAlike(a: Segment | undefined, b: Segment): boolean {
  return (
    a?.bucket === b.bucket &&
    a.attempt === b.attempt &&
    a.name === b.name &&
    a.cause === b.cause &&
    a.devices === b.devices &&
    a.stepping === b.stepping
  );
}

function clippedTo(segment: Segment, from_us: number, to_us: number): Segment[] {
  const [begin_us, end_us] = [Math.max(segment.from_us, from_us), Math.min(segment.to_us, to_us)];
  return end_us > begin_us ? [{ ...segment, from_us: begin_us, to_us: end_us }] : [];
}
