import { HASH, LINE_FEED, lineStop, RETURN, skipBlanks } from './page-bytes.ts';
import { type PageFormat, readTail, type SampleTail } from './sample-tail.ts';
import { BadSeries, decodeSeries, findSeries, type SeriesLimits, type SeriesRef } from './series-text.ts';

export interface PageLimits extends SeriesLimits {
  readonly line_bytes_max: number;
  /** Samples taken of one page; what stands behind them is counted and left. */
  readonly series_max: number;
  /** Bad lines named in the result; the others are only counted. */
  readonly bad_lines_named_max: number;
}

export interface BadLine {
  /** Counts from 1. */
  readonly line: number;
  readonly message: string;
}

/** The samples of a page, in its order: sample i is series[i], values[i] and timestamps_ms[i] (NaN: none printed). */
export interface DecodedPage {
  readonly series: readonly SeriesRef[];
  readonly values: Float64Array;
  readonly timestamps_ms: Float64Array;
  readonly bad_lines: readonly BadLine[];
  readonly bad_line_count: number;
  /** Why nothing of it can be metrics (an HTML page, JSON); null otherwise. */
  readonly not_metrics: string | null;
}

export interface PageDecoder {
  /**
   * Decodes a whole page. The bytes are kept until the next call and must not be changed. `cut`: the transfer is
   * known to be incomplete or without a known end, so a last line without its line feed may be half a line.
   */
  decode(page: Uint8Array, options?: { format?: PageFormat; cut?: boolean }): DecodedPage;
}

/** A series as a line begins with it: those bytes always mean this series. */
interface KnownSeries {
  readonly ref: SeriesRef;
  /** Page in which it stood last, its line there, and its timestamp (NaN: none). */
  page: number;
  line: number;
  timestamp_ms: number;
}

/** Where the lines of the last page began, and which series each named. */
interface Layout {
  page: Buffer;
  starts: number[];
  prefixes: number[];
  known: KnownSeries[];
}

/** Prefixes remembered beyond twice the newest page, before those of older pages are forgotten. */
const FORGET_SLACK = 1000;

/**
 * Decodes page after page of one target. A target prints nearly the same page each time, so the last page's layout
 * is kept: where a line begins with the bytes of the line expected next, only its number is read. Everything else
 * takes the slow path, and the result never depends on which path a line took: a line's series is a pure function of
 * the bytes that were compared.
 */
export function createPageDecoder(limits: PageLimits): PageDecoder {
  const state: DecoderState = {
    limits,
    pages: 0,
    last: { page: Buffer.alloc(0), starts: [], prefixes: [], known: [] },
    byPrefix: new Map(),
    byKey: new Map(),
  };
  return {
    decode: (page, options) =>
      decodePage(state, page, options?.format ?? 'prometheus', options?.cut ?? false),
  };
}

interface DecoderState {
  readonly limits: PageLimits;
  pages: number;
  last: Layout;
  byPrefix: Map<string, KnownSeries>;
  /** Labels in another order are the same series. */
  byKey: Map<string, KnownSeries>;
}

/** One page being decoded. */
interface PageRun {
  readonly limits: PageLimits;
  readonly page: Buffer;
  readonly format: PageFormat;
  readonly number: number;
  readonly next: Layout;
  readonly refs: SeriesRef[];
  readonly values: number[];
  readonly timestamps_ms: number[];
  readonly bad: BadLine[];
  badCount: number;
  /** Index into the last layout of the line expected next. */
  expected: number;
  ended: boolean;
}

function decodePage(state: DecoderState, bytes: Uint8Array, format: PageFormat, cut: boolean): DecodedPage {
  const page = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  state.pages++;
  const run: PageRun = {
    limits: state.limits,
    page,
    format,
    number: state.pages,
    next: { page, starts: [], prefixes: [], known: [] },
    refs: [],
    values: [],
    timestamps_ms: [],
    bad: [],
    badCount: 0,
    expected: 0,
    ended: false,
  };
  const end = cut ? page.lastIndexOf(LINE_FEED) + 1 : page.length;
  let line = 0;
  for (let at = 0; at < end; ) {
    line++;
    at = decodeLine(state, run, at, end, line);
  }
  if (end < page.length) refuse(run, line + 1, 'the page ends inside this line');
  state.last = run.next;
  forget(state, run);
  return resultOf(run);
}

/** Decodes the line at `start` and returns where the next one begins. */
function decodeLine(state: DecoderState, run: PageRun, start: number, limit: number, line: number): number {
  const { page } = run;
  if (page[start] === HASH) return skipComment(run, start, limit);
  const expected = state.last.known[run.expected];
  if (expected !== undefined && !run.ended) {
    const length = state.last.prefixes[run.expected] ?? 0;
    const from = state.last.starts[run.expected] ?? 0;
    if (page.compare(state.last.page, from, from + length, start, Math.min(start + length, limit)) === 0) {
      const end = readTail(page, start + length, limit, run.format, tail);
      if (end > 0 && end - start <= state.limits.line_bytes_max) {
        run.expected++;
        accept(run, expected, start, length, line);
        return end;
      }
    }
  }
  return decodeSlowly(state, run, start, limit, line);
}

function decodeSlowly(state: DecoderState, run: PageRun, start: number, limit: number, line: number): number {
  const { page } = run;
  const stop = lineStop(page, start, limit);
  const next = stop === limit ? limit : stop + 1;
  const from = skipBlanks(page, start, stop);
  if (from === stop || (page[from] === RETURN && from + 1 === stop)) return next;
  if (page[from] === HASH) {
    skipComment(run, from, limit);
    return next;
  }
  if (run.ended) refuse(run, line, 'stands behind `# EOF`');
  else if (next - start > state.limits.line_bytes_max) {
    refuse(run, line, `${next - start} bytes; the limit is ${state.limits.line_bytes_max} (line_bytes_max)`);
  } else {
    try {
      const spans = findSeries(page, start, stop);
      if (readTail(page, spans.end, limit, run.format, tail) !== next)
        throw new BadSeries(tailProblem(page, spans.end, stop));
      const known = knownSeries(state, page, start, spans);
      run.expected = known.page === run.number - 1 ? known.line + 1 : run.expected;
      accept(run, known, start, spans.end - start, line);
    } catch (error) {
      if (!(error instanceof BadSeries)) throw error;
      refuse(run, line, error.message);
    }
  }
  return next;
}

function knownSeries(
  state: DecoderState,
  page: Buffer,
  start: number,
  spans: ReturnType<typeof findSeries>,
): KnownSeries {
  const prefix = page.toString('latin1', start, spans.end);
  const byPrefix = state.byPrefix.get(prefix);
  if (byPrefix !== undefined) return byPrefix;
  const ref = decodeSeries(page, spans, state.limits);
  const key = JSON.stringify([ref.name, ref.labels]);
  const known = state.byKey.get(key) ?? { ref, page: 0, line: 0, timestamp_ms: Number.NaN };
  state.byKey.set(key, known);
  state.byPrefix.set(prefix, known);
  return known;
}

/** What the last call of readTail read; one object for all lines, so that a sample costs none. */
const tail: SampleTail = { value: 0, timestamp_ms: Number.NaN };

function tailProblem(page: Buffer, start: number, stop: number): string {
  const text = page.toString('utf8', start, Math.min(stop, start + 40)).trim();
  return text === ''
    ? 'a series without a value'
    : `expected a value and at most a timestamp, got ${JSON.stringify(text)}`;
}

function accept(run: PageRun, known: KnownSeries, start: number, prefix: number, line: number): void {
  const timestamp_ms = tail.timestamp_ms;
  const isRepeat = known.page === run.number && Object.is(known.timestamp_ms, timestamp_ms);
  known.page = run.number;
  known.line = run.next.known.length;
  run.next.starts.push(start);
  run.next.prefixes.push(prefix);
  run.next.known.push(known);
  if (isRepeat) {
    refuse(run, line, `the series ${known.ref.name} stands twice; the first is kept`);
    return;
  }
  known.timestamp_ms = timestamp_ms;
  if (run.refs.length >= run.limits.series_max) {
    refuse(run, line, `more than ${run.limits.series_max} samples (series_max)`);
    return;
  }
  run.refs.push(known.ref);
  run.values.push(tail.value);
  run.timestamps_ms.push(timestamp_ms);
}

function refuse(run: PageRun, line: number, message: string): void {
  run.badCount++;
  if (run.bad.length < run.limits.bad_lines_named_max) run.bad.push({ line, message });
}

/** HELP, TYPE and UNIT are not kept: the registry knows better. Returns where the next line begins. */
function skipComment(run: PageRun, start: number, limit: number): number {
  const { page } = run;
  const stop = lineStop(page, start, limit);
  if (run.format === 'openmetrics' && page.toString('latin1', start, stop).trimEnd() === '# EOF')
    run.ended = true;
  return Math.min(stop + 1, limit);
}

/** A target whose series come and go must not fill the memory. */
function forget(state: DecoderState, run: PageRun): void {
  const kept = run.next.known.length * 2 + FORGET_SLACK;
  if (state.byPrefix.size <= kept && state.byKey.size <= kept) return;
  state.byPrefix = new Map([...state.byPrefix].filter(([, known]) => known.page === run.number));
  state.byKey = new Map([...state.byKey].filter(([, known]) => known.page === run.number));
}

function resultOf(run: PageRun): DecodedPage {
  return {
    series: run.refs,
    values: new Float64Array(run.values),
    timestamps_ms: new Float64Array(run.timestamps_ms),
    bad_lines: run.bad,
    bad_line_count: run.badCount,
    not_metrics: run.refs.length > 0 || run.badCount === 0 ? null : notMetrics(run.page),
  };
}

/** Called for a page of which no line was a sample. */
function notMetrics(page: Buffer): string {
  const head = page.toString('utf8', 0, 200).trimStart();
  const shown = JSON.stringify(head.slice(0, 40));
  if (head.startsWith('<')) return `an HTML or XML page (begins with ${shown}); is the path right?`;
  if (head.startsWith('{') || head.startsWith('[')) return `JSON (begins with ${shown}); is the path right?`;
  return `no line is a sample (begins with ${shown})`;
}
