import type { JobEvent, Labels, RunEvent, SpanEvent, StepEvent, StepPhases } from '../../../domain/events.ts';
import type { PhaseSource } from '../../../domain/report/step-phases.ts';
import type { DecodedLog } from './logs/decode-log.ts';
import type { JobFacts, LogOptions, LogRejection } from './logs/log-format.ts';
import { definedOf } from './logs/run-writer.ts';
import { SYNTHETIC_START_US } from './logs/synthetic-time.ts';

/** A step as a profile or a trainer's own state tells it. */
export interface ProfiledStep {
  readonly step: number;
  /** Rank of the job; undefined where the document does not say. */
  readonly rank: number | undefined;
  /** Microseconds since the epoch; undefined where the document carries no time of day. */
  readonly start_us: number | undefined;
  /** Of all `count` steps together, as every figure here. */
  readonly length_us: number;
  readonly count?: number;
  readonly tokens?: number;
  readonly phases_us?: StepPhases;
  readonly labels?: Labels;
  /** Evaluation behind the step, where its length is told. */
  readonly evaluation_us?: number;
}

export interface StepDocument {
  readonly framework: string;
  readonly source: PhaseSource | undefined;
  readonly facts: JobFacts;
  readonly labels?: Labels;
  readonly steps: readonly ProfiledStep[];
  readonly notes: readonly string[];
  readonly rejected: readonly LogRejection[];
}

/** A file that is read whole and not line by line. */
export interface DocumentFormat {
  readonly name: string;
  isOf(text: string): boolean;
  /** Never throws for a damaged text: what could not be read is in `rejected`. */
  read(text: string): StepDocument;
}

interface Placed extends ProfiledStep {
  readonly source: PhaseSource | undefined;
  readonly rank: number;
}

/**
 * Run events of one job from its documents, one a rank or one for all. Steps without a time of day are laid end to end
 * on a made-up clock: a step begins when all ranks have ended the one before it.
 */
export function decodeDocuments(
  format: DocumentFormat,
  texts: readonly string[],
  options: LogOptions,
): DecodedLog {
  const documents = texts.map((text) => format.read(text));
  const placed = documents.flatMap(({ steps, source }, file) =>
    steps.map((step): Placed => ({ ...step, source, rank: step.rank ?? file })),
  );
  const isClocked = placed.length > 0 && placed.every(({ start_us }) => start_us !== undefined);
  const timed = isClocked ? placed.flatMap(withStart) : laidOut(placed, options);
  const rejected = documents.flatMap((document, file) =>
    document.rejected.map((rejection) => (texts.length > 1 ? { ...rejection, file } : rejection)),
  );
  const notes = new Set(documents.flatMap((document) => document.notes));
  if (!isClocked && timed.length > 0)
    notes.add('the file carries no time of day: steps are laid end to end on a made-up clock');
  if (texts.length > 1 && documents.some(({ steps }) => steps.some(({ rank }) => rank === undefined)))
    notes.add('files that name no rank are ranked in the order given');
  const { events, open } = eventsOf(documents, timed, isClocked, options);
  return {
    format: format.name,
    events,
    notes: [...notes],
    rejected,
    rejected_count: rejected.length,
    open,
  };
}

interface Timed extends Placed {
  readonly start_us: number;
}

function withStart(step: Placed): Timed[] {
  return step.start_us === undefined ? [] : [{ ...step, start_us: step.start_us }];
}

function laidOut(placed: readonly Placed[], { synthetic_start_us }: LogOptions): Timed[] {
  const byStep = new Map<number, Placed[]>();
  for (const step of placed) byStep.set(step.step, [...(byStep.get(step.step) ?? []), step]);
  let cursor_us = synthetic_start_us ?? SYNTHETIC_START_US;
  const timed: Timed[] = [];
  for (const [, ranks] of [...byStep].sort(([a], [b]) => a - b)) {
    for (const step of ranks) timed.push({ ...step, start_us: cursor_us });
    cursor_us += Math.max(
      ...ranks.map(({ length_us, evaluation_us = 0 }) => Math.round(length_us) + Math.round(evaluation_us)),
    );
  }
  return timed;
}

function eventsOf(
  documents: readonly StepDocument[],
  timed: readonly Timed[],
  isClocked: boolean,
  { job, devices, hardware, model, sequence_length, dtype }: LogOptions,
): { events: RunEvent[]; open: DecodedLog['open'] } {
  const first_us = timed.reduce((least, { start_us }) => Math.min(least, start_us), Number.POSITIVE_INFINITY);
  if (!Number.isFinite(first_us)) return { events: [], open: undefined };
  const facts: JobFacts = Object.assign({}, ...documents.map((document) => document.facts));
  const known = definedOf({ device_count: devices, hardware, model, sequence_length, dtype });
  const labels = Object.assign({}, ...documents.map((document) => document.labels ?? {}));
  const head: JobEvent = {
    type: 'job',
    job,
    time_us: Math.round(first_us),
    ...facts,
    ...known,
    labels: {
      framework: documents[0]?.framework ?? 'unknown',
      ...labels,
      ...(isClocked ? {} : { time_source: 'synthetic' }),
    },
  };
  const count = devices ?? facts.device_count;
  const start = {
    type: 'attempt_start',
    job,
    attempt: 1,
    time_us: Math.round(first_us),
    ...(count === undefined ? {} : { device_count: count }),
  } as const;
  const sorted = [...timed].sort((a, b) => a.start_us - b.start_us || a.rank - b.rank);
  const told = sorted.flatMap((step) => [stepEvent(job, step), ...evaluationOf(job, step)]);
  const last_us = told.reduce((latest, { end_us = 0 }) => Math.max(latest, end_us), first_us);
  return { events: [start, head, ...told], open: { attempt: 1, last_us } };
}

function stepEvent(job: string, step: Timed): StepEvent {
  const { start_us, length_us, phases_us, source, count, tokens, rank, labels } = step;
  const begin_us = Math.round(start_us);
  const all = { ...labels, ...(source === undefined ? {} : { phase_source: source }) };
  return {
    type: 'step',
    job,
    attempt: 1,
    step: step.step,
    start_us: begin_us,
    end_us: begin_us + Math.round(length_us),
    rank,
    ...definedOf({ count: count === 1 ? undefined : count, tokens }),
    ...(phases_us === undefined ? {} : { phases_us: whole(phases_us) }),
    ...(Object.keys(all).length === 0 ? {} : { labels: all }),
  };
}

function evaluationOf(job: string, step: Timed): SpanEvent[] {
  const { start_us, length_us, evaluation_us } = step;
  if (evaluation_us === undefined || evaluation_us <= 0) return [];
  const begin_us = Math.round(start_us) + Math.round(length_us);
  const end_us = begin_us + Math.round(evaluation_us);
  return [{ type: 'span', job, attempt: 1, kind: 'custom', name: 'eval', start_us: begin_us, end_us }];
}

/** Whole microseconds; a negative part is a contradiction of the profile and is not told. */
function whole(phases: StepPhases): StepPhases {
  const told = Object.entries(phases).filter(([, us]) => Number.isFinite(us) && us >= 0);
  return Object.fromEntries(told.map(([name, us]) => [name, Math.round(us)]));
}
