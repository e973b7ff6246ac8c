import type { Execution } from '../executions.ts';
import { type Carry, type Chapter, type FirstKept, NOTHING_SEALED } from './chapter.ts';
import { LedgerRows } from './ledger-rows.ts';
import type { Representative } from './look.ts';
import type { Sealed } from './sealing.ts';
import { StepStatistics } from './step-statistics.ts';

/** What all sealed chapters come to at one time. It stays as it is when chapters come and go. */
export interface Shelved {
  readonly chapters: readonly Chapter[];
  /** Those of them that remember long steps. */
  readonly withLong: readonly Chapter[];
  readonly digest: readonly Execution[];
  readonly rows: LedgerRows;
  readonly overlapped_us: ReadonlyMap<string, number>;
}

/** The sealed chapters of a book, a stack, and what they come to together. */
export class Shelf {
  readonly #chapters: Chapter[] = [];
  readonly #withLong: Chapter[] = [];
  readonly #digest: Execution[] = [];
  readonly #representatives: Representative[] = [];
  readonly #rows = new LedgerRows();
  readonly #overlapped_us = new Map<string, number>();
  readonly #firsts = new Map<number, FirstKept>();
  readonly statistics = new StepStatistics();
  /** Made when it is asked for, and again only after a change: a long job's sums are not copied at every step. */
  #shelved: Shelved | undefined;

  get size(): number {
    return this.#chapters.length;
  }

  get carry(): Carry {
    return this.#chapters.at(-1)?.carry ?? NOTHING_SEALED;
  }

  get digest(): readonly Execution[] {
    return this.#digest;
  }

  get representatives(): readonly Representative[] {
    return this.#representatives;
  }

  /** The first kept execution of each attempt that has one in a chapter. */
  get firsts(): ReadonlyMap<number, FirstKept> {
    return this.#firsts;
  }

  push({ chapter, digest, representatives }: Sealed): void {
    this.#shelved = undefined;
    this.#chapters.push(chapter);
    if (chapter.long.length > 0) this.#withLong.push(chapter);
    this.statistics.add(chapter.samples);
    for (const row of chapter.rows) this.#rows.add(row);
    for (const [kind, us] of chapter.overlapped_us) this.#overlap(kind, us);
    for (const first of chapter.firsts) this.#firsts.set(first.execution.launch, first);
    for (const execution of digest) this.#digest.push(execution);
    for (const one of representatives) this.#representatives.push(one);
  }

  /** Takes the last chapter out again; undefined where there is none. */
  pop(): Chapter | undefined {
    const chapter = this.#chapters.pop();
    if (chapter === undefined) return undefined;
    this.#shelved = undefined;
    if (this.#withLong.at(-1) === chapter) this.#withLong.pop();
    this.statistics.remove(chapter.samples);
    for (const row of chapter.rows) this.#rows.remove(row);
    for (const [kind, us] of chapter.overlapped_us) this.#overlap(kind, -us);
    for (const { execution } of chapter.firsts) this.#firsts.delete(execution.launch);
    this.#digest.length = chapter.digest_before;
    this.#representatives.length = chapter.representatives_before;
    return chapter;
  }

  shelved(): Shelved {
    this.#shelved ??= {
      chapters: this.#chapters.slice(),
      withLong: this.#withLong.slice(),
      digest: this.#digest.slice(),
      rows: new LedgerRows(this.#rows),
      overlapped_us: new Map(this.#overlapped_us),
    };
    return this.#shelved;
  }

  #overlap(kind: string, by_us: number): void {
    const us = (this.#overlapped_us.get(kind) ?? 0) + by_us;
    if (us === 0) this.#overlapped_us.delete(kind);
    else this.#overlapped_us.set(kind, us);
  }
}
