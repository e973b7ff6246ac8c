import { createHash } from 'node:crypto';

/**
 * Where goes what no table takes: acknowledged data is kept even when nothing can be done with it, with the reason, so
 * that it can be looked at, mended and sent again.
 */

/** Like a batch, of a kind that may not be known. */
export interface DeadLetter {
  /** Names it: the same letter put twice is one. */
  readonly id: string;
  /** A kind of batch; {@link EVENT_LINES_KIND} for lines as `POST /v1/events` takes them; else what the message said. */
  readonly kind: string;
  /** 0 when it is not known. */
  readonly schemaVersion: number;
  readonly key: string;
  /** 0 when it is not known. */
  readonly rows: number;
  readonly body: Uint8Array;
}

/** NDJSON lines of a foreign message. */
export const EVENT_LINES_KIND = 'event_lines';

/** A line of the letter's body that was refused. */
export interface RefusedLine {
  /** In the message that it came with, from 1. */
  readonly line: number;
  readonly code: string;
  readonly message: string;
}

/** Why nothing could be done with it; the list is closed, for counting. */
export const DEAD_LETTER_CODES = [
  /** Lines of a foreign message that are no events. */
  'bad_lines',
  /** A message that cannot be read: unknown headers, a record batch that cannot be decompressed. */
  'unreadable',
  /** The layout of the body is of a version that this one does not know. */
  'unknown_schema',
  /** The body is not what its schema says. */
  'bad_body',
  /** The tables refused the rows. */
  'refused_by_tables',
  /** The brokers refuse a batch of this size, which was acknowledged while they were away. */
  'too_large',
  /** It was acknowledged and waited for Kafka for so long that nobody knows any more whether it is in the tables. */
  'too_old',
] as const;
export type DeadLetterCode = (typeof DEAD_LETTER_CODES)[number];

export interface DeadLetterReason {
  readonly code: DeadLetterCode;
  readonly text: string;
}

/** Where it came from, as far as whoever put it aside knew. */
export interface DeadLetterOrigin {
  /** Which message of the bus it was. */
  readonly topic?: string;
  readonly partition?: number;
  readonly offset?: number;
  /** Headers of the message, as text. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The first of the lines that were refused. */
  readonly lines?: readonly RefusedLine[];
  /** The token of the delivery that it was part of. */
  readonly delivery?: string;
}

export interface DeadLetters {
  /** Letters put since the start, by reason; the same letter put twice is one. */
  readonly counts: ReadonlyMap<DeadLetterCode, number>;
  /** Resolves when the letter is durable there. The same letter again overwrites. Rejects when there is no room for it. */
  put(letter: DeadLetter, reason: DeadLetterReason, origin?: DeadLetterOrigin): Promise<void>;
}

/** What is known of a letter beside its body. */
export interface DeadLetterNote extends Omit<DeadLetter, 'body'> {
  /** Short, unique, made of id and body: what people call it by. */
  readonly name: string;
  readonly bytes: number;
  readonly reason: DeadLetterReason;
  readonly origin: DeadLetterOrigin;
  readonly put_at_ms: number;
  /** How often it was sent again. */
  readonly replays: number;
  /** When that was last; null as long as it was not, and again when it was put aside again after that. */
  readonly replayed_at_ms: number | null;
}

/** The letters that were put, for a person who looks at them. */
export interface DeadLetterBox {
  /** Oldest first. */
  list(): Promise<DeadLetterNote[]>;
  /** Throws {@link NoSuchLetter}. */
  read(name: string): Promise<{ readonly note: DeadLetterNote; readonly body: Uint8Array }>;
  /**
   * Notes that the letter was sent again, now. One that has been put aside again since the note was read stays open: what
   * was sent can come back before this is noted.
   */
  replayed(note: DeadLetterNote): Promise<void>;
}

export class NoSuchLetter extends Error {
  constructor(name: string) {
    super(`There is no dead letter ${name}. \`headway dead-letters list --all\` names all.`);
    this.name = 'NoSuchLetter';
  }
}

/** Not sent again since it was last put aside. */
export function isOpen({ replayed_at_ms }: DeadLetterNote): boolean {
  return replayed_at_ms === null;
}

/**
 * Letters of one id with another body are others: a topic that is made anew counts its messages from 0 again.
 */
export function nameOf({ id, body }: DeadLetter): string {
  return createHash('sha256').update(id).update('\0').update(body).digest('hex').slice(0, NAME_CHARS);
}

/** 64 bits: of a million letters two have one name with a probability of 3e-8. */
const NAME_CHARS = 16;
