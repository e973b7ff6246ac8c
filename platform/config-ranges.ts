import type { LogLevel } from './log.ts';

/**
 * Which values a setting may have, by the unit at the end of its name: every numeric setting of the product falls
 * under one of these rules, so a new one is checked without being listed.
 */
interface Rule {
  readonly names: RegExp;
  readonly wanted: string;
  readonly allows: (value: number) => boolean;
}

/** A Node timer that is set for longer than 2^31 - 1 ms fires at once (Node.js, `setTimeout`). */
const TIMER_MAX_S = Math.floor((2 ** 31 - 1) / 1000);

const isWhole = Number.isSafeInteger;

/** The first rule whose names fit holds. */
const RULES: readonly Rule[] = [
  {
    names: /(^|[._])port$/,
    wanted: 'a whole number from 0 (any free port) to 65535',
    allows: (value) => isWhole(value) && value >= 0 && value <= 65_535,
  },
  {
    // A share of time of 0 would be a division by it.
    names: /_ratio_max$/,
    wanted: 'above 0, up to 1',
    allows: (value) => value > 0 && value <= 1,
  },
  {
    // a target of 1 leaves no error budget, and one of 0 asks for nothing
    names: /_target_ratio$/,
    wanted: 'above 0 and below 1',
    allows: (value) => value > 0 && value < 1,
  },
  { names: /_ratio$/, wanted: 'from 0 to 1', allows: (value) => value >= 0 && value <= 1 },
  {
    names: /(interval|timeout|resolution|refresh|retry(_\w+)?)_s$/,
    wanted: `a number of seconds above 0, up to ${TIMER_MAX_S}`,
    allows: (value) => value > 0 && value <= TIMER_MAX_S,
  },
  {
    names: /_(floor|visible|age_max|ahead_max)_s$/,
    wanted: 'a number of seconds from 0',
    allows: (value) => value >= 0,
  },
  { names: /_s$/, wanted: 'a number of seconds above 0', allows: (value) => value > 0 },
  { names: /_ms$/, wanted: 'a number of milliseconds above 0', allows: (value) => value > 0 },
  {
    names: /_(named_max|bytes_min)$/,
    wanted: 'a whole number from 0',
    allows: (value) => isWhole(value) && value >= 0,
  },
  { names: /(^|[._])pue$/, wanted: 'a number from 1', allows: (value) => value >= 1 },
  { names: /(^|[._])price_per_\w+$/, wanted: 'a number from 0', allows: (value) => value >= 0 },
  { names: /_factor$/, wanted: 'a number above 0', allows: (value) => value > 0 },
  { names: /./, wanted: 'a whole number above 0', allows: (value) => isWhole(value) && value > 0 },
];

/** What the setting must be when the value is not, else undefined. Values of other types have no range. */
export function rangeOf(path: string, value: unknown): string | undefined {
  if (typeof value === 'string') {
    if (value.trim() === '') return 'a text that is not empty';
    if (path !== 'log_level' || LOG_LEVELS.some((level) => level === value)) return undefined;
    return `one of ${LOG_LEVELS.join(', ')}`;
  }
  if (typeof value !== 'number') return undefined;
  const rule = RULES.find(({ names }) => names.test(path));
  return rule === undefined || (Number.isFinite(value) && rule.allows(value)) ? undefined : rule.wanted;
}

const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const satisfies readonly LogLevel[];

/** Whether a setting that is unknown by default (`null`) is a number when it is set; others of that kind are texts. */
export function isNumberOrNull(path: string): boolean {
  return /(^|[._])(pue|price_per_\w+|\w+_target_ratio)$/.test(path);
}

/** Whether a setting is one that must not be printed: a token, a password, a secret. The name of a file with one may be. */
export function isSecret(path: string): boolean {
  return /token|password|secret/.test(path) && !path.endsWith('_file');
}

/** A value for a message. A secret is not shown, not even a wrong one; a long value is cut. */
export function shownValue(path: string, value: unknown): string {
  if (isSecret(path)) return `a ${value === null ? 'null' : typeof value} (hidden)`;
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'nothing');
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}...` : text;
}

const SHOWN_MAX = 80;
