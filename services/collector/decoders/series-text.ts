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
export function findSeries(page: Buffer, start: number, limit: number): SeriesSpans {
  let at = skipBlanks(page, start, limit);
  const nameEnd = skipName(page, at, limit, true);
  let name: Span | undefined = nameEnd > at ? { from: at, to: nameEnd } : undefined;
  at = skipBlanks(page, nameEnd, limit);
  if (page[at] !== BRACE_OPEN || at >= limit) {
    if (name === undefined) throw new BadSeries('expected a metric name');
    return { end: nameEnd, name, labels: [] };
  }
  const labels: [Span, Span][] = [];
  at = skipBlanks(page, at + 1, limit);
  while (page[at] !== BRACE_CLOSE || at >= limit) {
    const key = labelName(page, at, limit);
    at = skipBlanks(page, key.next, limit);
    if (page[at] === EQUALS && at < limit) {
      const value = quoted(page, skipBlanks(page, at + 1, limit), limit, 'a quoted label value');
      labels.push([key.span, value.span]);
      at = skipBlanks(page, value.next, limit);
    } else if (key.isQuoted && name === undefined) name = key.span;
    else throw new BadSeries('expected `=` after a label name');
    if (page[at] === COMMA && at < limit) at = skipBlanks(page, at + 1, limit);
    else if (page[at] !== BRACE_CLOSE || at >= limit)
      throw new BadSeries('expected `,` or `}` after a label');
  }
  if (name === undefined) throw new BadSeries('a series without a metric name');
  return { end: at + 1, name, labels };
}

/** Decodes what {@link findSeries} found. A pure function of those bytes. Throws {@link BadSeries}. */
export function decodeSeries(page: Buffer, spans: SeriesSpans, limits: SeriesLimits): SeriesRef {
  if (spans.labels.length > limits.labels_max) {
    throw new BadSeries(`${spans.labels.length} labels; the limit is ${limits.labels_max} (labels_max)`);
  }
  const name = spans.name === undefined ? '' : nameText(page, spans.name, limits);
  const labels = spans.labels.map(([key, value]) => {
    if (value.to - value.from > limits.label_value_bytes_max) {
      const size = value.to - value.from;
      throw new BadSeries(
        `a label value of ${size} bytes; the limit is ${limits.label_value_bytes_max} (label_value_bytes_max)`,
      );
    }
    return [nameText(page, key, limits), unescaped(text(page, value))] as const;
  });
  labels.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const twice = labels.find(([key], index) => key === labels[index + 1]?.[0]);
  if (twice !== undefined) throw new BadSeries(`the label ${JSON.stringify(twice[0])} stands twice`);
  return { name, labels: labels.filter(([, value]) => value !== '') };
}

function nameText(page: Buffer, span: Span, { name_bytes_max }: SeriesLimits): string {
  if (span.to === span.from) throw new BadSeries('an empty name');
  if (span.to - span.from > name_bytes_max) {
    throw new BadSeries(
      `a name of ${span.to - span.from} bytes; the limit is ${name_bytes_max} (name_bytes_max)`,
    );
  }
  const name = unescaped(text(page, span));
  if (name === '__name__') throw new BadSeries('the label __name__ is reserved');
  return name;
}

function labelName(page: Buffer, at: number, limit: number): { span: Span; next: number; isQuoted: boolean } {
  if (page[at] === QUOTE && at < limit) {
    return { ...quoted(page, at, limit, 'a quoted name'), isQuoted: true };
  }
  const end = skipName(page, at, limit, false);
  if (end === at) throw new BadSeries('expected a label name or `}`');
  return { span: { from: at, to: end }, next: end, isQuoted: false };
}

function quoted(page: Buffer, at: number, limit: number, what: string): { span: Span; next: number } {
  if (page[at] !== QUOTE || at >= limit) throw new BadSeries(`expected ${what}`);
  for (let index = at + 1; index < limit; index++) {
    const byte = page[index];
    if (byte === QUOTE) return { span: { from: at + 1, to: index }, next: index + 1 };
    if (byte === LINE_FEED) break;
    if (byte === BACKSLASH) index++;
  }
  throw new BadSeries(`${what} does not end: the line is cut, or a quote in a value is not escaped`);
}

/** Metric names may hold colons, label names may not; digits not in front. */
function skipName(page: Buffer, start: number, limit: number, colons: boolean): number {
  let at = start;
  for (; at < limit; at++) {
    const byte = page[at] ?? 0;
    const isLetter = (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a) || byte === 0x5f;
    if (isLetter || (colons && byte === 0x3a)) continue;
    if (byte >= 0x30 && byte <= 0x39 && at > start) continue;
    break;
  }
  return at;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function text(page: Buffer, { from, to }: Span): string {
  let isAscii = true;
  for (let at = from; at < to && isAscii; at++) isAscii = (page[at] ?? 0) < 0x80;
  if (isAscii) return page.toString('latin1', from, to);
  try {
    return utf8.decode(page.subarray(from, to));
  } catch {
    throw new BadSeries('a name or label value is not UTF-8');
  }
}

/** `\\`, `\"` and `\n`; dcgm-exporter does not escape, so any other backslash is meant as it stands. */
function unescaped(value: string): string {
  if (!value.includes('\\')) return value;
  return value.replace(/\\([\\"n])/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
}
