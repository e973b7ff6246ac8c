import type { BookAccount } from '../../ledger/book/book-account.ts';
import { isProgress } from '../../ledger/executions.ts';
import { upperBound } from '../../ledger/job-view.ts';
import type { Segment, StepExecution } from '../../ledger/ledger-shape.ts';
import type { Timeline } from '../../ledger/timeline.ts';

/** What was read off sealed chapters, for as long as they stay. */
export class SealedAnswers {
  readonly #answers = new Map<string, { readonly chapter: object | undefined; readonly value: unknown }>();

  /** @param chapter the newest one that the answer depends on; with it, all before it stay too */
  get<T>(question: string, chapter: object | undefined, answer: () => T): T {
    const known = this.#answers.get(question);
    // only one who asks the same question reads it
    if (known !== undefined && known.chapter === chapter && chapter !== undefined) return known.value as T;
    const value = answer();
    if (this.#answers.size >= ANSWERS_MAX) this.#answers.clear();
    this.#answers.set(question, { chapter, value });
    return value;
  }
}

const ANSWERS_MAX = 16;

/** The timeline of an account of a book, up to its end or to a moment before. */
export class LiveTimeline implements Timeline {
  readonly #account: BookAccount;
  readonly #relabel: ((segment: Segment) => Segment) | undefined;
  readonly #until_us: number | undefined;
  readonly #answers: SealedAnswers;
  readonly #rows: { readonly from_us: number; readonly to_us: number; readonly rows: readonly Segment[] }[] =
    [];

  constructor(
    account: BookAccount,
    relabel: ((segment: Segment) => Segment) | undefined,
    answers: SealedAnswers,
    until_us?: number,
  ) {
    this.#account = account;
    this.#relabel = relabel;
    this.#until_us = until_us;
    this.#answers = answers;
  }

  get devices_at_start(): number | undefined {
    return this.#account.devices_at_start;
  }

  rows(from_us: number, to_us: number): readonly Segment[] {
    for (const known of this.#rows) {
      if (known.from_us === from_us && known.to_us === to_us) return known.rows;
    }
    const rows = this.#labelled(this.#account.rows(from_us, this.#cut(to_us)));
    this.#rows.push({ from_us, to_us, rows });
    return rows;
  }

  segments(from_us: number, to_us: number): readonly Segment[] {
    const end_us = this.#cut(to_us);
    // what of a first step is start-up changes as its attempt goes on
    const starts = this.#account.slow_starts.filter((one) => one.to_us > from_us && one.from_us < end_us);
    const key = JSON.stringify([from_us, end_us, starts]);
    return this.#labelled(
      this.#answers.get(key, this.#chapterAt(end_us), () => this.#account.segmentsBetween(from_us, end_us)),
    );
  }

  newestStep(): StepExecution | undefined {
    return this.#last((step) => this.#isOver(step), Number.POSITIVE_INFINITY, 'newest');
  }

  newestKept(): StepExecution | undefined {
    return this.#last(
      (step) => step.fate === 'productive' && this.#isOver(step),
      Number.POSITIVE_INFINITY,
      'kept',
    );
  }

  stepBefore(time_us: number, isOver = false): StepExecution | undefined {
    const holds = (step: StepExecution) => {
      return step.start_us <= time_us && (!isOver || step.end_us <= time_us) && this.#isOver(step);
    };
    return this.#last(holds, time_us, `before ${isOver}`);
  }

  /** Of a moment before the end, only what was over by then is told. */
  #isOver({ end_us }: StepExecution): boolean {
    return this.#until_us === undefined || end_us <= this.#until_us;
  }

  /** The last step of training for which something holds, none that begins after a time. */
  #last(
    holds: (step: StepExecution) => boolean,
    time_us: number,
    question: string,
  ): StepExecution | undefined {
    const { sealed, tail } = this.#account;
    const found = tail.steps.findLast((step) => isProgress(step) && holds(step));
    if (found !== undefined) return found;
    let index = sealed.length - 1;
    while (index >= 0 && (sealed[index]?.from.to_us ?? 0) > time_us) index--;
    // a moment looked at lies behind all chapters: what is sealed was over by then
    return this.#answers.get(`${question} ${time_us}`, sealed[index], () => {
      for (let at = index; at >= 0; at--) {
        const { steps } = this.#account.plainChapter(at);
        const step = steps.findLast((one) => isProgress(one) && holds(one));
        if (step !== undefined) return step;
      }
      return undefined;
    });
  }

  /** The chapter that a time lies in, where it lies in one. */
  #chapterAt(time_us: number): object | undefined {
    const { sealed } = this.#account;
    return sealed[upperBound(sealed.length, (index) => sealed[index]?.carry.to_us ?? 0, time_us)];
  }

  #cut(to_us: number): number {
    return Math.min(to_us, this.#until_us ?? to_us);
  }

  #labelled(segments: readonly Segment[]): readonly Segment[] {
    return this.#relabel === undefined ? segments : segments.map(this.#relabel);
  }
}
