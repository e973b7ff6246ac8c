import type { LogLine } from './log-format.ts';

/**
 * Terminal colours, with the escape byte and without it (consoles and bug trackers drop it): `\x1b[31m`, `[31m`,
 * `[38;2;180;60;0m`. The bare form wants at least one digit, so that `[m` in a text stays.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape byte is what is being removed
const ANSI = /\x1b\[[0-9;?]*[A-Za-z]|\[\d{1,3}(?:;\d{1,3})*m/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: binary junk in a log
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/g;

/** `[rank0]:`, `[default7]:` (torchrun; the latter counts within the node), `0: ` (srun --label), `[rank-7/8]` (Primus). */
const PREFIX = /^\s*(?:\[rank(\d+)\]: ?|\[default(\d+)\]: ?|(\d{1,6}): )/;
const RANK_TAG = /\[rank-(\d+)\/\d+\]/;

/** The segments of one raw line: progress bars rewrite themselves with carriage returns. Empty ones are dropped. */
export function cleanLines(raw: string, number: number): LogLine[] {
  const lines: LogLine[] = [];
  for (const segment of raw.includes('\r') ? raw.split('\r') : [raw]) {
    const line = cleanLine(segment, number);
    if (line.text !== '') lines.push(line);
  }
  return lines;
}

function cleanLine(segment: string, number: number): LogLine {
  let text = segment.replace(ANSI, '').replace(CONTROL, '');
  let stream = '';
  let rank: number | undefined;
  for (let match = PREFIX.exec(text); match !== null; match = PREFIX.exec(text)) {
    stream = match[0].trim();
    if (match[1] !== undefined) rank = Number(match[1]);
    text = text.slice(match[0].length);
  }
  const tag = RANK_TAG.exec(text);
  if (tag !== null) {
    rank = Number(tag[1]);
    stream = tag[0];
  }
  return { text: text.trimEnd(), number, stream, rank };
}

/** `21,337`, `1.249e+03`, `34.26%`, `46.6K` as a number; undefined for `N/A` and other words. */
export function numberFrom(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const match = /^([+-]?(?:\d[\d,]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([KMBGTP]?)%?$/.exec(text.trim());
  if (match?.[1] === undefined) return undefined;
  const value = Number(match[1].replaceAll(',', '')) * (MAGNITUDES[match[2] ?? ''] ?? 1);
  return Number.isFinite(value) ? value : undefined;
}

const MAGNITUDES: Readonly<Record<string, number>> = {
  '': 1,
  K: 1e3,
  M: 1e6,
  B: 1e9,
  G: 1e9,
  T: 1e12,
  P: 1e15,
};

/** The start of a line as an error message shows it. */
export function excerpt(text: string, chars_max = 120): string {
  return text.length <= chars_max ? text : `${text.slice(0, chars_max)}…`;
}
