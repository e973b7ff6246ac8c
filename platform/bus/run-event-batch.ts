import { randomUUID } from 'node:crypto';
import type { RunEvent } from '../../domain/events.ts';
import type { Batch } from './bus.ts';

/** One line of the body of a `run_events` batch. */
export interface StoredEventLine {
  /** When the event reached a receiver, milliseconds since the epoch. */
  readonly received_at_ms: number;
  readonly event: RunEvent;
}

export const RUN_EVENTS_SCHEMA_VERSION = 1;

/** The body is not what its schema version says; `line` counts from 1. */
export class BadRunEventBatch extends Error {
  readonly code: 'unknown_schema' | 'bad_body';
  constructor(batch: string, line: number, problem: string, code: BadRunEventBatch['code'] = 'bad_body') {
    super(`run event batch ${batch}, line ${line}: ${problem}`);
    this.name = 'BadRunEventBatch';
    this.code = code;
  }
}

/**
 * Validated events as batches, one for each job, so that a job's events stay in order on the bus. Events of no job
 * (faults, node states) share the key ''.
 */
export function encodeRunEvents(events: readonly RunEvent[], received_at_ms: number): Batch[] {
  const lines = new Map<string, string[]>();
  for (const event of events) {
    const key = event.type === 'node_state' ? '' : (event.job ?? '');
    const stored: StoredEventLine = { received_at_ms, event };
    const own = lines.get(key);
    if (own === undefined) lines.set(key, [JSON.stringify(stored)]);
    else own.push(JSON.stringify(stored));
  }
  return [...lines].map(([key, own]) => ({
    id: randomUUID(),
    kind: 'run_events',
    schemaVersion: RUN_EVENTS_SCHEMA_VERSION,
    key,
    rows: own.length,
    body: Buffer.from(`${own.join('\n')}\n`),
  }));
}

/** Throws {@link BadRunEventBatch}. The events are as valid as their encoder's: they are not checked again. */
export function decodeRunEvents(batch: Batch): StoredEventLine[] {
  if (batch.schemaVersion !== RUN_EVENTS_SCHEMA_VERSION) {
    const problem = `schema version ${batch.schemaVersion} is not known`;
    throw new BadRunEventBatch(batch.id, 1, problem, 'unknown_schema');
  }
  const lines = Buffer.from(batch.body.buffer, batch.body.byteOffset, batch.body.byteLength).toString('utf8');
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => decodeLine(line, batch.id, index + 1));
}

function decodeLine(line: string, batch: string, number: number): StoredEventLine {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new BadRunEventBatch(batch, number, cause instanceof Error ? cause.message : String(cause));
  }
  if (!isStoredLine(value))
    throw new BadRunEventBatch(batch, number, 'not {received_at_ms, event: {type, ...}}');
  return value;
}

function isStoredLine(value: unknown): value is StoredEventLine {
  if (typeof value !== 'object' || value === null) return false;
  const { received_at_ms, event } = value as { received_at_ms?: unknown; event?: unknown };
  if (typeof received_at_ms !== 'number' || typeof event !== 'object' || event === null) return false;
  return typeof (event as { type?: unknown }).type === 'string';
}
