/** From when on slow steps are an incident. */
export interface SlowdownLimits {
  /** Step time over its ideal above which a step is slow. Below 10 % it is jitter (GREYHOUND, USENIX ATC'25). */
  readonly step_factor: number;
  /** Slow steps before anybody calls it a slow-down: the same study finds one in 2 to 3 iterations. */
  readonly steps_min: number;
  /** Shorter stretches are not sustained, however many short steps they have; seconds. */
  readonly duration_min_s: number;
  /** Steps at normal speed, one after the other, that end it. */
  readonly recover_steps: number;
}

export const SLOWDOWN_DEFAULTS: SlowdownLimits = {
  step_factor: 1.1,
  steps_min: 3,
  duration_min_s: 60,
  recover_steps: 3,
};
