import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../simulator/random.ts';
import type { Oracle } from './oracle.ts';

/**
 * Resolves with true when all lines were acknowledged. False or an error: the outcome is not known, as far as the sender
 * can tell.
 */
export type Send = (lines: readonly string[]) => Promise<boolean>;

export interface LoadOptions {
  /** Sends under way at a time. */
  readonly inflight: number;
  /** Lines of one send: 1 to this many. */
  readonly lines_max: number;
  /** Share of the sends of unknown outcome that are sent again with the same lines; the others never are. */
  readonly resend_ratio: number;
  readonly random: Random;
  /** What each sender waits between two sends; none unless told otherwise. */
  readonly pause_ms?: number;
}

/** A pause after a send that failed: the other side is as a rule gone for a moment. */
const FAILED_PAUSE_MS = 20;

/** A sender that issues ids of an oracle and tells it what was acknowledged, over any number of receivers. */
export class Load {
  readonly #oracle: Oracle;
  readonly #options: LoadOptions;
  readonly #again: (readonly number[])[] = [];
  #failures = 0;

  constructor(oracle: Oracle, options: LoadOptions) {
    this.#oracle = oracle;
    this.#options = options;
  }

  get failures(): number {
    return this.#failures;
  }

  /** Sends until the signal; resolves when nothing is under way any more. */
  async run(send: Send, signal: AbortSignal): Promise<void> {
    const senders = Array.from({ length: this.#options.inflight }, async () => {
      while (!signal.aborted) await this.#sendOne(send, signal);
    });
    await Promise.all(senders);
  }

  async #sendOne(send: Send, signal: AbortSignal): Promise<void> {
    const { random, lines_max, resend_ratio, pause_ms = 0 } = this.#options;
    const ids =
      this.#again.shift() ?? Array.from({ length: 1 + random.below(lines_max) }, () => this.#oracle.issue());
    if (await send(ids.map((id) => this.#oracle.lineOf(id))).catch(() => false)) {
      this.#oracle.acknowledge(ids);
      if (pause_ms > 0 && !signal.aborted) await sleep(pause_ms);
      return;
    }
    this.#failures += 1;
    if (random.uniform() < resend_ratio) {
      this.#oracle.resending(ids);
      this.#again.push(ids);
    }
    if (!signal.aborted) await sleep(FAILED_PAUSE_MS);
  }
}

/**
 * Sends to `POST /v1/events`; the address may change between two sends. `onRefused` is told why something was not
 * acknowledged: a status, or what became of the connection.
 */
export function httpSend(url: () => string, onRefused: (reason: string) => void = () => undefined): Send {
  return async (lines) => {
    try {
      const response = await fetch(`${url()}/v1/events`, {
        method: 'POST',
        body: lines.join('\n'),
        signal: AbortSignal.timeout(30_000),
      });
      const answer: unknown = await response.json();
      const isTaken = response.ok && typeof answer === 'object' && answer !== null && 'accepted' in answer;
      if (isTaken && answer.accepted === lines.length) return true;
      onRefused(`status ${response.status}`);
      return false;
    } catch (cause) {
      onRefused(reasonOf(cause));
      throw cause;
    }
  };
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const { cause: inner } = cause;
  return inner instanceof Error && 'code' in inner ? String(inner.code) : cause.name;
}
