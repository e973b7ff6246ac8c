import { Fenced } from '../../fence.ts';
import type { Log } from '../../log.ts';
import { pause } from './pause.ts';
import { KafkaRefused } from './refusal.ts';

export interface RetryPauses {
  readonly retry_first_s: number;
  readonly retry_max_s: number;
}

export interface Trying {
  readonly config: RetryPauses;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Called at each failure. */
  readonly onFailure?: () => void;
}

/**
 * Tries until it succeeds, with growing pauses; undefined when the signal ended it. The first try is always made, and a
 * try that is under way is waited for. Only Fenced is thrown, for what another process has taken over no later try can
 * do, and KafkaRefused, where it is final.
 */
export async function untilDone<T>(
  what: string,
  work: (attempt: number) => Promise<T>,
  { config, log, signal, onFailure }: Trying,
): Promise<{ readonly value: T } | undefined> {
  let pause_s = config.retry_first_s;
  for (let attempt = 1; ; attempt++) {
    try {
      return { value: await work(attempt) };
    } catch (cause) {
      if (cause instanceof Fenced || (cause instanceof KafkaRefused && cause.isFinal)) throw cause;
      onFailure?.();
      const problem = cause instanceof Error ? cause.message : String(cause);
      log.warn(what, { problem, attempt, retry_in_s: pause_s });
    }
    if (!(await pause(pause_s, signal))) return undefined;
    pause_s = Math.min(pause_s * 2, config.retry_max_s);
  }
}
