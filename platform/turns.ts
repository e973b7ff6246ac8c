/** How long work waits for its turn, and what it is refused with then. */
export interface TurnLimit {
  readonly wait_s: number;
  late(): Error;
}

/** Lets so many run at once; the others wait in the order they came. */
export class Turns {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Throws `limit.late()` when no turn came in time. */
  async take<T>(work: () => Promise<T>, limit?: TurnLimit): Promise<T> {
    if (this.#running >= this.#most) await this.#turn(limit);
    else this.#running++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }

  #turn(limit: TurnLimit | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (limit === undefined) {
        this.#waiting.push(resolve);
        return;
      }
      const start = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(start), 1);
        reject(limit.late());
      }, limit.wait_s * 1000);
      this.#waiting.push(start);
    });
  }
}
