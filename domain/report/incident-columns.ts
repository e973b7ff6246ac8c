import { type CauseDomain, type CauseRow, causeOf, causeOfExit, saysNothing } from '../catalog/causes.ts';
import type { AttemptEndEvent, FailEvent, FaultEvent, Labels } from '../events.ts';
import type { Incident } from '../ledger/ledger-shape.ts';
import { nearestFault } from './incident-causes.ts';
import type { JobEvidence } from './job-evidence.ts';

export const INTERRUPTION_KINDS = ['explicit', 'implicit', 'manual', 'planned'] as const;
export type InterruptionKind = (typeof INTERRUPTION_KINDS)[number];

/** Where a cause is from. `ledger`: the bucket itself says what it is; `steps`: the times of ranks and phases. */
export type CauseSource = 'fail' | 'fault' | 'exit_code' | 'log' | 'attempt_end' | 'ledger' | 'steps';

/** Cause, symptom, domain and recoverability apart: the same symptom comes from different causes. Null: not known. */
export interface CauseColumns {
  /** How it showed. */
  readonly symptom: string | null;
  /** What made it so, as a code of `domain/catalog/causes.ts` or as it was told. */
  readonly root_cause: string | null;
  readonly class: string | null;
  readonly domain: CauseDomain;
  readonly node: string | null;
  readonly device: string | null;
  readonly recoverability: string | null;
  readonly source: CauseSource | null;
}

export interface IncidentColumns extends CauseColumns {
  /** Explicit: something said that it failed. Implicit: it only stopped or slowed down. */
  readonly interruption: InterruptionKind;
}

/** One thing that a witness said. */
interface Saying {
  readonly text: string;
  readonly row: CauseRow | undefined;
  readonly source: CauseSource;
}

/**
 * What is known of why an incident happened. The job's own word comes first; what it says nothing of is read from the
 * fault that was joined, then from the exit status and from the log line that was kept. A symptom stays a symptom where
 * nothing else is known, and then the domain is that of the symptom, mostly `unknown`.
 *
 * @param at_us up to when faults are looked for, for an incident that goes on
 */
export function incidentColumns(
  incident: Incident,
  evidence: JobEvidence,
  at_us: number,
  is_from_log: boolean,
): IncidentColumns {
  const fail = failOf(incident, evidence.fails);
  const end = fail === undefined ? endOf(incident, evidence.ends) : undefined;
  const sayings = sayingsOf(incident, fail, end, nearestFault(incident, evidence.faults, at_us), is_from_log);
  const cause = sayings.find(({ row }) => row?.role === 'cause');
  const told = cause ?? sayings.find(({ row, source }) => isUnlisted(row) && source !== 'log');
  const shown = sayings.find(({ row }) => row !== undefined && row.role !== 'cause');
  const silent = silentSymptom(incident, fail, end);
  const symptom = shown?.row?.code ?? silent;
  const row = told?.row ?? shown?.row;
  return {
    symptom: symptom ?? cause?.row?.code ?? told?.text ?? null,
    root_cause: told === undefined ? null : (told.row?.code ?? told.text),
    class: row?.class ?? null,
    domain: row?.domain ?? (silent === 'clean_stop' ? 'operator' : 'unknown'),
    node: incident.node,
    device: incident.device,
    recoverability: row?.recoverability ?? null,
    source: (told ?? shown)?.source ?? (end === undefined ? null : 'attempt_end'),
    interruption: interruptionKind(incident, told?.row ?? shown?.row, silent),
  };
}

/** A cause that the catalogue does not know is still what somebody said. */
function isUnlisted(row: CauseRow | undefined): boolean {
  return row === undefined;
}

function sayingsOf(
  { kind, cause }: Incident,
  fail: FailEvent | undefined,
  end: AttemptEndEvent | undefined,
  fault: FaultEvent | undefined,
  is_from_log: boolean,
): Saying[] {
  const sayings: Saying[] = [];
  const add = (text: string | null | undefined, source: CauseSource, row = causeOf(text ?? '')) => {
    if (text !== null && text !== undefined && !saysNothing(text)) sayings.push({ text, row, source });
  };
  add(fail?.cause, is_from_log ? 'log' : 'fail');
  if (fault !== undefined) add(fault.code, 'fault');
  else if (kind === 'slowdown') add(cause, 'steps');
  else if (fail === undefined) add(cause, 'fail');
  const labels = fail?.labels ?? end?.labels;
  const exit = exitCode(labels);
  const byExit = exit === undefined ? undefined : causeOfExit(exit);
  if (byExit !== undefined) add(byExit.code, 'exit_code', byExit);
  const line = lineOf(labels);
  if (line !== undefined && causeOf(line) !== undefined) add(line, 'log');
  return sayings;
}

const EXIT_LABELS = ['exit_code', 'exitcode', 'exit_status', 'returncode'] as const;
const LINE_LABELS = ['message', 'reason', 'log', 'error', 'signal'] as const;

function exitCode(labels: Labels | undefined): number | undefined {
  for (const name of EXIT_LABELS) {
    const value = Number(labels?.[name] ?? Number.NaN);
    if (Number.isInteger(value)) return value;
  }
  return undefined;
}

function lineOf(labels: Labels | undefined): string | undefined {
  for (const name of LINE_LABELS) {
    const value = labels?.[name];
    if (typeof value === 'string') return value;
  }
  return undefined;
}

/** The fail event that closed the attempt: of its number where it has one, at the moment of the incident. */
function failOf(incident: Incident, fails: readonly FailEvent[]): FailEvent | undefined {
  if (incident.kind !== 'interruption') return undefined;
  const own = fails.filter(({ attempt }) => attempt === undefined || attempt === incident.attempt);
  const exact = own.find(({ time_us }) => time_us === incident.failed_at_us);
  // an unclean end that a fail explained later is dated by the end
  return (
    exact ?? own.find(({ attempt, time_us }) => attempt !== undefined && time_us > incident.failed_at_us)
  );
}

function endOf(incident: Incident, ends: readonly AttemptEndEvent[]): AttemptEndEvent | undefined {
  if (incident.kind !== 'interruption') return undefined;
  return ends.find(
    ({ attempt, time_us }) =>
      time_us === incident.failed_at_us && (attempt === undefined || attempt === incident.attempt),
  );
}

/** What happened where nobody said a word about it. */
function silentSymptom(
  { kind }: Incident,
  fail: FailEvent | undefined,
  end: AttemptEndEvent | undefined,
): string | null {
  if (kind === 'hang') return 'hang';
  if (kind === 'silence') return 'silence';
  if (kind === 'slowdown') return 'slow_steps';
  if (fail !== undefined) return null;
  if (end === undefined) return 'unannounced_restart';
  return end.clean ? 'clean_stop' : 'unclean_end';
}

function interruptionKind(
  { kind, planned }: Incident,
  row: CauseRow | undefined,
  silent: string | null,
): InterruptionKind {
  if (planned || row?.interruption === 'planned') return 'planned';
  if (row?.interruption === 'manual' || silent === 'clean_stop') return 'manual';
  if (kind !== 'interruption') return 'implicit';
  return silent === null || row !== undefined ? 'explicit' : 'implicit';
}
