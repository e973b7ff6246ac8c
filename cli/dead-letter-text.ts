import type { DeadLetterNote } from '../platform/bus/dead-letters.ts';
import type { Replay } from './dead-letter-replay.ts';

/** One letter a line, for people. */
export function listText(source: string, notes: readonly DeadLetterNote[]): string {
  if (notes.length === 0) return `no dead letters in ${source}`;
  const lines = notes.map(({ name, reason, kind, key, bytes, put_at_ms, replayed_at_ms }) => {
    const sent = replayed_at_ms === null ? '' : `, sent again ${timeOf(replayed_at_ms)}`;
    const of = key === '' ? '' : ` of ${key}`;
    return `${name}  ${timeOf(put_at_ms)}  ${reason.code}  ${kind}${of}, ${bytes} bytes${sent}\n    ${firstLine(reason.text)}`;
  });
  return [`${notes.length} dead letters in ${source}`, ...lines].join('\n');
}

/** Bytes of a body that are shown to people. */
const SHOWN_BYTES_MAX = 2000;

export function letterText(note: DeadLetterNote, body: Uint8Array): string {
  const { topic, partition, offset, delivery, lines = [], headers = {} } = note.origin;
  const rows: [string, string][] = [
    ['name', note.name],
    ['id', note.id],
    ['kind', `${note.kind}, schema version ${note.schemaVersion}, ${note.rows} rows, ${note.bytes} bytes`],
    ['key', note.key === '' ? '(none)' : note.key],
    ['reason', `${note.reason.code}: ${note.reason.text}`],
    ['put', timeOf(note.put_at_ms)],
  ];
  if (topic !== undefined) rows.push(['message', `${topic}, partition ${partition}, offset ${offset}`]);
  if (delivery !== undefined) rows.push(['delivery', delivery]);
  for (const [name, value] of Object.entries(headers)) rows.push(['header', `${name}: ${value}`]);
  for (const { line, code, message } of lines) rows.push([`line ${line}`, `${code}: ${message}`]);
  if (note.replays > 0)
    rows.push(['replays', `${note.replays}${note.replayed_at_ms === null ? ', and came back' : ''}`]);
  const head = rows.map(([title, text]) => `${title.padEnd(9)} ${text}`).join('\n');
  return `${head}\n\n${bodyText(body)}`;
}

/** Control characters, line ends aside, are not for a terminal to obey. */
function bodyText(body: Uint8Array): string {
  const shown = Buffer.from(body.subarray(0, SHOWN_BYTES_MAX)).toString();
  const more =
    body.length > SHOWN_BYTES_MAX ? `\n... ${body.length - SHOWN_BYTES_MAX} more bytes (--body)` : '';
  return `${shown.replace(/(?!\n)\p{Cc}/gu, '\u00b7')}${more}`;
}

export function replayText(results: readonly Replay[]): string {
  const marks = {
    sent: 'sent    ',
    partly: 'partly  ',
    refused_again: 'back    ',
    not_sent: 'not sent',
  } as const;
  return results
    .map(({ name, outcome, detail }) => `${marks[outcome]}  ${name}  ${firstLine(detail)}`)
    .join('\n');
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]?.replace(/\p{Cc}/gu, '\u00b7') ?? '';
}

function timeOf(at_ms: number): string {
  return new Date(at_ms).toISOString();
}
