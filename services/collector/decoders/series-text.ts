import {
  BACKSLASH,
  BRACE_CLOSE,
  BRACE_OPEN,
  COMMA,
  EQUALS,
  LINE_FEED,
  QUOTE,
  skipBlanks,
} from './page-bytes.ts';

/** A series as a page names it: the same object for the same series in every page of one decoder. */
export interface SeriesRef {
  readonly name: string;
  /** In name order; a label with an empty value is no label and is left out, as in Prometheus. */
  readonly labels: readonly (readonly [string, string])[];
}

export interface SeriesLimits {
  readonly labels_max: number;
  /** Of a metric or label name, bytes. */
  readonly name_bytes_max: number;
  readonly label_value_bytes_max: number;
}

/** The text is not a series; `message` says what was expected. */
export class BadSeries extends Error {}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** Where the parts of a series lie in the page: nothing is decoded yet. */
export interface SeriesSpans {
  /** Index of the first byte behind the series: behind `}`, or behind the bare name. */
  readonly end: number;
  readonly name: Span | undefined;
  /** Name and value, each without its quotes. */
  readonly labels: readonly (readonly [Span, Span])[];
}

/**
 * Finds the parts of `name{label="value",...}` from `start`, within one line. Lenient where exporters are: blanks
 * anywhere between tokens, a trailing comma, quoted names (`{"a.b",c="d"}`). Throws {@link BadSeries}.
 */
export function findSeries(bytes: Uint8Array, start: number, limit: number): SeriesSpans {
  let at = skipBlanks(bytes, start, limit);
  const nameEnd = skipName(bytes, at, limit, true);
  let name: Span | undefined = nameEnd > at ? { from: at, to: nameEnd } : undefined;
  at = skipBlanks(bytes, nameEnd, limit);
  if (bytes[at] !== BRACE_OPEN || at >= limit) {
    if (name === undefined) throw new BadSeries('expected a metric name');
    return { end: nameEnd, name, labels: [] };
  }
  const labels: [Span, Span][] = [];
  at = skipBlanks(bytes, at + 1, limit);
  while (bytes[at] !== BRACE_CLOSE || at >= limit) {
    const key = labelName(bytes, at, limit);
    at = skipBlanks(bytes, key.next, limit);
    if (bytes[at] === EQUALS && at < limit) {
      const value = quoted(bytes, skipBlanks(bytes, at + 1, limit), limit, 'a quoted label value');
      labels.push([key.span, value.span]);
      at = skipBlanks(bytes, value.next, limit);
    } else if (key.isQuoted && name === undefined) name = key.span;
    else throw new BadSeries('expected `=` after a label name');
    if (bytes[at] === COMMA && at < limit) at = skipBlanks(bytes, at + 1, limit);
    else if (bytes[at] !== BRACE_CLOSE || at >= limit)
      throw new BadSeries('expected `,` or `}` after a label');
  }
  if (name === undefined) throw new BadSeries('a series without a metric name');
  return { end: at + 1, name, labels };
}

/** Decodes what {@link findSeries} found. A pure function of those bytes. Throws {@link BadSeries}. */
export function decodeSeries(bytes: Uint8Array, spans: SeriesSpans, limits: SeriesLimits): SeriesRef {
  if (spans.labels.length > limits.labels_max) {
    throw new BadSeries(`${spans.labels.length} labels; the limit is ${limits.labels_max} (labels_max)`);
  }
  const name = spans.name === undefined ? '' : nameText(bytes, spans.name, limits);
  const labels = spans.labels.map(([key, value]) => {
    if (value.to - value.from > limits.label_value_bytes_max) {
      const size = value.to - value.from;
      throw new BadSeries(
        `a label value of ${size} bytes; the limit is ${limits.label_value_bytes_max} (label_value_bytes_max)`,
      );
    }
    return [nameText(bytes, key, limits), unescaped(text(bytes, value))] as const;
  });
  labels.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const twice = labels.find(([key], index) => key === labels[index + 1]?.[0]);
  if (twice !== undefined) throw new BadSeries(`the label ${JSON.stringify(twice[0])} stands twice`);
  return { name, labels: labels.filter(([, value]) => value !== '') };
}

function nameText(bytes: Uint8Array, span: Span, { name_bytes_max }: SeriesLimits): string {
  if (span.to === span.from) throw new BadSeries('an empty name');
  if (span.to - span.from > name_bytes_max) {
    throw new BadSeries(
      `a name of ${span.to - span.from} bytes; the limit is ${name_bytes_max} (name_bytes_max)`,
    );
  }
  const name = unescaped(text(bytes, span));
  if (name === '__name__') throw new BadSeries('the label __name__ is reserved');
  return name;
}

function labelName(
  bytes: Uint8Array,
  at: number,
  limit: number,
): { span: Span; next: number; isQuoted: boolean } {
  if (bytes[at] === QUOTE && at < limit) {
    return { ...quoted(bytes, at, limit, 'a quoted name'), isQuoted: true };
  }
  const end = skipName(bytes, at, limit, false);
  if (end === at) throw new BadSeries('expected a label name or `}`');
  return { span: { from: at, to: end }, next: end, isQuoted: false };
}

function quoted(bytes: Uint8Array, at: number, limit: number, what: string): { span: Span; next: number } {
  if (bytes[at] !== QUOTE || at >= limit) throw new BadSeries(`expected ${what}`);
  for (let index = at + 1; index < limit; index++) {
    const byte = bytes[index];
    if (byte === QUOTE) return { span: { from: at + 1, to: index }, next: index + 1 };
    if (byte === LINE_FEED) break;
    if (byte === BACKSLASH) index++;
  }
  throw new BadSeries(`${what} does not end: the line is cut, or a quote in a value is not escaped`);
}

/** Metric names may hold colons, label names may not; digits not in front. */
function skipName(bytes: Uint8Array, start: number, limit: number, colons: boolean): number {
  let at = start;
  for (; at < limit; at++) {
    const byte = bytes[at] ?? 0;
    const isLetter = (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a) || byte === 0x5f;
    if (isLetter || (colons && byte === 0x3a)) continue;
    if (byte >= 0x30 && byte <= 0x39 && at > start) continue;
    break;
  }
  return at;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function text(bytes: Uint8Array, { from, to }: Span): string {
  try {
    return utf8.decode(bytes.subarray(from, to));
  } catch {
    throw new BadSeries('a name or label value is not UTF-8');
  }
}

/** `\\`, `\"` and `\n`; dcgm-exporter does not escape, so any other backslash is meant as it stands. */
function unescaped(value: string): string {
  if (!value.includes('\\')) return value;
  return value.replace(/\\([\\"n])/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
}
