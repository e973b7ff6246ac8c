/**
 * Reads run events, one NDJSON line at a time (`POST /v1/events`, files, the spool). A line that cannot be used is
 * refused alone with one of these codes and a message that names the field, what was sent and what is allowed:
 *
 * - `line_too_long`, `not_json`, `not_an_object`, `too_deep`: the line as a whole
 * - `missing_field`, `unknown_type`: what it is cannot be told
 * - `wrong_type`, `not_an_integer`, `not_in_list`, `out_of_range`, `too_long`, `too_many`: one field of it
 *
 * The list is closed (`EventProblemCode`): a code is never reused for something else. An optional field that is null
 * counts as absent. Unknown scalar fields become labels (a label given by name wins), other unknown fields are ignored.
 */
import {
  EVENT_LIMITS,
  type EventLimits,
  EventProblem,
  type EventProblemCode,
  isObject,
  isScalar,
  shown,
  text as textField,
} from './event-fields.ts';
import { EVENT_SCHEMA, type Field } from './event-schema.ts';
import { EVENT_TYPES, type Labels, type RunEvent } from './events.ts';

export type EventReading =
  | { readonly ok: true; readonly event: RunEvent }
  | { readonly ok: false; readonly code: EventProblemCode; readonly message: string };

export interface RejectedLine {
  /** From 1, empty lines included. */
  readonly line: number;
  readonly code: EventProblemCode;
  readonly message: string;
}

export interface EventLines {
  readonly events: { line: number; event: RunEvent }[];
  readonly rejected: RejectedLine[];
}

/** Reads one line without its line end. Never throws. */
export function readEventLine(line: string, limits: EventLimits = EVENT_LIMITS): EventReading {
  const read = eventOf(line, limits);
  if (read instanceof EventProblem) return { ok: false, code: read.code, message: read.message };
  return { ok: true, event: read };
}

/** Reads NDJSON text: `\n` or `\r\n`, a byte order mark and empty lines are passed over, the last line may be open. */
export function readEventLines(text: string, limits: EventLimits = EVENT_LIMITS): EventLines {
  const events: EventLines['events'] = [];
  const rejected: RejectedLine[] = [];
  let begin = text.startsWith('\ufeff') ? 1 : 0;
  for (let line = 1; begin < text.length; line++) {
    const newline = text.indexOf('\n', begin);
    const end = newline === -1 ? text.length : newline;
    const content = text.slice(begin, end).trim();
    begin = end + 1;
    if (content === '') continue;
    const read = readEventLine(content, limits);
    if (read.ok) events.push({ line, event: read.event });
    else rejected.push({ line, code: read.code, message: read.message });
  }
  return { events, rejected };
}

/**
 * The one spelling of an event: keys sorted at every level, no spaces, absent fields left out. Equal events have equal
 * lines, whatever order their sender wrote the fields in; the event's id is a hash of it.
 */
export function canonicalEventLine(event: RunEvent): string {
  return canonicalJson(event);
}

function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value) ?? 'null';
  const fields = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`);
  return `{${fields.join(',')}}`;
}

function eventOf(line: string, limits: EventLimits): RunEvent | EventProblem {
  if (line.length > limits.line_chars_max) {
    const message = `the line has ${line.length} characters; at most ${limits.line_chars_max} are allowed`;
    return new EventProblem('line_too_long', message);
  }
  const value = jsonOf(line);
  if (value instanceof EventProblem) return value;
  if (!isObject(value)) {
    return new EventProblem('not_an_object', `the line is ${shown(value)}; expected one JSON object`);
  }
  if (isDeeper(value, limits.depth_max)) {
    return new EventProblem('too_deep', `the line nests deeper than ${limits.depth_max} levels`);
  }
  const type = EVENT_TYPES.find((known) => known === value['type']);
  if (type === undefined) return unknownType(value['type']);
  return fieldsOf(type, EVENT_SCHEMA[type], value, limits);
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return new EventProblem('not_json', `the line is not JSON: ${detail}`);
  }
}

/** Level by level rather than by recursion: the depth is the sender's choice until it is known. */
function isDeeper(value: unknown, depth_max: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > depth_max) return true;
    level = level.flatMap((item) =>
      typeof item === 'object' && item !== null
        ? Object.values(item).filter((inner) => typeof inner === 'object' && inner !== null)
        : [],
    );
  }
  return false;
}

function unknownType(type: unknown): EventProblem {
  const expected = `expected one of ${EVENT_TYPES.join(', ')}`;
  if (type === undefined || type === null) {
    return new EventProblem('missing_field', `type is missing; ${expected}`);
  }
  return new EventProblem('unknown_type', `type is ${shown(type)}; ${expected}`);
}

function fieldsOf(
  type: RunEvent['type'],
  schema: Readonly<Record<string, Field>>,
  value: Record<string, unknown>,
  limits: EventLimits,
): RunEvent | EventProblem {
  const event: Record<string, unknown> = { type };
  for (const key in schema) {
    const field = schema[key];
    if (field === undefined) continue;
    const given = Object.hasOwn(value, key) ? value[key] : undefined;
    if (given === undefined || given === null) {
      if (field.required)
        return new EventProblem('missing_field', `${type}.${key} is missing; it is required`);
      continue;
    }
    const read = field.read(given, `${type}.${key}`, limits);
    if (read instanceof EventProblem) return read;
    event[key] = read;
  }
  const problem = contradictionIn(type, event);
  if (problem !== undefined) return problem;
  const labels = labelsOf(type, schema, value, limits);
  if (labels instanceof EventProblem) return labels;
  if (labels !== undefined) event['labels'] = labels;
  // The schema's type holds every field of every event; this is the one place where that knowledge enters a type.
  return event as unknown as RunEvent;
}

/** Rules between two fields: an end is not before its start, a line covers no step before 0, parts fit the whole. */
function contradictionIn(
  type: RunEvent['type'],
  event: Readonly<Record<string, unknown>>,
): EventProblem | undefined {
  const pairs: readonly (readonly [string, string])[] =
    type === 'capacity'
      ? [
          ['stepping', 'total'],
          ['available', 'total'],
        ]
      : [
          ['start_us', 'end_us'],
          ['from_us', 'to_us'],
        ];
  for (const [small, large] of pairs) {
    const [low, high] = [event[small], event[large]];
    if (typeof low !== 'number' || typeof high !== 'number' || low <= high) continue;
    const blamed = type === 'capacity' ? small : large;
    const message = `${type}.${blamed} is ${event[blamed]}; expected ${small} <= ${large}, and they are ${low} and ${high}`;
    return new EventProblem('out_of_range', message);
  }
  const { step, count } = event;
  if (type === 'step' && typeof step === 'number' && typeof count === 'number' && count > step + 1) {
    const message = `step.count is ${count}; the line covers steps step-count+1..step, so with step ${step} at most ${step + 1} are allowed`;
    return new EventProblem('out_of_range', message);
  }
  return undefined;
}

function labelsOf(
  type: RunEvent['type'],
  schema: Readonly<Record<string, Field>>,
  value: Readonly<Record<string, unknown>>,
  limits: EventLimits,
): Labels | EventProblem | undefined {
  const given = value['labels'] ?? undefined;
  if (given !== undefined && !isObject(given)) {
    return new EventProblem('wrong_type', `${type}.labels is ${shown(given)}; expected an object of scalars`);
  }
  const unknown = Object.entries(value).filter(([key]) => key !== 'type' && !Object.hasOwn(schema, key));
  const labels = new Map<string, string | number | boolean>();
  for (const [key, item] of [...unknown, ...Object.entries(given ?? {})]) {
    if (!isScalar(item) || key === '__proto__') continue;
    const problem = labelProblem(`${type}.labels`, key, item, limits);
    if (problem !== undefined) return problem;
    labels.set(key, item);
  }
  if (labels.size > limits.labels_max) {
    const message = `${type} has ${labels.size} labels, unknown fields included; at most ${limits.labels_max}`;
    return new EventProblem('too_many', message);
  }
  return labels.size === 0 ? undefined : Object.fromEntries(labels);
}

function labelProblem(
  path: string,
  key: string,
  item: string | number | boolean,
  limits: EventLimits,
): EventProblem | undefined {
  if (key.length > limits.name_chars_max) {
    const message = `${path} has a name of ${key.length} characters; at most ${limits.name_chars_max}`;
    return new EventProblem('too_long', message);
  }
  const read = typeof item === 'string' ? textField(item, `${path}.${key}`, limits) : undefined;
  return read instanceof EventProblem ? read : undefined;
}
