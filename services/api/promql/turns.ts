import { PromError } from './errors.ts';

/** Lets so many run at once; the others wait in the order they came. */
export class Turns {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Throws `timeout` when no turn came in time. */
  async take<T>(work: () => Promise<T>, wait_s: number): Promise<T> {
    if (this.#running >= this.#most) await this.#turn(wait_s);
    else this.#running++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }

  #turn(wait_s: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const start = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(start), 1);
        reject(
          new PromError(
            'timeout',
            `query timed out after ${wait_s} s in query queue (config promql.concurrent_max)`,
          ),
        );
      }, wait_s * 1000);
      this.#waiting.push(start);
    });
  }
}
