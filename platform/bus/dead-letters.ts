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

/** Which message of the bus it was. */
export interface DeadLetterOrigin {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Headers of the message, as text. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The first of the lines that were refused. */
  readonly lines?: readonly RefusedLine[];
}

export interface DeadLetters {
  /** Letters put since the start. */
  readonly count: number;
  /** Resolves when the letter is durable there. The same id again overwrites. */
  put(letter: DeadLetter, reason: string, origin?: DeadLetterOrigin): Promise<void>;
}
