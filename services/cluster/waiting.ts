import { setTimeout } from 'node:timers/promises';
import type { Log } from '../../platform/log.ts';
import type { Readiness } from '../../platform/telemetry/operation-routes.ts';
import type { ClusterConfig } from './config.ts';

/** Something outside the process that it cannot begin without. */
export interface Dependency {
  /** What `/readyz` says of it while it is waited for; ok from then on. */
  readiness(): Readiness;
  /**
   * Tries until it succeeds, however long that takes, and resolves with what the last try gave; undefined when the
   * signal ended it. An error that no later try can mend (`isFinal`) is thrown at once.
   */
  reach<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T | undefined>;
}

export interface DependencyOptions {
  /** As logs and `/readyz` name it: `kafka`, `tables`. */
  readonly name: string;
  /** Where it was looked for. */
  readonly address: string;
  readonly config: Pick<ClusterConfig, 'start_retry_s' | 'waiting_interval_s'>;
  readonly log: Log;
  readonly isFinal?: (error: unknown) => boolean;
}

/**
 * A process of a cluster starts before or after the others, and a broker may be away for an hour: it waits, says for
 * what, and is not ready until then. Ending instead would only make the supervisor start it again.
 */
export function createDependency(options: DependencyOptions): Dependency {
  const { name, address, config, log, isFinal = () => false } = options;
  let reason: string | undefined = `${name} at ${address} was not reached yet`;
  return {
    readiness: () => (reason === undefined ? { ok: true } : { ok: false, reason }),
    async reach(attempt, signal) {
      let said_ms = Number.NEGATIVE_INFINITY;
      while (!signal.aborted) {
        try {
          const reached = await attempt();
          if (said_ms > 0) log.warn('reached what was waited for', { what: name, address });
          reason = undefined;
          return reached;
        } catch (error) {
          if (isFinal(error)) throw error;
          const problem = error instanceof Error ? error.message : String(error);
          reason = `${name} at ${address}: ${problem}`;
          if (performance.now() - said_ms >= config.waiting_interval_s * 1000) {
            said_ms = performance.now();
            log.warn('waiting for what is not reachable; it is tried again until it is', {
              what: name,
              address,
              problem,
            });
          }
          await setTimeout(config.start_retry_s * 1000, undefined, { signal }).catch(() => undefined);
        }
      }
      return undefined;
    },
  };
}
