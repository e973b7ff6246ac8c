import type { DeadLetterNote } from '../dead-letters.ts';
import type { MessageParts } from './message.ts';

/**
 * A letter in its topic: the note as one line of JSON, then the body, in one message or more where it is large. A
 * message of the same name with another header says that it was sent again.
 */
const HEADERS = {
  name: 'headway-letter',
  /** `<put>/<number>/<parts>`: one id a put, so that two that put at a time are not mixed; parts from 1. */
  part: 'headway-letter-part',
  /** Of the note, for people with other tools. */
  code: 'headway-letter-code',
  /** `<when>/<put_at_ms of the note that was sent again>` */
  replayed: 'headway-letter-replayed',
} as const;

const LINE_FEED = 0x0a;

export interface LetterMessage {
  readonly key: Buffer;
  readonly value: Buffer | null;
  readonly headers: Record<string, string>;
}

/** `put` is unique to the call. */
export function letterMessages(
  note: DeadLetterNote,
  body: Uint8Array,
  put: string,
  value_bytes_max: number,
): LetterMessage[] {
  const whole = Buffer.concat([Buffer.from(`${JSON.stringify(note)}\n`), body]);
  const parts = Math.ceil(whole.length / value_bytes_max);
  return Array.from({ length: parts }, (_, part) => ({
    key: Buffer.from(note.name),
    value: whole.subarray(part * value_bytes_max, (part + 1) * value_bytes_max),
    headers: {
      [HEADERS.name]: note.name,
      [HEADERS.part]: `${put}/${part + 1}/${parts}`,
      [HEADERS.code]: note.reason.code,
    },
  }));
}

export function replayedMessage({ name, put_at_ms }: DeadLetterNote, at_ms: number): LetterMessage {
  return {
    key: Buffer.from(name),
    value: null,
    headers: { [HEADERS.name]: name, [HEADERS.replayed]: `${at_ms}/${put_at_ms}` },
  };
}

export interface TopicLetter {
  readonly note: DeadLetterNote;
  readonly body: Uint8Array;
}

/** Puts letters together again, in the order of the topic. */
export class LetterReader {
  readonly #notes = new Map<string, DeadLetterNote>();
  readonly #parts = new Map<string, Buffer[]>();
  readonly #wanted: string | undefined;
  #found: Uint8Array | undefined;

  /** `wanted`: the letter whose body is kept. */
  constructor(wanted?: string) {
    this.#wanted = wanted;
  }

  /** Oldest first: a letter that was put again is where it was put last. */
  get notes(): DeadLetterNote[] {
    return [...this.#notes.values()];
  }

  get body(): Uint8Array | undefined {
    return this.#found;
  }

  /** What is no message of a letter is passed over. */
  take({ value, headers = {} }: MessageParts): void {
    const name = headers[HEADERS.name]?.toString();
    if (name === undefined) return;
    const replayed = headers[HEADERS.replayed]?.toString();
    const part = headers[HEADERS.part]?.toString();
    if (replayed !== undefined) this.#replayed(name, replayed);
    else if (part !== undefined && value !== null) this.#takePart(part, value);
  }

  #replayed(name: string, text: string): void {
    const note = this.#notes.get(name);
    if (note === undefined) return;
    const [at_ms, put_at_ms] = text.split('/').map(Number);
    const replayed_at_ms = put_at_ms === note.put_at_ms ? (at_ms ?? null) : note.replayed_at_ms;
    this.#notes.set(name, { ...note, replays: note.replays + 1, replayed_at_ms });
  }

  /** A part that came twice, since its answer was lost, counts once; parts without the rest are no letter. */
  #takePart(text: string, value: Buffer): void {
    const [put = '', number, parts] = text.split('/');
    const own = this.#parts.get(put) ?? [];
    own[Number(number) - 1] = value;
    this.#parts.set(put, own);
    if (Object.keys(own).length < Number(parts)) return;
    this.#parts.delete(put);
    this.#takeWhole(Buffer.concat(own));
  }

  #takeWhole(whole: Buffer): void {
    const end = whole.indexOf(LINE_FEED);
    const note = noteOf(whole.subarray(0, end).toString());
    if (note === undefined) return;
    const replays = this.#notes.get(note.name)?.replays ?? 0;
    this.#notes.delete(note.name);
    this.#notes.set(note.name, { ...note, replays });
    if (note.name === this.#wanted) this.#found = whole.subarray(end + 1);
  }
}

/** Undefined for what no version of ours wrote. */
function noteOf(line: string): DeadLetterNote | undefined {
  try {
    const note: unknown = JSON.parse(line);
    const isNote = typeof note === 'object' && note !== null && 'name' in note && 'put_at_ms' in note;
    return isNote ? (note as DeadLetterNote) : undefined;
  } catch {
    return undefined;
  }
}
