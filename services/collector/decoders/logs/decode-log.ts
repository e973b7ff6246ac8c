import type { RunEvent } from '../../../../domain/events.ts';
import type { LogFormat, LogOptions, LogRejection, LogSink, OpenAttempt } from './log-format.ts';
import { LOG_LIMITS } from './log-limits.ts';
import { cleanLines, excerpt } from './log-text.ts';
import { createZone } from './log-time.ts';
import { LOG_FORMATS, logFormat } from './registry.ts';

export interface DecodedLog {
  /** Name of the format in the registry; forks and dialects stand in the labels of the job event. */
  readonly format: string;
  readonly events: readonly RunEvent[];
  readonly notes: readonly string[];
  readonly rejected: readonly LogRejection[];
  /** All lines that could not be read, listed or not. */
  readonly rejected_count: number;
  /** The attempt the log leaves open: it still runs, or the log was cut. */
  readonly open: OpenAttempt | undefined;
}

/** Left out where the first lines of something unknown are shown: it may be no text at all. */
const NOT_SHOWN = /[^\p{L}\p{N}\p{P}\p{S}\p{Zs}]+|\ufffd+/gu;

/** No known trainer wrote this log, or the format asked for does not exist. */
export class UnknownLogFormat extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnknownLogFormat';
  }
}

export interface DecodeOptions extends LogOptions {
  /** `auto` (default) or the name of a format. */
  readonly format?: string;
}

/** Run events of one job from the whole text of its log. UnknownLogFormat when nothing fits; RangeError for a zone. */
export function decodeLog(text: string, options: DecodeOptions): DecodedLog {
  return decodeLines(text.split('\n'), options);
}

/**
 * Several logs of one job, as ranks or nodes write them: their lines are merged by time, and a line without a time stays
 * behind the one before it. Logs that carry no time follow each other as given.
 */
export function decodeLogs(texts: readonly string[], options: DecodeOptions): DecodedLog {
  const [only] = texts;
  if (texts.length === 1 && only !== undefined) return decodeLog(only, options);
  const format = formatOf(
    texts.flatMap((text) => text.split('\n')),
    options.format,
  );
  const toUtc = createZone(options.timezone);
  const placed = texts.flatMap((text, file) => {
    let time_us = Number.NEGATIVE_INFINITY;
    return text.split('\n').map((line, index) => {
      time_us = cleanLines(line, 0).reduce(
        (latest, { text }) => format.timeOf(text, toUtc) ?? latest,
        time_us,
      );
      return { line, time_us, file, index };
    });
  });
  placed.sort((a, b) => a.time_us - b.time_us || a.file - b.file || a.index - b.index);
  const decoded = decodeLines(
    placed.map(({ line }) => line),
    { ...options, format: format.name },
  );
  const rejected = decoded.rejected.map((rejection) => {
    const origin = placed[rejection.line - 1];
    return origin === undefined ? rejection : { ...rejection, file: origin.file, line: origin.index + 1 };
  });
  return { ...decoded, rejected };
}

function decodeLines(lines: readonly string[], options: DecodeOptions): DecodedLog {
  const format = formatOf(lines, options.format);
  const collected = new CollectingSink();
  const decoder = format.create(options, collected);
  lines.forEach((raw, index) => {
    const number = index + 1;
    if (raw.length > LOG_LIMITS.line_chars_max) {
      const message = `${raw.length} characters; at most ${LOG_LIMITS.line_chars_max} are read`;
      collected.reject(number, 'line_too_long', message);
      return;
    }
    for (const line of cleanLines(raw, number)) decoder.line(line);
  });
  const open = decoder.end();
  return { format: format.name, ...collected.result(), open };
}

class CollectingSink implements LogSink {
  private readonly events: RunEvent[] = [];
  private readonly notes = new Set<string>();
  private readonly rejected: LogRejection[] = [];
  private rejected_count = 0;

  event(event: RunEvent): void {
    this.events.push(event);
  }

  note(text: string): void {
    this.notes.add(text);
  }

  reject(line: number, code: string, message: string): void {
    this.rejected_count += 1;
    if (this.rejected.length < LOG_LIMITS.rejections_max) this.rejected.push({ line, code, message });
  }

  result() {
    const { events, rejected, rejected_count } = this;
    return { events, notes: [...this.notes], rejected, rejected_count };
  }
}

function formatOf(lines: readonly string[], asked = 'auto'): LogFormat {
  if (asked !== 'auto') {
    const format = logFormat(asked);
    if (format !== undefined) return format;
    throw new UnknownLogFormat(`unknown log format ${asked}. Known: auto, ${formatNames()}`);
  }
  const found = recogniseLog(lines);
  if (found !== undefined) return found;
  const first = lines
    .map((line) => cleanLines(line.slice(0, 400), 0)[0]?.text ?? '')
    .filter((line) => line !== '');
  const shown = first.slice(0, 3).map((line) => `  | ${excerpt(line.replace(NOT_SHOWN, '?'))}`);
  throw new UnknownLogFormat(
    `no known trainer wrote this log. Known formats: ${formatNames()}. ${
      shown.length === 0 ? 'It has no text.' : `It begins:\n${shown.join('\n')}`
    }`,
  );
}

/** The format whose lines weigh most among the first ones, or undefined when no line is of any. */
export function recogniseLog(lines: Iterable<string>): LogFormat | undefined {
  const scores = new Map<LogFormat, number>();
  let seen = 0;
  for (const raw of lines) {
    seen += 1;
    if (seen > LOG_LIMITS.recognise_lines_max) break;
    if (raw.length > LOG_LIMITS.line_chars_max) continue;
    for (const { text } of cleanLines(raw, seen)) {
      for (const format of LOG_FORMATS) {
        const score = format.score(text);
        if (score > 0) scores.set(format, (scores.get(format) ?? 0) + score);
      }
    }
  }
  return [...scores].sort(([, a], [, b]) => b - a)[0]?.[0];
}

export function formatNames(): string {
  return LOG_FORMATS.map(({ name }) => name).join(', ');
}
