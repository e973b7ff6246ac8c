/**
 * The numbers of a metrics page, read from its bytes. The grammar is Go's ParseFloat as Prometheus uses it: decimal
 * with optional fraction and exponent, `Inf`, `Infinity` and `NaN` in any case with an optional sign; no hexadecimal,
 * no underscores, and a magnitude beyond float64 is an error, not infinity.
 */

/** Where a number read by {@link readNumber} ended, and what it was; one object is reused for all of them. */
export interface NumberCursor {
  value: number;
  /** Index of the first byte behind the number; -1 when there was no number. */
  end: number;
}

const POWERS_OF_TEN = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
/** Up to here mantissa and power of ten are exact in float64, so one division rounds once: the nearest double. */
const EXACT_DIGITS = 15;
const EXACT_FRACTION = 22;

const ZERO = 0x30;
const NINE = 0x39;
const DOT = 0x2e;
const PLUS = 0x2b;
const MINUS = 0x2d;

export function readNumber(bytes: Uint8Array, start: number, limit: number, out: NumberCursor): void {
  let at = start;
  const first = bytes[at];
  const negative = first === MINUS;
  if (negative || first === PLUS) at++;
  let mantissa = 0;
  let digits = 0;
  let fraction = 0;
  let seen = 0;
  let dot = false;
  for (; at < limit; at++) {
    const byte = bytes[at] ?? 0;
    if (byte >= ZERO && byte <= NINE) {
      seen++;
      if (dot) fraction++;
      if (digits > 0 || byte !== ZERO) digits++;
      if (digits <= EXACT_DIGITS) mantissa = mantissa * 10 + (byte - ZERO);
    } else if (byte === DOT && !dot) dot = true;
    else break;
  }
  const plain = seen > 0 && digits <= EXACT_DIGITS && fraction <= EXACT_FRACTION;
  if (!plain || !endsToken(bytes, at, limit)) {
    readAnyNumber(bytes, start, limit, out);
    return;
  }
  const magnitude = fraction === 0 ? mantissa : mantissa / (POWERS_OF_TEN[fraction] ?? 1);
  out.value = negative ? -magnitude : magnitude;
  out.end = at;
}

const GRAMMAR = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const NOT_FINITE = /^([+-]?)(?:(inf|infinity)|nan)$/i;
/** Longer than any double needs (1,074 digits behind the point), shorter than what would be costly. */
const NUMBER_BYTES_MAX = 1100;

/** The rare forms: exponents, many digits, infinities, not a number. */
function readAnyNumber(bytes: Uint8Array, start: number, limit: number, out: NumberCursor): void {
  let end = start;
  while (end < limit && !endsToken(bytes, end, limit)) end++;
  out.end = -1;
  if (end === start || end - start > NUMBER_BYTES_MAX) return;
  const text = String.fromCharCode(...bytes.subarray(start, end));
  const special = NOT_FINITE.exec(text);
  if (special !== null) {
    const magnitude = special[2] === undefined ? Number.NaN : Number.POSITIVE_INFINITY;
    out.value = special[1] === '-' ? -magnitude : magnitude;
    out.end = end;
    return;
  }
  if (!GRAMMAR.test(text)) return;
  const value = Number(text);
  if (!Number.isFinite(value)) return;
  out.value = value;
  out.end = end;
}

/** Space, tab, carriage return, line feed, or the end of the page. */
function endsToken(bytes: Uint8Array, at: number, limit: number): boolean {
  if (at >= limit) return true;
  const byte = bytes[at];
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}
