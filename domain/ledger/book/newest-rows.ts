import type { Segment } from '../ledger-shape.ts';
import type { Chapter } from './chapter.ts';
import { LedgerRows } from './ledger-rows.ts';

/** What all chapters from one on come to. Chapters are a stack, and the first of them moves on with time. */
class NewestSums {
  readonly sums = new LedgerRows();
  /** Those that are in the sums: `chapters[begin]` and all behind it. */
  readonly #own: Chapter[] = [];
  begin = 0;

  /** Brings the sums to `chapters[begin]` and all behind it. */
  move(chapters: readonly Chapter[], begin: number): void {
    const own = this.#own;
    // where the last one is still there, so are all before it
    while (own.length > 0 && chapters[this.begin + own.length - 1] !== own.at(-1)) this.#remove(own.pop());
    if (own.length === 0) this.begin = begin;
    for (let index = this.begin + own.length; index < chapters.length; index++) {
      const chapter = chapters[index];
      if (chapter !== undefined) own.push(this.#add(chapter));
    }
    const forward = Math.min(own.length, begin - this.begin);
    if (forward > 0) for (const chapter of own.splice(0, forward)) this.#remove(chapter);
    if (begin < this.begin) own.unshift(...chapters.slice(begin, this.begin).map((one) => this.#add(one)));
    this.begin = begin;
  }

  #add(chapter: Chapter): Chapter {
    for (const row of chapter.rows) this.sums.add(row);
    return chapter;
  }

  #remove(chapter: Chapter | undefined): void {
    for (const row of chapter?.rows ?? []) this.sums.remove(row);
  }
}

/** Windows of different lengths that are asked for again and again; each goes on with the sums that are nearest to it. */
const WINDOWS_MAX = 12;
const SPANS_MAX = 12;

/**
 * Rows of a book from some time in the past up to where its chapters end, for windows that move on with time: between two
 * askings only the few chapters are added and taken out by which they differ.
 */
export class NewestRows {
  readonly #windows: NewestSums[] = [];
  readonly #spans = new Map<Chapter, ChapterSpans>();

  /** Of `chapters[begin]` and all behind it. Not to be changed. */
  sums(chapters: readonly Chapter[], begin: number): LedgerRows {
    let nearest: NewestSums | undefined;
    for (const one of this.#windows) {
      if (one.begin === begin) nearest = one;
      else if (nearest === undefined || Math.abs(one.begin - begin) < Math.abs(nearest.begin - begin)) {
        nearest = one;
      }
    }
    const isNear = nearest !== undefined && Math.abs(nearest.begin - begin) <= NEAR;
    if (nearest === undefined || (!isNear && this.#windows.length < WINDOWS_MAX)) {
      nearest = new NewestSums();
      this.#windows.push(nearest);
    }
    nearest.move(chapters, begin);
    return nearest.sums;
  }

  /** The rows of one chapter from a time on; `paint` gives its segments, slow first steps still productive. */
  within(chapter: Chapter, from_us: number, paint: () => readonly Segment[]): Segment[] {
    let spans = this.#spans.get(chapter);
    if (spans === undefined) {
      spans = new ChapterSpans(paint());
      const [oldest] = this.#spans.keys();
      if (oldest !== undefined && this.#spans.size >= SPANS_MAX) this.#spans.delete(oldest);
      this.#spans.set(chapter, spans);
    }
    return spans.rowsFrom(from_us);
  }
}

const NEAR = 2;

/** Segments of a chapter as columns: what they are, and where each begins. */
class ChapterSpans {
  readonly #from: Float64Array;
  readonly #to: Float64Array;
  readonly #kind: Uint32Array;
  readonly #kinds: Segment[] = [];

  constructor(segments: readonly Segment[]) {
    this.#from = new Float64Array(segments.length);
    this.#to = new Float64Array(segments.length);
    this.#kind = new Uint32Array(segments.length);
    const places = new Map<string, number>();
    for (const [index, segment] of segments.entries()) {
      this.#from[index] = segment.from_us;
      this.#to[index] = segment.to_us;
      this.#kind[index] = this.#placeOf(segment, places);
    }
  }

  #placeOf(segment: Segment, places: Map<string, number>): number {
    const last = this.#kinds.length - 1;
    const key = LedgerRows.keyOf(segment);
    const known = places.get(key);
    if (known !== undefined) return known;
    this.#kinds.push({ ...segment, step: undefined });
    places.set(key, last + 1);
    return last + 1;
  }

  rowsFrom(from_us: number): Segment[] {
    const lengths = this.#kinds.map(() => 0);
    for (let index = this.#from.length - 1; index >= 0; index--) {
      const to_us = this.#to[index] ?? 0;
      if (to_us <= from_us) break;
      const kind = this.#kind[index] ?? 0;
      lengths[kind] = (lengths[kind] ?? 0) + to_us - Math.max(this.#from[index] ?? 0, from_us);
    }
    return this.#kinds.flatMap((kind, index) => {
      const us = lengths[index] ?? 0;
      return us === 0 ? [] : [{ ...kind, to_us: kind.from_us + us }];
    });
  }
}
