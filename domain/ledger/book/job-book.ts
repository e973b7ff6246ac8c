import { canonicalEventLine } from '../../event-reader.ts';
import type { JobScopedEvent, StepEvent } from '../../events.ts';
import type { Execution, Leg } from '../executions.ts';
import type { Holdings } from '../holdings.ts';
import type { Launch } from '../launches.ts';
import { LIVE_DEFAULTS, type LiveLimits, type Segment } from '../ledger-shape.ts';
import { type Excess, write } from '../paint.ts';
import { medianStep, openEndOf, stallOf, timedSteps } from '../stall.ts';
import { BookAccount, type BookPage, type Painting } from './book-account.ts';
import type { Carry, Chapter, FirstKept } from './chapter.ts';
import type { CutLimits } from './cuts.ts';
import { type Look, type LookOptions, lookBehind, type Past, type Reopen } from './look.ts';
import { NewestRows } from './newest-rows.ts';
import { type Sealable, type Sealed, sealedFrom } from './sealing.ts';
import { Shelf } from './shelf.ts';
import { SlowStarts } from './slow-starts.ts';
import { StepColumns } from './step-columns.ts';
import { type StepSamples, samplesOf } from './step-statistics.ts';

export interface BookLimits extends CutLimits {
  /** Step events that are read at once when many arrived: what is in hand as objects at one time. */
  readonly batch_events: number;
}

export const BOOK_DEFAULTS: BookLimits = { chapter_steps: 128, lag_steps: 24, batch_events: 4096 };

export interface BookOptions {
  /** The clock of an open job; its newest event when both are absent. */
  readonly now_us?: number;
  /** Look at the job as of then. Looking far back costs opening what was sealed since. */
  readonly at_us?: number;
  readonly live?: LiveLimits;
}

/**
 * The account of one job, kept up to date. It takes events in any order and any number of times and answers what
 * `accountOf` answers for the same set. What is over is sealed in chapters, so an update costs the open end of the
 * timeline; an event that touches a sealed stretch opens the chapters from there on, and they are sealed anew.
 */
export class JobBook {
  readonly job: string;
  readonly #limits: BookLimits;
  readonly #steps: StepColumns;
  readonly #small: JobScopedEvent[] = [];
  /** Starts of attempts that gave no number. */
  readonly #unnumbered_us: number[] = [];
  readonly #smallLines = new Set<string>();
  readonly #firstOfRank = new Map<number, number>();
  #pending: StepEvent[] = [];
  /** Earliest start of the steps that were new since somebody asked. */
  #newest_us: number | undefined;

  readonly #shelf = new Shelf();
  readonly #slowStarts = new SlowStarts();
  #legs: readonly Leg[] = [];
  #launches: readonly Launch[] = [];
  #holdings: Holdings | undefined;

  /** Nothing that ended before it was opened since the last account. */
  #untouched_us = Number.NEGATIVE_INFINITY;
  #excess = new Map<number, Excess>();
  readonly #paintings = new Map<Chapter, Painting>();
  readonly #newest = new NewestRows();
  #version = 0;

  constructor(job: string, limits: Partial<BookLimits> = {}) {
    this.job = job;
    this.#limits = { ...BOOK_DEFAULTS, ...limits };
    this.#steps = new StepColumns(job);
  }

  /** How many different step events it holds. */
  get step_events(): number {
    return this.#steps.length + this.#pending.length;
  }

  /** Everything but steps, each once, in order of arrival. */
  get small(): readonly JobScopedEvent[] {
    return this.#small;
  }

  /** Every step, each once, in order of start. */
  stepEvents(): StepEvent[] {
    this.#takePending();
    return this.#steps.events(0, this.#steps.length);
  }

  /** Chapters that are sealed now. */
  get chapters(): number {
    return this.#shelf.size;
  }

  /** Events of other jobs are passed over. */
  add(events: Iterable<JobScopedEvent>): void {
    for (const event of events) {
      if (event.job !== this.job) continue;
      if (event.type === 'step') this.#pending.push(event);
      else this.#addSmall(event);
    }
  }

  /**
   * Takes in what was added. Resolves to the earliest start of the steps among it that are new since the last time,
   * microseconds; undefined where none is.
   */
  take(): number | undefined {
    this.#takePending();
    const earliest_us = this.#newest_us;
    this.#newest_us = undefined;
    return earliest_us;
  }

  account(options: BookOptions = {}): BookAccount {
    const live = options.live ?? LIVE_DEFAULTS;
    const looked: LookOptions = { job: this.job, ...options };
    this.#version++;
    this.#takePending();
    this.#reopen(({ to_us }) => to_us > (options.at_us ?? Number.POSITIVE_INFINITY));
    this.#catchUp(looked);
    const { look, tail } = this.#look(looked);
    const page = this.#page(look, live);
    const account = new BookAccount(page, () => this.#version);
    account.justSealed = this.#seal(look, tail, page.plain, page.step_us);
    return account;
  }

  #addSmall(event: JobScopedEvent): void {
    const line = canonicalEventLine(event);
    if (this.#smallLines.has(line)) return;
    this.#smallLines.add(line);
    this.#small.push(event);
    if (event.type === 'attempt_start' && event.attempt === undefined)
      this.#unnumbered_us.push(event.time_us);
    const time_us = touchedBy(event);
    this.#reopen(({ to_us }) => to_us >= time_us);
  }

  #takePending(): void {
    if (this.#pending.length === 0) return;
    for (const { rank = 0, start_us } of this.#pending) {
      const first = this.#firstOfRank.get(rank);
      if (first === undefined || start_us < first) this.#firstOfRank.set(rank, start_us);
    }
    const earliest_us = this.#steps.add(this.#pending);
    this.#pending = [];
    if (earliest_us === undefined) return;
    this.#newest_us = Math.min(this.#newest_us ?? earliest_us, earliest_us);
    this.#reopen(({ to_us }) => to_us > earliest_us);
  }

  get #carry(): Carry {
    return this.#shelf.carry;
  }

  /** Opens the last chapters as far as the condition holds; those behind an opened one are opened too. */
  #reopen(isTouched: Reopen): number {
    let opened = 0;
    for (;;) {
      if (this.#shelf.size === 0 || !isTouched(this.#carry)) return opened;
      this.#open();
      opened++;
    }
  }

  #open(): void {
    const chapter = this.#shelf.pop();
    if (chapter !== undefined) this.#untouched_us = Math.min(this.#untouched_us, chapter.from.to_us);
  }

  /** Seals what lies far behind, a batch of events at a time, as an observer then would have. */
  #catchUp(options: LookOptions): void {
    let batch = this.#limits.batch_events;
    // always further on, also where what was sealed is opened again
    let end = this.#carry.row;
    for (;;) {
      end = Math.max(end, this.#carry.row) + batch;
      if (end >= this.#steps.length) return;
      const at_us = this.#steps.start(end);
      if (options.at_us !== undefined && at_us >= options.at_us) return;
      const before = this.#carry.to_us;
      const { look, tail } = this.#look({ job: this.job, at_us });
      const usual_us =
        this.#shelf.statistics.ofJob() ?? medianStep(look.stretch.executions.list, look.measured);
      this.#seal(look, tail, write(look.stretch, look.all, undefined), usual_us);
      // where nothing holds yet, more has to be seen
      batch = this.#carry.to_us > before ? this.#limits.batch_events : batch * 2;
    }
  }

  #look(options: LookOptions): { look: Look; tail: StepEvent[] } {
    const until_us = options.at_us ?? Number.POSITIVE_INFINITY;
    for (;;) {
      const { row } = this.#carry;
      const end = until_us === Number.POSITIVE_INFINITY ? this.#steps.length : this.#steps.rowAfter(until_us);
      const tail = this.#steps.events(row, end);
      const look = lookBehind(this.#past(), this.#small, tail, options);
      if (typeof look === 'object') return { look, tail };
      // whatever does not hold, a book without sealed chapters does
      if (look === 'last' || this.#reopen(look) === 0) this.#open();
    }
  }

  #past(): Past {
    return {
      carry: this.#carry,
      legs: this.#legs,
      launches: this.#launches,
      holdings: this.#holdings,
      representatives: this.#shelf.representatives,
      digest: this.#shelf.digest,
    };
  }

  #seal(
    look: Look,
    tail: readonly StepEvent[],
    plain: readonly Segment[],
    step_us: number | undefined,
  ): readonly Sealed[] {
    const hasFirst = (launch: number) => this.#shelf.firsts.has(launch);
    const unnumbered_us = this.#unnumbered_us;
    const sealable: Sealable = { past: this.#past(), look, tail, plain, step_us, hasFirst, unnumbered_us };
    const sealed = sealedFrom(sealable, this.#limits);
    if (sealed.length === 0) return sealed;
    for (const one of sealed) this.#shelf.push(one);
    this.#legs = look.stretch.executions.legs;
    this.#launches = look.stretch.launches.map((launch) => ({ ...launch, steps: [] }));
    this.#holdings = look.stretch.holdings;
    return sealed;
  }

  /** Judges the open end and each attempt's slow first step with the steps of all chapters. */
  #page(look: Look, live: LiveLimits): BookPage {
    const { stretch, offset, executions, measured, all } = look;
    const firsts = new Map(this.#shelf.firsts);
    const own = new Set<Execution>();
    for (const execution of executions) {
      if (execution.fate !== 'productive' || execution.kind === 'eval' || firsts.has(execution.launch))
        continue;
      const net_us = measured.net_us[offset + executions.indexOf(execution)] ?? 0;
      firsts.set(execution.launch, { execution, net_us, pieces: [] });
      own.add(execution);
    }
    const samples = samplesOf(executions, measured, offset, (execution) => own.has(execution));
    const { step_us, excesses } = this.#judged(look, samples, firsts);
    const end = openEndOf(stretch.launches, stretch.executions.list);
    const stall = end && stallOf(end, stretch.view, measured.open_us, step_us, live);
    const untouched_us = this.#untouchedBy(excesses);
    this.#excess = excesses;
    this.#untouched_us = this.#carry.to_us;
    return {
      job: this.job,
      version: this.#version,
      look,
      stall,
      step_us,
      live,
      excesses,
      firsts,
      firstInTail: own,
      plain: write(stretch, all, stall),
      timed: timedSteps(executions, measured.net_us.slice(offset), this.#carry.launch_before),
      shelved: this.#shelf.shelved(),
      paintings: this.#paintings,
      newest: this.#newest,
      steps: this.#steps,
      ranks_seen: this.#ranksBy(stretch.view.until_us),
      unchanged_until_us: untouched_us,
    };
  }

  #judged({ stretch }: Look, samples: StepSamples, firsts: ReadonlyMap<number, FirstKept>) {
    const { statistics } = this.#shelf;
    statistics.add(samples);
    try {
      return { step_us: statistics.ofJob(), excesses: this.#slowStarts.of(stretch, firsts, statistics) };
    } finally {
      statistics.remove(samples);
    }
  }

  #untouchedBy(excesses: ReadonlyMap<number, Excess>): number {
    let until_us = this.#untouched_us;
    const compare = (now: Excess | undefined, before: Excess | undefined) => {
      const isSame =
        now === before ||
        (now?.excess_us === before?.excess_us &&
          now?.bucket === before?.bucket &&
          now?.from_us === before?.from_us &&
          now?.cause === before?.cause);
      if (!isSame) until_us = Math.min(until_us, now?.from_us ?? until_us, before?.from_us ?? until_us);
    };
    for (const [launch, now] of excesses) compare(now, this.#excess.get(launch));
    for (const [launch, before] of this.#excess) if (!excesses.has(launch)) compare(undefined, before);
    return until_us;
  }

  #ranksBy(until_us: number): number {
    let seen = 0;
    for (const first_us of this.#firstOfRank.values()) if (first_us <= until_us) seen++;
    return seen;
  }
}

/** The earliest time at which an event says something of the timeline. Declarations are compared with what was held. */
function touchedBy(event: JobScopedEvent): number {
  if (event.type === 'job' || event.type === 'placement') return Number.POSITIVE_INFINITY;
  return 'start_us' in event ? event.start_us : event.time_us;
}
