/** Time comes in through this port, so that tests and simulations decide what "now" is. */
export interface Clock {
  /** Microseconds since the Unix epoch, an integer. */
  now_us(): number;
}

export const systemClock: Clock = { now_us: () => Math.round(Date.now() * 1000) };
