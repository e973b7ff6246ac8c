import { figuresOf } from '../account.ts';
import type { Execution } from '../executions.ts';
import type { Account, LiveLimits, Segment, StepExecution } from '../ledger-shape.ts';
import { type Excess, stepsOf, withStartup } from '../paint.ts';
import { createSegments, isSame } from '../segments.ts';
import { pastStepLimit, resumedHangs, type Stall, type TimedStep } from '../stall.ts';
import type { Chapter, FirstKept } from './chapter.ts';
import { LedgerRows, moveToStartup, rowsOf } from './ledger-rows.ts';
import type { Look } from './look.ts';
import type { NewestRows } from './newest-rows.ts';
import { painted } from './painted-chapter.ts';
import type { Sealed } from './sealing.ts';
import type { Shelved } from './shelf.ts';
import type { StepColumns } from './step-columns.ts';

/** Everything an account of a book is read off. */
export interface BookPage {
  readonly job: string;
  readonly version: number;
  readonly look: Look;
  /** The open stretch, slow first steps still productive. */
  readonly plain: readonly Segment[];
  readonly timed: readonly TimedStep[];
  readonly stall: Stall | undefined;
  readonly step_us: number | undefined;
  readonly live: LiveLimits;
  /** By attempt, its place among the launches. */
  readonly excesses: ReadonlyMap<number, Excess>;
  readonly firsts: ReadonlyMap<number, FirstKept>;
  readonly firstInTail: ReadonlySet<Execution>;
  readonly shelved: Shelved;
  /** Chapters painted lately, slow first steps still productive; a chapter's painting holds for as long as it does. */
  readonly paintings: Map<Chapter, Painting>;
  readonly newest: NewestRows;
  readonly steps: StepColumns;
  readonly ranks_seen: number;
  readonly unchanged_until_us: number;
}

type Figures = Omit<Account, 'segments' | 'steps'>;

/** A repainted stretch. */
export interface Painting {
  readonly segments: readonly Segment[];
  readonly steps: readonly StepExecution[];
  readonly timed: readonly TimedStep[];
}

/**
 * What `accountOf` says of the same events, without having walked them all: figures and sums are at hand, segments and
 * steps are made when they are asked for. It answers until its book makes the next account.
 */
export class BookAccount implements Account {
  readonly job: string;
  readonly from_us: number;
  readonly to_us: number;
  readonly state: Account['state'];
  readonly attempts: Account['attempts'];
  readonly incidents: Account['incidents'];
  readonly lost_steps: number;
  readonly last_step: number | null;
  readonly last_progress_at_us: number | null;
  readonly newest_event_us: number | null;
  readonly overlapped_s: Account['overlapped_s'];
  readonly ranks_seen: number;
  readonly capacity: Account['capacity'];
  /**
   * No segment or step that ended before it differs from this book's account before; 0 for its first. The slow first
   * step of an open attempt is compared with all its others, and mostly moves with each of them: see `unsealed_from_us`.
   */
  readonly unchanged_until_us: number;
  /** Where the open stretch begins: what ended before it stays as it is unless late news or a rollback touches it. */
  readonly unsealed_from_us: number;
  readonly #page: BookPage;
  readonly #version: () => number;
  readonly #paintings = new Map<number, Painting>();

  constructor(page: BookPage, version: () => number) {
    this.#page = page;
    this.#version = version;
    const figures: Figures = figuresOf({
      ...page.look.stretch,
      from_us: page.look.from_us,
      job: page.job,
      stall: page.stall,
      excesses: page.excesses,
      resumed: this.#resumed(),
      overlapped_s: overlapped(page),
      ranks_seen: page.ranks_seen,
    });
    this.job = figures.job;
    this.from_us = figures.from_us;
    this.to_us = figures.to_us;
    this.state = figures.state;
    this.attempts = figures.attempts;
    this.incidents = figures.incidents;
    this.lost_steps = figures.lost_steps;
    this.last_step = figures.last_step;
    this.last_progress_at_us = figures.last_progress_at_us;
    this.newest_event_us = figures.newest_event_us;
    this.overlapped_s = figures.overlapped_s;
    this.ranks_seen = figures.ranks_seen;
    this.capacity = figures.capacity;
    this.unchanged_until_us = Math.max(0, page.unchanged_until_us);
    this.unsealed_from_us = Math.max(page.look.from_us, page.look.stretch.from_us);
  }

  /** Sealed chapters in order. Each stays the same object for as long as what it holds stays the same. */
  get sealed(): readonly Chapter[] {
    return this.#page.shelved.chapters;
  }

  /** The open stretch behind them. */
  get tail(): Pick<Painting, 'segments' | 'steps'> {
    this.#open ??= { segments: this.#tailSegments(), steps: this.#tailSteps() };
    return this.#open;
  }
  #open: Pick<Painting, 'segments' | 'steps'> | undefined;

  /** What of the open stretch the book sealed right after this account: chapters that its next account begins with. */
  justSealed: readonly Sealed[] = [];

  /** Everything from a sealed chapter on, in order; the end of a chapter may cut a segment in two. */
  from(chapter: number): { readonly segments: readonly Segment[]; readonly steps: readonly StepExecution[] } {
    const { chapters } = this.#page.shelved;
    if (chapter >= chapters.length) return this.tail;
    const segments: Segment[] = [];
    const steps: StepExecution[] = [];
    for (let index = chapter; index < chapters.length; index++) {
      const plain = this.plainChapter(index);
      for (const segment of this.#started(index, plain.segments)) segments.push(segment);
      for (const step of plain.steps) steps.push(step);
    }
    segments.push(...this.tail.segments);
    steps.push(...this.tail.steps);
    return { segments, steps };
  }

  /** Segments of a chapter with what of first steps is start-up. */
  #started(index: number, segments: readonly Segment[]): readonly Segment[] {
    const chapter = this.#page.shelved.chapters[index];
    if (chapter === undefined || !this.#hasExcess(chapter)) return segments;
    return withStartup(segments, this.slow_starts);
  }

  /** What of the first kept steps of attempts is start-up, of chapters and of the open stretch. */
  get slow_starts(): readonly Excess[] {
    return [...this.#page.excesses.values()];
  }

  /** Devices held when it began; undefined when nobody said, or nothing began. */
  get devices_at_start(): number | undefined {
    const { list, layer } = this.#page.look.stretch.holdings;
    return this.to_us > this.from_us ? list[layer.item[0] ?? -1]?.devices : undefined;
  }

  get segments(): Segment[] {
    return [...this.segmentsFrom(this.from_us)];
  }

  get steps(): StepExecution[] {
    return [...this.stepsFrom(Number.NEGATIVE_INFINITY)];
  }

  /** Segments that end after a time, in order. */
  segmentsFrom(time_us: number): Segment[] {
    const list = createSegments();
    let first = this.#firstChapter(time_us);
    // one that chapters cut is whole only with its parts in those before
    while (first > 0 && this.#isCutBefore(first)) first--;
    for (let index = first; index < this.#page.shelved.chapters.length; index++) {
      for (const segment of this.#painting(index).segments) list.add(segment);
    }
    for (const segment of this.#tailSegments()) list.add(segment);
    return list.list().filter(({ to_us }) => to_us > time_us);
  }

  /** Segments that reach into `[from_us, to_us)`, in order; one that the end of a chapter cuts may come in two. */
  segmentsBetween(from_us: number, to_us: number): Segment[] {
    const { shelved } = this.#page;
    const list: Segment[] = [];
    const add = (segments: readonly Segment[]) => {
      for (const segment of segments) {
        if (segment.to_us > from_us && segment.from_us < to_us) list.push(segment);
      }
    };
    for (let index = this.#firstChapter(from_us); index < shelved.chapters.length; index++) {
      const chapter = shelved.chapters[index];
      if (chapter === undefined || chapter.from.to_us >= to_us) return list;
      add(this.#started(index, this.plainChapter(index).segments));
    }
    add(this.#tailSegments());
    return list;
  }

  #isCutBefore(index: number): boolean {
    const behind =
      index < this.#page.shelved.chapters.length ? this.#painting(index).segments : this.#tailSegments();
    const last = this.#painting(index - 1).segments.at(-1);
    return last !== undefined && behind[0] !== undefined && isSame(last, behind[0]);
  }

  /** Executions of chapters that end after a time, in order of start: none that ends after it is missing. */
  *stepsFrom(time_us: number): Generator<StepExecution> {
    const { chapters } = this.#page.shelved;
    for (let index = this.#firstChapter(time_us); index < chapters.length; index++) {
      yield* this.#painting(index).steps;
    }
    yield* this.#tailSteps();
  }

  /**
   * Seconds in `[from_us, to_us)`: segments by everything but their step, each as long as all of its kind. Of a time between
   * attempts `from_us` is where that began, also where only a part of it lies inside.
   */
  rows(from_us = this.from_us, to_us = this.to_us): Segment[] {
    if (to_us <= from_us) return [];
    const sums = this.#rowsSince(from_us);
    if (to_us >= this.to_us) return sums.rows();
    for (const row of this.#rowsSince(to_us).rows()) sums.remove(row);
    return sums.rows();
  }

  #rowsSince(from_us: number): LedgerRows {
    if (from_us <= this.from_us) return this.#allRows();
    const { shelved, newest, look, excesses, firsts } = this.#page;
    if (from_us >= look.stretch.from_us) {
      const sums = new LedgerRows();
      for (const row of rowsSince(this.#tailSegments(), from_us)) sums.add(row);
      return sums;
    }
    const first = this.#firstChapter(from_us);
    const chapter = shelved.chapters[first];
    const sums = new LedgerRows(newest.sums(shelved.chapters, first + 1));
    if (chapter !== undefined) {
      for (const row of newest.within(chapter, from_us, () => this.plainChapter(first).segments)) {
        sums.add(row);
      }
    }
    for (const row of this.#tailRows()) sums.add(row);
    for (const [launch, excess] of excesses) {
      if (excess.to_us > from_us) moveToStartup(sums, excess, firsts.get(launch)?.pieces ?? [], from_us);
    }
    return sums;
  }

  #tailRows(): readonly Segment[] {
    this.#rowsOfTail ??= rowsOf(this.#tailSegments());
    return this.#rowsOfTail;
  }
  #rowsOfTail: readonly Segment[] | undefined;

  #allRows(): LedgerRows {
    const { shelved, excesses, firsts } = this.#page;
    const sums = new LedgerRows(shelved.rows);
    for (const row of this.#tailRows()) sums.add(row);
    for (const [launch, excess] of excesses) moveToStartup(sums, excess, firsts.get(launch)?.pieces ?? []);
    return sums;
  }

  #hasExcess({ firsts }: Chapter): boolean {
    return firsts.some(({ execution }) => this.#page.excesses.has(execution.launch));
  }

  #firstChapter(time_us: number): number {
    const { chapters } = this.#page.shelved;
    let low = 0;
    let high = chapters.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((chapters[middle]?.carry.to_us ?? 0) <= time_us) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #tailSegments(): readonly Segment[] {
    const { plain, excesses, look } = this.#page;
    this.#tail ??= withStartup(
      plain,
      [...excesses.values()].filter(({ to_us }) => to_us > look.stretch.from_us),
    );
    return this.#tail;
  }
  #tail: readonly Segment[] | undefined;

  #tailSteps(): StepExecution[] {
    const { look, stall, firstInTail } = this.#page;
    const first = new Set<number>();
    for (const [index, execution] of look.stretch.executions.list.entries()) {
      if (firstInTail.has(execution)) first.add(index);
    }
    return stepsOf(look.stretch, look.measured, first, stall, look.offset);
  }

  /** Hangs that went on by themselves: of chapters, only those that had a step that long are looked into. */
  #resumed(): TimedStep[] {
    const { step_us, live, timed } = this.#page;
    const { chapters, withLong } = this.#page.shelved;
    if (step_us === undefined) return [];
    const isHidden = (longest_us: ReadonlyMap<number, number>) => {
      for (const [count, net_us] of longest_us) {
        if (net_us > pastStepLimit(count, false, step_us, live)) return true;
      }
      return false;
    };
    const resumed: TimedStep[] = [];
    if (isHidden(chapters.at(-1)?.carry.longest_us ?? NONE_LONG)) {
      for (const [index, { long, longest_us }] of chapters.entries()) {
        const candidates = isHidden(longest_us) ? this.#painting(index).timed : long;
        resumed.push(...resumedHangs(candidates, step_us, live));
      }
    } else for (const { long } of withLong) resumed.push(...resumedHangs(long, step_us, live));
    resumed.push(...resumedHangs(timed, step_us, live));
    return resumed;
  }

  /** A chapter's segments and steps, slow first steps still productive; made anew and not kept. */
  plainChapter(index: number): Painting {
    const chapter = this.#page.shelved.chapters[index];
    const known = chapter === undefined ? NOTHING : this.#page.paintings.get(chapter);
    if (known !== undefined || chapter === undefined) return known ?? NOTHING;
    this.#guard();
    return painted(this.#page, chapter);
  }

  #painting(index: number): Painting {
    const known = this.#paintings.get(index);
    if (known !== undefined) return known;
    this.#guard();
    const chapter = this.#page.shelved.chapters[index];
    const painting = chapter === undefined ? NOTHING : this.#painted(chapter);
    if (this.#paintings.size >= PAINTINGS_MAX) this.#paintings.clear();
    this.#paintings.set(index, painting);
    return painting;
  }

  #painted(chapter: Chapter): Painting {
    const { paintings, excesses } = this.#page;
    const plain = paintings.get(chapter) ?? painted(this.#page, chapter);
    if (paintings.size >= PAINTINGS_MAX) paintings.clear();
    paintings.set(chapter, plain);
    if (!this.#hasExcess(chapter)) return plain;
    return { ...plain, segments: withStartup(plain.segments, [...excesses.values()]) };
  }

  #guard(): void {
    if (this.#version() !== this.#page.version) {
      throw new Error('the account is of an earlier state of its book; ask the book for a new one');
    }
  }
}

const NOTHING: Painting = { segments: [], steps: [], timed: [] };
const PAINTINGS_MAX = 16;
const NONE_LONG: ReadonlyMap<number, number> = new Map();

function overlapped({ look, shelved }: BookPage): Account['overlapped_s'] {
  const { stretch, all } = look;
  const sums = new Map(shelved.overlapped_us);
  for (const [kind, layer] of all.overlapped) {
    let us = sums.get(kind) ?? 0;
    for (const [index, from_us] of layer.from.entries()) {
      const to = Math.min(layer.to[index] ?? 0, stretch.to_us);
      us += Math.max(0, to - Math.max(from_us, stretch.from_us));
    }
    sums.set(kind, us);
  }
  return Object.fromEntries([...sums].sort().map(([kind, us]) => [kind, us / 1e6]));
}

/** Rows of what segments have after a time. */
function rowsSince(segments: readonly Segment[], from_us: number): Segment[] {
  const rows: Segment[] = [];
  for (const segment of segments) {
    if (segment.to_us <= from_us) continue;
    const cut_us = Math.max(0, from_us - segment.from_us);
    rows.push(cut_us === 0 ? segment : { ...segment, to_us: segment.to_us - cut_us });
  }
  return rowsOf(rows);
}
