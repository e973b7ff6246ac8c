import { badData } from './errors.ts';

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};

const DURATION = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$/;
const UNITS = ['y', 'w', 'd', 'h', 'm', 's', 'ms'] as const;

/** `1h30m` in milliseconds; null when the text is not a duration with units. A year is 365 days, as in Prometheus. */
export function durationMs(text: string): number | null {
  const parts = DURATION.exec(text);
  if (parts === null || text === '') return null;
  return UNITS.reduce((sum, unit, index) => sum + Number(parts[index + 1] ?? 0) * (UNIT_MS[unit] ?? 0), 0);
}

/**
 * A number as PromQL writes it without its sign: decimal, hexadecimal, octal with a leading 0 (Go's base 0), `Inf`,
 * `NaN`, with `_` between digits, or a duration in seconds.
 */
export function numberOf(text: string): number {
  const plain = text.replaceAll('_', '');
  const lower = plain.toLowerCase();
  if (lower === 'inf') return Number.POSITIVE_INFINITY;
  if (lower === 'nan') return Number.NaN;
  if (/^0[0-7]+$/.test(plain)) return Number.parseInt(plain, 8);
  const duration = durationMs(plain);
  if (duration !== null) return duration / 1000;
  const value = Number(plain);
  if (plain === '' || Number.isNaN(value)) throw badData(`error parsing number: ${text}`);
  return value;
}

/** A range, step or offset: a duration, or a number of seconds. */
export function durationOrSecondsMs(text: string): number {
  return durationMs(text) ?? Math.round(numberOf(text) * 1000);
}

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

/**
 * The text that a quoted string means, by the rules of Go (`\x41` and octal escapes are bytes of UTF-8). Throws
 * `bad_data` for a string that does not end and for an unknown escape.
 */
export function unquote(text: string): string {
  const quote = text[0] ?? '';
  if (text.length < 2 || text.at(-1) !== quote) throw badData('unterminated quoted string');
  const inner = text.slice(1, -1);
  if (quote === '`') return inner;
  if (inner.includes('\n')) throw badData('a quoted string ends at its line; write \\n in it');
  const bytes: Buffer[] = [];
  let at = 0;
  while (at < inner.length) {
    const backslash = inner.indexOf('\\', at);
    if (backslash < 0) {
      bytes.push(Buffer.from(inner.slice(at)));
      break;
    }
    bytes.push(Buffer.from(inner.slice(at, backslash)));
    const [piece, next] = readEscape(inner, backslash + 1, quote);
    bytes.push(piece);
    at = next;
  }
  return Buffer.concat(bytes).toString('utf8');
}

/** Bytes of the escape that begins after the backslash, and where the text goes on. */
function readEscape(text: string, at: number, quote: string): [Buffer, number] {
  const letter = text[at] ?? '';
  const simple = SIMPLE_ESCAPES[letter];
  if (simple !== undefined && (letter === quote || (letter !== "'" && letter !== '"'))) {
    return [Buffer.from(simple), at + 1];
  }
  const rest = text.slice(at);
  const byte = /^(?:x([0-9a-fA-F]{2})|([0-7]{3}))/.exec(rest);
  if (byte !== null) {
    const code = byte[1] !== undefined ? Number.parseInt(byte[1], 16) : Number.parseInt(byte[2] ?? '', 8);
    if (code <= 255) return [Buffer.from([code]), at + byte[0].length];
  }
  const rune = /^(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/.exec(rest);
  if (rune !== null) {
    const code = Number.parseInt(rune[1] ?? rune[2] ?? '', 16);
    if (code <= 0x10ffff) return [Buffer.from(String.fromCodePoint(code)), at + rune[0].length];
  }
  throw badData(`unknown escape sequence "\\${letter}" in a string`);
}
