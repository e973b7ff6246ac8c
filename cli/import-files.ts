import { basename } from 'node:path';
import { readEventLines } from '../domain/event-reader.ts';
import type { JobScopedEvent, RunEvent } from '../domain/events.ts';
import { LIVE_DEFAULTS } from '../domain/ledger/ledger-shape.ts';
import {
  DOCUMENT_FORMATS,
  documentFormat,
  recogniseDocument,
} from '../services/collector/decoders/documents.ts';
import {
  type DecodedLog,
  decodeLogs,
  formatNames,
  recogniseLog,
  UnknownLogFormat,
} from '../services/collector/decoders/logs/decode-log.ts';
import type { LogOptions } from '../services/collector/decoders/logs/log-format.ts';
import { LOG_LIMITS } from '../services/collector/decoders/logs/log-limits.ts';
import { logFormat } from '../services/collector/decoders/logs/registry.ts';
import { isInspector } from '../services/collector/decoders/nccl-inspector.ts';
import { type DocumentFormat, decodeDocuments } from '../services/collector/decoders/profiled-steps.ts';
import { type InputText, textOfInput } from './files.ts';
import { COLLECTIVES_FORMAT, collectivesFrom } from './import-collectives.ts';
import { type InputPath, inputsOf, isOutput, nameOfFolder, someOf } from './import-folders.ts';
import { specRevision } from './import-options.ts';
import { CommandFailure, usageFailure } from './outcome.ts';

/** Files of run events are recognised like any log, and asked for by this name. */
export const EVENTS_FORMAT = 'events';

/** Every name that `--format` takes beside `auto` and {@link EVENTS_FORMAT}. */
export const FILE_FORMATS = `${formatNames()}, ${DOCUMENT_FORMATS.map(({ name }) => name).join(', ')}, ${COLLECTIVES_FORMAT}`;

export interface ImportRejection {
  readonly file: string;
  readonly line: number;
  readonly code: string;
  readonly message: string;
}

/** What the files of one job hold. */
export interface ImportedJob {
  readonly job: string;
  readonly files: readonly string[];
  readonly format: string;
  readonly events: readonly RunEvent[];
  readonly notes: readonly string[];
  /** The first of them; `rejected_count` counts all. */
  readonly rejected: readonly ImportRejection[];
  readonly rejected_count: number;
  /** Files of which only a part could be read, and which part. */
  readonly damaged: readonly DamagedFile[];
}

export interface DamagedFile {
  readonly file: string;
  readonly message: string;
}

/** Files that nothing came out of. */
export interface UnusableFiles {
  readonly files: readonly string[];
  readonly message: string;
}

export interface Imports {
  /** At least one. */
  readonly jobs: readonly ImportedJob[];
  readonly unusable: readonly UnusableFiles[];
}

interface Source extends InputText, InputPath {}

export interface ImportRequest {
  /** Files, folders, or `-`. */
  readonly paths: readonly string[];
  /** Of this job is what names none; undefined: a file or folder is a job of its own, named after it. */
  readonly job: string | undefined;
  readonly format: string;
  readonly known: Omit<LogOptions, 'job'>;
  /** The clock, to tell a log that is still written from one that ended. */
  readonly now_us: number;
}

/**
 * Reads every file and turns it into run events. What cannot be read or is of no known format is told beside what is
 * good; a usage failure when nothing is.
 */
export async function readImports(request: ImportRequest): Promise<Imports> {
  const { paths, job, format, known } = request;
  if (!isFormat(format))
    throw usageFailure(`--format ${format} is not one of auto, ${FILE_FORMATS}, ${EVENTS_FORMAT}.`);
  const unusable: UnusableFiles[] = [];
  const sources: Source[] = [];
  for (const input of await inputsOfAll(paths, unusable)) {
    const read = async () => sources.push({ ...input, ...(await textOfInput(input.path)) });
    await orUnusable([input.path], unusable, read);
  }
  const documents = new Map<DocumentFormat, Source[]>();
  const others: Source[] = [];
  for (const source of sources) {
    const kind = documentOf(source, format);
    if (kind === undefined) others.push(source);
    else documents.set(kind, [...(documents.get(kind) ?? []), source]);
  }
  const collectives = others.filter((source) => isCollectives(source, format));
  const texts = others.filter((source) => !isCollectives(source, format));
  const logs = withoutStrangers(
    texts.filter((source) => !isEventFile(source, format)),
    format,
    unusable,
  );
  const events = texts.filter((source) => isEventFile(source, format));
  const jobs: ImportedJob[] = [];
  for (const { name, group } of groupsOf(logs, job)) {
    const files = group.map(({ path }) => path);
    await orUnusable(files, unusable, () => jobs.push(importLogs(group, name, request)));
  }
  for (const [kind, all] of documents) {
    for (const { name, group } of groupsOf(all, job)) {
      const files = group.map(({ path }) => path);
      await orUnusable(files, unusable, () => jobs.push(importDocuments(kind, group, name, request)));
    }
  }
  for (const { name, group } of groupsOf(collectives, job)) jobs.push(importCollectives(group, name, known));
  for (const source of events) {
    await orUnusable([source.path], unusable, () => jobs.push(...importEvents(source, job, known)));
  }
  if (jobs.length === 0) throw usageFailure(unusable.map(({ message }) => message).join('\n'));
  return { jobs: mergeSameJob(jobs), unusable };
}

async function inputsOfAll(paths: readonly string[], unusable: UnusableFiles[]): Promise<InputPath[]> {
  const inputs: InputPath[] = [];
  for (const path of paths) {
    await orUnusable([path], unusable, async () => inputs.push(...(await inputsOf(path))));
  }
  return inputs;
}

/** Files that are of one job: all where one is named, else those of one folder, and each one that was named itself. */
function groupsOf(
  sources: readonly Source[],
  job: string | undefined,
): { readonly name: string; readonly group: Source[] }[] {
  const groups = new Map<string, { readonly name: string; readonly group: Source[] }>();
  for (const source of sources) {
    const { path, folder } = source;
    const own = folder === undefined ? jobNameOf(path) : nameOfFolder(folder);
    const key = job === undefined ? `${folder ?? ''}\n${folder === undefined ? path : ''}` : '';
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { name: job ?? own, group: [source] });
    else known.group.push(source);
  }
  return [...groups.values()];
}

/** What lies in a folder beside logs and is none would be read as the output of one more rank. */
function withoutStrangers(
  logs: readonly Source[],
  format: string,
  unusable: UnusableFiles[],
): readonly Source[] {
  if (format !== 'auto') return logs;
  return logs.filter((source) => {
    const { path, folder, text } = source;
    if (folder === undefined || isOutput(source) || isBlank(source)) return true;
    if (recogniseLog(text.split('\n')) !== undefined) return true;
    unusable.push({ files: [path], message: `${path} is of no known format` });
    return false;
  });
}

function isFormat(name: string): boolean {
  const isKnown = logFormat(name) !== undefined || documentFormat(name) !== undefined;
  return isKnown || ['auto', EVENTS_FORMAT, COLLECTIVES_FORMAT].includes(name);
}

function documentOf({ text }: Source, format: string): DocumentFormat | undefined {
  return format === 'auto' ? recogniseDocument(text) : documentFormat(format);
}

function isCollectives({ text }: Source, format: string): boolean {
  return format === 'auto' ? isInspector(text) : format === COLLECTIVES_FORMAT;
}

function importCollectives(
  sources: readonly Source[],
  job: string,
  known: ImportRequest['known'],
): ImportedJob {
  const { events, notes, rejected } = collectivesFrom(job, sources);
  const revision = specRevision(job, known);
  return {
    job,
    files: sources.map(({ path }) => path),
    format: COLLECTIVES_FORMAT,
    events: revision === undefined ? events : [...events, revision],
    notes,
    rejected: rejected.slice(0, LOG_LIMITS.rejections_max),
    rejected_count: rejected.length,
    damaged: sources.flatMap(damageOf),
  };
}

function importDocuments(
  format: DocumentFormat,
  sources: readonly Source[],
  job: string,
  { known, now_us }: ImportRequest,
): ImportedJob {
  const texts = sources.map(({ text }) => text);
  const decoded = decodeDocuments(format, texts, { ...known, job });
  const files = sources.map(({ path }) => path);
  return {
    job,
    files,
    format: format.name,
    events: [...decoded.events, ...endOf(decoded, job, now_us)],
    notes: decoded.notes,
    rejected: decoded.rejected.map(({ file, ...rejection }) => ({
      file: files[file ?? 0] ?? '',
      ...rejection,
    })),
    rejected_count: decoded.rejected_count,
    damaged: sources.flatMap(damageOf),
  };
}

async function orUnusable(
  files: readonly string[],
  unusable: UnusableFiles[],
  work: () => unknown,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    unusable.push({ files, message: error.message });
  }
}

/** `runs/llama.log.gz` is job `llama`. */
export function jobNameOf(path: string): string {
  const name = basename(path).replace(/(?:\.(?:log|txt|out|err|ndjson|jsonl|json|csv|gz))+$/, '');
  return name === '' || name === '-' ? 'imported' : name;
}

function isEventFile({ text }: Source, format: string): boolean {
  if (format !== 'auto') return format === EVENTS_FORMAT;
  const first = /\S[^\n]*/.exec(text)?.[0] ?? '';
  return first.startsWith('{') && /"type"\s*:/.test(first);
}

function importLogs(
  sources: readonly Source[],
  job: string,
  { format, known, now_us }: ImportRequest,
): ImportedJob {
  const files = sources.map(({ path }) => path);
  if (sources.every(isBlank)) {
    const are = files.length === 1 ? 'is' : 'are';
    throw usageFailure(`${someOf(files)} ${are} empty. Check that the log was written and copied whole.`);
  }
  const decoded = decodedOf(sources, job, format, known);
  if (format !== 'auto' && decoded.events.every(({ type }) => type === 'job')) {
    throw usageFailure(`no line of ${someOf(files)} was recognised as ${format}: ${likeness(sources)}`);
  }
  const { rejected, rejected_count } = decoded;
  return {
    job,
    files,
    format: decoded.format,
    events: [...decoded.events, ...endOf(decoded, job, now_us)],
    notes: [...decoded.notes, ...(sources.length > 1 ? idleNotes(sources) : [])],
    rejected: rejected.map(({ file, ...rejection }) => ({ file: files[file ?? 0] ?? '', ...rejection })),
    rejected_count,
    damaged: sources.flatMap(damageOf),
  };
}

function decodedOf(
  sources: readonly Source[],
  job: string,
  format: string,
  known: ImportRequest['known'],
): DecodedLog {
  try {
    return decodeLogs(
      sources.map(({ text }) => text),
      { ...known, job, format },
    );
  } catch (error) {
    if (!(error instanceof UnknownLogFormat)) throw error;
    throw usageFailure(`${someOf(sources.map(({ path }) => path))}: ${error.message}`, error);
  }
}

/** What the files look like, for somebody who named another format. */
function likeness(sources: readonly Source[]): string {
  const found = recogniseLog(sources.flatMap(({ text }) => text.split('\n')));
  if (found === undefined) return `it looks like no known format either. Known: ${formatNames()}.`;
  return `it looks like ${found.name}. Give --format ${found.name}, or leave --format out.`;
}

/** Of many ranks some may say nothing: no mistake, but worth a word. */
function idleNotes(sources: readonly Source[]): string[] {
  const blank = sources.filter(isBlank).map(({ path }) => path);
  return blank.length === 0 ? [] : [`${someOf(blank)} ${blank.length === 1 ? 'has' : 'have'} no text`];
}

function isBlank({ text }: Source): boolean {
  return !/\S/.test(text);
}

function damageOf({ path, damage }: Source): DamagedFile[] {
  return damage === null ? [] : [{ file: path, message: damage }];
}

/**
 * A log that nobody writes any more ends its attempt, though not cleanly: left open, the account of a run of last year
 * would go on to today. A log with news younger than the limit of silence is taken as still running.
 */
function endOf({ open }: DecodedLog, job: string, now_us: number): JobScopedEvent[] {
  if (open === undefined || now_us - open.last_us <= LIVE_DEFAULTS.silent_after_us) return [];
  const { attempt, last_us } = open;
  const labels = { closed_by: 'end of log' };
  return [{ type: 'attempt_end', job, attempt, time_us: last_us, clean: false, labels }];
}

function importEvents(
  source: Source,
  job: string | undefined,
  known: Omit<LogOptions, 'job'>,
): ImportedJob[] {
  const { path, text } = source;
  const read = readEventLines(text);
  const all = read.events.map(({ event }) => event);
  const names = [
    ...new Set(all.flatMap((event) => ('job' in event && event.job !== undefined ? [event.job] : []))),
  ];
  if (names.length === 0) {
    const first = read.rejected[0];
    throw usageFailure(`${path} holds no events: line ${first?.line ?? 1}: ${first?.message ?? 'no event'}.`);
  }
  // who names a job that the file knows wants that one; else --job names what says no name, and these do
  const isNamed = job === undefined || names.includes(job);
  const wanted = job !== undefined && isNamed ? [job] : names;
  const rejected = read.rejected.map((rejection) => ({ file: path, ...rejection }));
  return wanted.map((name, index) => {
    const revision = specRevision(name, known);
    const own = all.filter((event) => !('job' in event) || event.job === undefined || event.job === name);
    return {
      job: name,
      files: [path],
      format: EVENTS_FORMAT,
      events: revision === undefined ? own : [...own, revision],
      notes: isNamed ? [] : [`its events name their job themselves, and none is of ${job}: they keep it`],
      // One file of several jobs: what could not be read belongs to none of them and is told once.
      rejected: index === 0 ? rejected : [],
      rejected_count: index === 0 ? rejected.length : 0,
      damaged: index === 0 ? damageOf(source) : [],
    };
  });
}

function mergeSameJob(jobs: readonly ImportedJob[]): ImportedJob[] {
  const merged = new Map<string, ImportedJob>();
  for (const job of jobs) {
    const before = merged.get(job.job);
    merged.set(job.job, before === undefined ? job : together(before, job));
  }
  return [...merged.values()];
}

function together(a: ImportedJob, b: ImportedJob): ImportedJob {
  return {
    job: a.job,
    files: [...a.files, ...b.files],
    format: a.format === b.format ? a.format : `${a.format}, ${b.format}`,
    events: [...a.events, ...b.events],
    notes: [...a.notes, ...b.notes],
    rejected: [...a.rejected, ...b.rejected],
    rejected_count: a.rejected_count + b.rejected_count,
    damaged: [...a.damaged, ...b.damaged],
  };
}
