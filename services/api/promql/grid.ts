import type { Clock } from '../../../platform/clock.ts';
import type { PromqlConfig } from './config.ts';
import { limitPassed, PromError } from './errors.ts';

/** The times an expression is evaluated at: `start_ms`, then every `step_ms` up to `end_ms`. */
export interface Grid {
  readonly start_ms: number;
  readonly end_ms: number;
  readonly step_ms: number;
}

export function stepsOf({ start_ms, end_ms, step_ms }: Grid): number {
  return end_ms < start_ms ? 0 : Math.floor((end_ms - start_ms) / step_ms) + 1;
}

/** What one query has used up and when it must be done. */
export class QueryBudget {
  readonly timeout_s: number;
  readonly #config: PromqlConfig;
  readonly #clock: Clock;
  readonly #deadline_us: number;
  #samples = 0;
  #gaveWay_us: number;

  constructor(config: PromqlConfig, clock: Clock, timeout_s: number) {
    this.#config = config;
    this.#clock = clock;
    this.timeout_s = timeout_s;
    this.#gaveWay_us = clock.now_us();
    this.#deadline_us = this.#gaveWay_us + timeout_s * 1e6;
  }

  get samples_left(): number {
    return this.#config.samples_max - this.#samples;
  }

  takeSamples(count: number): void {
    this.#samples += count;
    if (this.#samples > this.#config.samples_max) {
      throw limitPassed(
        'samples_max',
        this.#config.samples_max,
        'query processing would load too many samples into memory',
      );
    }
  }

  /** Throws when the time is up. Gives way to the rest of the process now and then: evaluation is plain computation. */
  async step(): Promise<void> {
    const now_us = this.#clock.now_us();
    if (now_us > this.#deadline_us) {
      throw new PromError('timeout', `query timed out after ${this.timeout_s} s in expression evaluation`);
    }
    if (now_us - this.#gaveWay_us < this.#config.yield_every_ms * 1000) return;
    await new Promise((resolve) => setImmediate(resolve));
    this.#gaveWay_us = this.#clock.now_us();
  }
}
