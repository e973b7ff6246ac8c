import type { RunEvent } from '../domain/events.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import type { SimulatorConfig } from './config.ts';
import type { Scheduler } from './scheduler.ts';

/** Reports on their way to the receiver, in order, each kept until it is acknowledged. */
export interface Outbox {
  put(events: readonly RunEvent[]): void;
  /** Resolves when everything put in before the call has been acknowledged. */
  flushed(): Promise<void>;
  stop(): void;
}

export interface OutboxOptions {
  readonly send: (events: RunEvent[]) => Promise<void>;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly log: Log;
  readonly config: Pick<SimulatorConfig, 'batch_events' | 'retry_s'>;
}

export function createOutbox({ send, clock, scheduler, log, config }: OutboxOptions): Outbox {
  const waiting: RunEvent[] = [];
  const listeners: { readonly count: number; readonly done: () => void }[] = [];
  let put = 0;
  let acknowledged = 0;
  let busy = false;
  let stopped = false;

  const tell = () => {
    while (listeners[0] !== undefined && listeners[0].count <= acknowledged) listeners.shift()?.done();
  };
  const drain = async (): Promise<void> => {
    if (busy || stopped) return;
    busy = true;
    try {
      while (waiting.length > 0 && !stopped) {
        const batch = waiting.slice(0, config.batch_events);
        await send(batch);
        waiting.splice(0, batch.length);
        acknowledged += batch.length;
        tell();
      }
    } catch (error) {
      log.warn('simulated reports were refused, will be sent again', { reason: String(error) });
      scheduler.at(clock.now_us() + config.retry_s * 1e6, drain);
    } finally {
      busy = false;
    }
  };
  return {
    put(events) {
      if (events.length === 0) return;
      waiting.push(...events);
      put += events.length;
      void drain();
    },
    flushed: () =>
      new Promise((resolve) => {
        listeners.push({ count: put, done: resolve });
        tell();
      }),
    stop() {
      stopped = true;
    },
  };
}
