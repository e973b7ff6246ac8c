import type { FaultEvent, JobScopedEvent, NodeStateEvent } from '../../events.ts';
import type { BookAccount } from '../../ledger/book/book-account.ts';
import { JobBook } from '../../ledger/book/job-book.ts';
import { figuresUntil } from '../../ledger/book/recent-past.ts';
import { upperBound } from '../../ledger/job-view.ts';
import type { Account, LiveLimits, Segment, StepExecution } from '../../ledger/ledger-shape.ts';
import type { Excess } from '../../ledger/paint.ts';
import { type AccountFigures, clipped } from '../../ledger/timeline.ts';
import { IDEAL_DEFAULTS, type Ideals } from '../ideal-step.ts';
import { faultNames } from '../incident-causes.ts';
import type { ResolvedSpec } from '../job-spec.ts';
import { baselineRate, isPossible } from '../job-view.ts';
import { judgeOf } from '../job-work.ts';
import type { LiveOptions } from '../live-rates.ts';
import type { LiveView, LiveWork } from '../live-view.ts';
import type { SiteConfig } from '../site.ts';
import { type Slowdown, withSlowIncidents } from '../slowdowns.ts';
import { DEVIATION_DEFAULTS } from '../step-deviation.ts';
import { stragglersOf } from '../stragglers.ts';
import type { KeptStep } from '../throughput.ts';
import { workTable } from '../work-table.ts';
import { JudgedWork, NO_EVIDENCE, stretchKey } from './judged-work.ts';
import type { KeptFigures } from './kept-figures.ts';
import { KeptRows, keptStepOf } from './kept-rows.ts';
import { LiveFacts } from './live-facts.ts';
import { LiveTimeline, SealedAnswers } from './live-timeline.ts';
import { LiveTrack, type SealedSteps } from './live-track.ts';
import { type NewStep, OpenFigures } from './open-figures.ts';
import { openWorkTable } from './open-work-table.ts';

export interface LiveJobOptions {
  readonly job: string;
  readonly site: SiteConfig;
  /** Windows of live rates. */
  readonly rates: LiveOptions;
  readonly book?: ConstructorParameters<typeof JobBook>[1];
}

/** When a job is looked at, and what others say of it then. */
export interface Moment {
  readonly at_us: number;
  readonly live: LiveLimits;
  readonly faults: readonly FaultEvent[];
  readonly node_states: readonly NodeStateEvent[];
  /** Rate of the baseline that the job names, where that is another job. */
  readonly baseline_tokens_per_s_per_device: number | null;
}

export interface LiveLook {
  readonly view: LiveView;
  readonly account: BookAccount;
  /** Gives segments the causes that faults name; what those are is its key. */
  readonly relabel: ((segment: Segment) => Segment) | undefined;
  readonly relabel_key: string;
  /** The segments of a sealed first step, clipped to it, with what of it is start-up. None where none is sealed there. */
  firstStep(stretch: { readonly from_us: number; readonly to_us: number }): readonly Segment[];
  /** The job at a recent moment in hindsight, as its history draws it; undefined where that takes all its events. */
  before(at_us: number): LiveView | undefined;
}

/** Kept executions of the open stretch, in order. */
interface OpenSteps {
  readonly newest: readonly NewStep[];
  /** Where each ends, for those that are looked at before. */
  readonly figures: KeptFigures;
}

/**
 * A job that is kept up to date: its account by a book, and what live figures say of its kept steps by sums that go on with
 * every chapter that is sealed. It says exactly what a view of all events says, for jobs whose steps one rank tells without
 * phases; for others, and for moments that lie far back, it says so and leaves it to such a view.
 */
export class LiveJob {
  readonly book: JobBook;
  readonly #options: LiveJobOptions;
  readonly #facts: LiveFacts;
  readonly #rows = new KeptRows();
  /** Chapters that are in the rows, how many rows there were before each, and the attempts that made their first step in it. */
  readonly #sealed: { readonly chapter: object; readonly row: number; readonly begun: readonly number[] }[] =
    [];
  /** Attempts that made a step in a chapter, and its number. */
  readonly #begun = new Map<number, number>();
  readonly #answers = new SealedAnswers();
  #scope: { readonly spec: ResolvedSpec; readonly changed_at_us: number | undefined } | undefined;
  #figures: OpenFigures | undefined;
  #judged: JudgedWork | undefined;
  /** Rows that are in the figures, and which of them rates are made of. */
  #measured: Uint8Array = new Uint8Array(64);
  #figured = 0;

  constructor(options: LiveJobOptions) {
    this.#options = options;
    this.book = new JobBook(options.job, { ...LIVE_BOOK, ...options.book });
    this.#facts = new LiveFacts(options.site);
  }

  /** Takes events in any order; steps may come again, others must not. */
  add(events: readonly JobScopedEvent[]): void {
    for (const event of events) this.#facts.note(event);
    this.book.add(events);
  }

  /** All of them: what is no step in order of arrival, then steps in order of start. Made anew at each call. */
  events(): JobScopedEvent[] {
    return [...this.#facts.small, ...this.book.stepEvents()];
  }

  get facts(): LiveFacts {
    return this.#facts;
  }

  /** Undefined where it takes all events to say what the job is like. */
  look(moment: Moment): LiveLook | undefined {
    if (!this.#facts.isPlain) return undefined;
    const { at_us, live } = moment;
    const account = this.book.account({ at_us, live });
    const spec = this.#facts.specAt(at_us);
    this.#bringUp(account, spec);
    const excesses = new Map(account.slow_starts.map((excess) => [stretchKey(excess), excess]));
    const [figured, newest] = [this.#figures, newStepsOf(account, spec)];
    const settled_us = at_us - SETTLED_AFTER_US;
    figured?.carryOn(newest, endedBy(newest, settled_us));
    const open = figured === undefined ? undefined : openSteps(figured, newest, Number.POSITIVE_INFINITY);
    const ideals = open?.figures.ideals();
    if (figured === undefined || open === undefined || ideals === undefined) return undefined;
    if (this.#judged === undefined) return undefined;
    this.#judged.advance(ideals, (row) => this.#measured[row] === 1);
    const { incidents, relabel, key: relabel_key } = faultNames(account, moment.faults);
    const slow = this.#slowdowns(open.newest, ideals);
    const named = withSlowIncidents(
      { ...figuresOf(account), incidents },
      slow,
      () => NO_REASON,
      moment.faults,
    );
    const figures: AccountFigures = { ...figuresOf(account), incidents: named };
    const work = once(() => this.#work(account, spec, ideals, excesses));
    const { changed_at_us } = this.#facts.history;
    const sealed = this.#sealedSteps(spec);
    const view = (of: AccountFigures, then_us: number, steps: OpenSteps, until_us?: number): LiveView => ({
      ...this.#common(moment),
      at_us: then_us,
      spec: this.#facts.specAt(then_us),
      account: of,
      timeline: new LiveTimeline(account, relabel, this.#answers, until_us),
      track: new LiveTrack(sealed, steps.newest, steps.figures, changed_at_us),
      work,
    });
    const chapters = account.sealed.length;
    const hasBegun = (attempt: number) => (this.#begun.get(attempt) ?? chapters) < chapters;
    this.#takeInNew(account);
    return {
      view: view(figures, at_us, open),
      account,
      relabel,
      relabel_key,
      firstStep: (stretch) => this.#firstStep(stretch, excesses),
      before: (then_us) => {
        const end = { ...account.tail, from_us: cutOf(account), hasBegun };
        const then = figuresUntil(figures, end, then_us, live);
        if (then === undefined || then === figures) return then && view(figures, then_us, open);
        return view(then, then_us, openSteps(figured, newest, then_us), then_us);
      },
    };
  }

  #common(moment: Moment) {
    const { history } = this.#facts;
    const { job, site } = this.#options;
    return {
      job,
      site,
      history,
      range: { from_us: undefined, to_us: undefined },
      clock_is_made_up: false,
      evidence: this.#facts.evidenceAt(moment.at_us, moment.faults, moment.node_states),
      step_phases: NO_PHASES,
      stragglers: (since_us?: number) =>
        stragglersOf(this.events(), { at_us: moment.at_us, from_us: since_us, to_us: undefined }),
      baseline_tokens_per_s_per_device: baselineRate(this.#facts.specAt(moment.at_us), moment),
    };
  }

  /** Takes in what was sealed since the last time, and takes out what was opened. */
  #bringUp(account: BookAccount, spec: ResolvedSpec): void {
    const { sealed } = account;
    while (this.#sealed.length > 0 && sealed[this.#sealed.length - 1] !== this.#sealed.at(-1)?.chapter) {
      const gone = this.#sealed.pop();
      this.#rows.truncate(gone?.row ?? 0);
      for (const attempt of gone?.begun ?? []) this.#begun.delete(attempt);
    }
    const { changed_at_us } = this.#facts.history;
    const isSame = this.#scope?.spec === spec && this.#scope.changed_at_us === changed_at_us;
    if (!isSame || this.#figured > this.#rows.length || this.#figures === undefined) {
      this.#scope = { spec, changed_at_us };
      const { rates } = this.#options;
      const { batch_sizes_max } = IDEAL_DEFAULTS;
      this.#figures = new OpenFigures({ spec, changed_at_us, options: rates, batch_sizes_max });
      this.#judged = new JudgedWork(this.#rows, spec, this.#options.site.slowdown);
      this.#figured = 0;
    }
    for (let index = this.#sealed.length; index < sealed.length; index++) {
      const chapter = sealed[index];
      if (chapter !== undefined) this.#takeIn(chapter, account.plainChapter(index));
    }
    this.#figure(this.#figures, spec);
  }

  #takeIn(
    chapter: object,
    part: { readonly segments: readonly Segment[]; readonly steps: readonly StepExecution[] },
  ): void {
    const begun: number[] = [];
    for (const { attempt } of part.steps) {
      if (this.#begun.has(attempt)) continue;
      this.#begun.set(attempt, this.#sealed.length);
      begun.push(attempt);
    }
    this.#sealed.push({ chapter, row: this.#rows.length, begun });
    this.#rows.add(part);
  }

  /** What was sealed of the stretch in hand is taken in for the next look, while its steps are there. */
  #takeInNew({ justSealed, tail }: BookAccount): void {
    for (const { chapter, segments, executions } of justSealed) {
      this.#takeIn(chapter, { segments, steps: tail.steps.slice(executions.from, executions.to) });
    }
  }

  #figure(figures: OpenFigures, spec: ResolvedSpec): void {
    if (this.#measured.length < this.#rows.length) {
      const larger = new Uint8Array(Math.ceil(this.#rows.length * 1.5));
      larger.set(this.#measured);
      this.#measured = larger;
    }
    for (; this.#figured < this.#rows.length; this.#figured++) {
      const row = this.#figured;
      this.#measured[row] = 0;
      if (!this.#rows.isTrain(row)) continue;
      const step = this.#rows.keptStep(row, spec);
      const isMeasured = isMeasuredBy(step, spec);
      this.#measured[row] = isMeasured ? 1 : 0;
      figures.seal(step, isMeasured);
    }
  }

  #slowdowns(newest: readonly NewStep[], ideals: Ideals): readonly Slowdown[] {
    const scan = this.#judged?.scan();
    for (const { step, isMeasured } of newest) if (isMeasured) scan?.push(step, ideals.of(step));
    return scan?.list() ?? [];
  }

  #work(
    account: BookAccount,
    spec: ResolvedSpec,
    ideals: Ideals,
    excesses: ReadonlyMap<string, Excess>,
  ): LiveWork {
    const before = this.#judged?.sums(account.from_us, account.unsealed_from_us, excesses);
    const flops_per_token = spec.model?.flops_per_token.mm_causal ?? 0;
    const judge = judgeOf(spec, ideals, NO_EVIDENCE);
    const table =
      before === undefined
        ? workTable(account.tail, flops_per_token, judge)
        : openWorkTable(before, account.tail, flops_per_token, judge);
    return { ideals, table, evidence: { straggles: [] } };
  }

  #firstStep(
    stretch: { readonly from_us: number; readonly to_us: number },
    excesses: ReadonlyMap<string, Excess>,
  ): readonly Segment[] {
    const row = this.#rows.firstAt(stretch);
    if (row === undefined) return [];
    const segments = this.#rows.firstSegments(row, excesses.get(stretchKey(stretch)));
    return clipped(segments, stretch.from_us, stretch.to_us);
  }

  #sealedSteps(spec: ResolvedSpec): SealedSteps {
    const { length } = this.#rows;
    const isMeasured = (row: number) => this.#measured[row] === 1;
    const newestTimes = () => this.#newestTimes(length);
    return { rows: this.#rows, length, isMeasured, defaults: spec, newestTimes };
  }

  /** Kept for as long as no row comes or goes. */
  #newestTimes(length: number): Float64Array | undefined {
    const { recent_steps, before_steps } = DEVIATION_DEFAULTS;
    if (this.#times?.length === length && this.#times.figures === this.#figures) return this.#times.times;
    const times: number[] = [];
    let isEach = true;
    for (let row = length - 1; row >= 0 && times.length < recent_steps + before_steps; row--) {
      if (this.#measured[row] !== 1) continue;
      isEach &&= this.#rows.count(row) === 1;
      times.push(this.#rows.stepSeconds(row));
    }
    this.#times = { length, figures: this.#figures, times: isEach ? Float64Array.from(times) : undefined };
    return this.#times.times;
  }
  #times:
    | {
        readonly length: number;
        readonly figures: object | undefined;
        readonly times: Float64Array | undefined;
      }
    | undefined;
}

/** Smaller chapters than where accounts are rare: every look goes through the open stretch behind them. */
const LIVE_BOOK = { chapter_steps: 64, lag_steps: 16 };

/** Steps that ended so long ago are not expected to be told otherwise. */
const SETTLED_AFTER_US = 12_000_000;

/** Kept steps behind the chapters. */
function newStepsOf({ tail }: BookAccount, spec: ResolvedSpec): NewStep[] {
  const newest: NewStep[] = [];
  for (const execution of tail.steps) {
    if (!isKept(execution)) continue;
    const step = keptStepOf(execution, spec);
    newest.push({ step, isMeasured: isMeasuredBy(step, spec) });
  }
  return newest;
}

/** How many of them ended by a time: they end one after the other. */
function endedBy(newest: readonly NewStep[], until_us: number): number {
  return upperBound(newest.length, (index) => newest[index]?.step.end_us ?? 0, until_us);
}

/** Those that ended by a time, with the figures of all up to then. */
function openSteps(figures: OpenFigures, newest: readonly NewStep[], until_us: number): OpenSteps {
  const count = endedBy(newest, until_us);
  return { newest: newest.slice(0, count), figures: figures.of(newest, count) };
}

const NO_PHASES: LiveView['step_phases'] = new Map();
const NO_REASON = { cause: null, suspect: undefined };

function isKept({ kind, fate }: StepExecution): boolean {
  return kind === 'train' && fate === 'productive';
}

function isMeasuredBy(step: KeptStep, spec: ResolvedSpec): boolean {
  return step.labels['unlogged'] !== true && isPossible(step, spec);
}

function cutOf({ sealed }: BookAccount): number {
  return sealed.at(-1)?.carry.to_us ?? Number.NEGATIVE_INFINITY;
}

function figuresOf(account: BookAccount): AccountFigures {
  return {
    job: account.job,
    from_us: account.from_us,
    to_us: account.to_us,
    state: account.state,
    attempts: account.attempts,
    incidents: account.incidents,
    lost_steps: account.lost_steps,
    last_step: account.last_step,
    last_progress_at_us: account.last_progress_at_us,
    newest_event_us: account.newest_event_us,
    overlapped_s: account.overlapped_s,
    ranks_seen: account.ranks_seen,
    capacity: account.capacity,
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** The account of a look with all its segments and steps, as a view of all events has it. */
export function wholeAccount({ view, account, relabel }: LiveLook): Account {
  const { segments } = account;
  return {
    ...view.account,
    segments: relabel === undefined ? segments : segments.map(relabel),
    steps: account.steps,
  };
}
