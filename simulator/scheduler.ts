import { type Clock, systemClock } from '../platform/clock.ts';

/** Runs tasks at instants of a clock; the clock may be the machine's or one that a test moves by hand. */
export interface Scheduler {
  /** Runs `task` once, when the clock reaches `time_us`; at once (never synchronously) when that has passed. */
  at(time_us: number, task: () => Promise<void> | void): { cancel(): void };
}

/** Timers of this process against `clock`. */
export function createTimerScheduler(clock: Clock = systemClock): Scheduler {
  return {
    at(time_us, task) {
      const timer = setTimeout(() => void task(), Math.max(0, Math.ceil((time_us - clock.now_us()) / 1000)));
      return { cancel: () => clearTimeout(timer) };
    },
  };
}

export interface VirtualTime {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** Moves to `time_us`, running every task due on the way at its own instant and awaiting it. */
  advanceTo(time_us: number): Promise<void>;
}

/** A clock that only moves when told: an hour of simulated training takes as long as its work does. */
export function createVirtualTime(start_us: number): VirtualTime {
  let now_us = start_us;
  let waiting: { time_us: number; task: () => Promise<void> | void }[] = [];
  return {
    clock: { now_us: () => now_us },
    scheduler: {
      at(time_us, task) {
        const entry = { time_us, task };
        waiting.push(entry);
        return {
          cancel() {
            waiting = waiting.filter((one) => one !== entry);
          },
        };
      },
    },
    async advanceTo(time_us) {
      for (;;) {
        const next = waiting.toSorted((a, b) => a.time_us - b.time_us)[0];
        if (next === undefined || next.time_us > time_us) break;
        waiting = waiting.filter((one) => one !== next);
        now_us = Math.max(now_us, next.time_us);
        await next.task();
      }
      now_us = Math.max(now_us, time_us);
    },
  };
}
