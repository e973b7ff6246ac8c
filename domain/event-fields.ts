import { LATENESS_CLASSES_MAX } from './collective-lateness.ts';
import { BadPackedLengths, packedLengthsFrom } from './model-packed.ts';

/**
 * Readers of single fields of a run event: each takes what JSON gave and returns the value, or what is wrong with it.
 * `EventProblem` is the closed list of codes a sender can meet; `domain/event-reader.ts` documents them.
 */

export type EventProblemCode =
  | 'line_too_long'
  | 'not_json'
  | 'not_an_object'
  | 'too_deep'
  | 'missing_field'
  | 'unknown_type'
  | 'wrong_type'
  | 'not_an_integer'
  | 'not_in_list'
  | 'out_of_range'
  | 'too_long'
  | 'too_many';

export class EventProblem {
  readonly code: EventProblemCode;
  readonly message: string;
  constructor(code: EventProblemCode, message: string) {
    this.code = code;
    this.message = message;
  }
}

/** Limits of one line. A line beyond one of them is refused and told which. */
export interface EventLimits {
  /** Characters of one line; a published model config is below 100 kB, 12,000 node names below 500 kB. */
  readonly line_chars_max: number;
  /** Nesting of objects and arrays; the deepest published model config has four levels. */
  readonly depth_max: number;
  /** Characters of a name: job, node, device, cause, span name, label name. */
  readonly name_chars_max: number;
  /** Characters of a text: message, reason, label value. */
  readonly text_chars_max: number;
  readonly labels_max: number;
  readonly nodes_max: number;
}

export const EVENT_LIMITS: EventLimits = {
  line_chars_max: 1_048_576,
  depth_max: 16,
  name_chars_max: 512,
  text_chars_max: 8192,
  labels_max: 64,
  nodes_max: 65_536,
};

/** Turns a JSON value into the field's value; `path` names the field in a message. */
export type FieldReader = (value: unknown, path: string, limits: EventLimits) => unknown;

/** What was sent, short enough for a message. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `"${value.length > 40 ? `${value.slice(0, 40)}...` : value}"`;
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}

function wrongType(path: string, value: unknown, expected: string): EventProblem {
  return new EventProblem(
    'wrong_type',
    `${path} is ${shown(value)} (${typeOf(value)}); expected ${expected}`,
  );
}

function typeOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
}

function stringField(kind: 'name' | 'text'): FieldReader {
  return (value, path, limits) => {
    if (typeof value !== 'string') return wrongType(path, value, 'a string');
    const max = kind === 'name' ? limits.name_chars_max : limits.text_chars_max;
    if (value.length > max) {
      return new EventProblem(
        'too_long',
        `${path} has ${value.length} characters; at most ${max} are allowed`,
      );
    }
    if (kind === 'name' && value.trim() === '') {
      return new EventProblem('out_of_range', `${path} is empty; expected a name`);
    }
    return value;
  };
}

export const name = stringField('name');
export const text = stringField('text');

export const boolean: FieldReader = (value, path) =>
  typeof value === 'boolean' ? value : wrongType(path, value, 'true or false');

function integerField(min: number, expected: string): FieldReader {
  return (value, path) => {
    if (typeof value !== 'number') return wrongType(path, value, expected);
    if (!Number.isInteger(value)) {
      return new EventProblem('not_an_integer', `${path} is ${value}; expected ${expected}`);
    }
    if (value < min || value > Number.MAX_SAFE_INTEGER) {
      const range = `${min}..${Number.MAX_SAFE_INTEGER}`;
      return new EventProblem('out_of_range', `${path} is ${value}; expected ${expected}, in ${range}`);
    }
    return value;
  };
}

/** Small origins are legal (a timeline may start at 0), so a time in seconds by mistake is not guessed at. */
export const timeUs = integerField(0, 'an integer, microseconds since the epoch');
export const durationUs = integerField(0, 'an integer, microseconds');
export const index = integerField(0, 'an integer from 0');
export const positiveInteger = integerField(1, 'an integer from 1');

export const zeroStage: FieldReader = (value, path, limits) => {
  const read = index(value, path, limits);
  if (read instanceof EventProblem || Number(read) <= 3) return read;
  return new EventProblem('out_of_range', `${path} is ${shown(value)}; expected a stage of ZeRO, 0 to 3`);
};

function numberField(accepts: (value: number) => boolean, expected: string): FieldReader {
  return (value, path) => {
    if (typeof value !== 'number') return wrongType(path, value, expected);
    if (Number.isFinite(value) && accepts(value)) return value;
    return new EventProblem('out_of_range', `${path} is ${value}; expected ${expected}`);
  };
}

export const finite = numberField(() => true, 'a number');
export const amount = numberField((value) => value >= 0, 'a number from 0');
export const positiveNumber = numberField((value) => value > 0, 'a number above 0');
export const ratioBetween = numberField(
  (value) => value > 0 && value < 1,
  'a ratio above 0 and below 1, such as 0.95',
);

export function oneOf(allowed: readonly string[]): FieldReader {
  return (value, path) => {
    const expected = `one of ${allowed.join(', ')}`;
    if (typeof value !== 'string') return wrongType(path, value, expected);
    if (allowed.includes(value)) return value;
    return new EventProblem('not_in_list', `${path} is ${shown(value)}; expected ${expected}`);
  };
}

/** A device is named by its uid or its index on the node. */
export const device: FieldReader = (value, path, limits) => {
  if (typeof value === 'string') return name(value, path, limits);
  if (typeof value === 'number') return index(value, path, limits);
  return wrongType(path, value, 'a device uid (string) or index (integer)');
};

export const nodeNames: FieldReader = (value, path, limits) => {
  if (!Array.isArray(value)) return wrongType(path, value, 'an array of node names');
  if (value.length > limits.nodes_max) {
    return new EventProblem('too_many', `${path} has ${value.length} names; at most ${limits.nodes_max}`);
  }
  for (const [position, node] of value.entries()) {
    const read = name(node, `${path}[${position}]`, limits);
    if (read instanceof EventProblem) return read;
  }
  return value;
};

export const latenessCounts: FieldReader = (value, path, limits) => {
  if (!Array.isArray(value)) return wrongType(path, value, 'an array of counts');
  if (value.length > LATENESS_CLASSES_MAX) {
    return new EventProblem(
      'too_many',
      `${path} has ${value.length} counts; at most ${LATENESS_CLASSES_MAX}`,
    );
  }
  for (const [position, count] of value.entries()) {
    const read = index(count, `${path}[${position}]`, limits);
    if (read instanceof EventProblem) return read;
  }
  return value;
};

/** An object of optional fields; names not in the table are ignored. */
export function record(fields: Readonly<Record<string, FieldReader>>): FieldReader {
  return (value, path, limits) => {
    if (!isObject(value)) return wrongType(path, value, 'an object');
    const read: [string, unknown][] = [];
    for (const [key, reader] of Object.entries(fields)) {
      const given = Object.hasOwn(value, key) ? value[key] : undefined;
      if (given === undefined || given === null) continue;
      const field = reader(given, `${path}.${key}`, limits);
      if (field instanceof EventProblem) return field;
      read.push([key, field]);
    }
    return Object.fromEntries(read);
  };
}

const BASELINE = record({ job: name, devices: positiveInteger, tokens_per_s_per_device: positiveNumber });

export const baseline: FieldReader = (value, path, limits) => {
  const read = BASELINE(value, path, limits);
  if (read instanceof EventProblem || !isObject(read)) return read;
  if (read['job'] !== undefined) return { job: read['job'] };
  if (read['devices'] !== undefined && read['tokens_per_s_per_device'] !== undefined) return read;
  const expected = '{"job": ...} or {"devices": ..., "tokens_per_s_per_device": ...}';
  return new EventProblem('missing_field', `${path} names no baseline; expected ${expected}`);
};

/** Lengths of packed documents: `[512, 1024]`, `[{"tokens": 512, "documents": 20}]` or `{"512": 20}`; kept as the second. */
export const packedLengths: FieldReader = (value, path) => {
  try {
    return packedLengthsFrom(value);
  } catch (error) {
    if (!(error instanceof BadPackedLengths)) throw error;
    return new EventProblem('wrong_type', `${path}: ${error.message}`);
  }
};

/** A preset name, or a config.json object, which is read where it is used; here it is only made safe to carry. */
export const model: FieldReader = (value, path, limits) => {
  if (typeof value === 'string') return name(value, path, limits);
  if (!isObject(value)) return wrongType(path, value, 'a preset name or a config.json object');
  return withoutPrototypeKeys(value);
};

function withoutPrototypeKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPrototypeKeys);
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([key]) => key !== '__proto__');
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutPrototypeKeys(inner)]));
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}
