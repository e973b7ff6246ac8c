/**
 * Published formulas for how often to save. Times in seconds: `save_s` is the BLOCKING cost of one save, `mtbf_s` the
 * mean time between failures of the job, `recovery_s` from a failure to the next step. Intervals of Young and Daly are
 * the training time between two saves, that of Saxena is from the start of one save to the start of the next.
 */

/** sqrt(2 d M). Young, CACM 17 (1974) 530. */
export function youngInterval(save_s: number, mtbf_s: number): number {
  return Math.sqrt(2 * save_s * mtbf_s);
}

/** Daly's higher-order estimate, FGCS 22 (2006) 303: for d < 2 M, else M. */
export function dalyInterval(save_s: number, mtbf_s: number): number {
  if (save_s >= 2 * mtbf_s) return mtbf_s;
  const share = save_s / (2 * mtbf_s);
  return youngInterval(save_s, mtbf_s) * (1 + Math.sqrt(share) / 3 + share / 9) - save_s;
}

/** Ts + sqrt(2 (Tf + Tr) Ts + Ts^2): availability-optimal. Saxena et al. (NVIDIA), arXiv 2410.18124. */
export function saxenaInterval(save_s: number, mtbf_s: number, recovery_s: number): number {
  return save_s + Math.sqrt(2 * (mtbf_s + recovery_s) * save_s + save_s ** 2);
}

/**
 * Expected share of time that saving and failing cost: d / tau + (tau / 2 + R) / M, to first order. Its minimum is at
 * Young's interval: sqrt(2 d / M) + R / M.
 */
export function expectedOverhead(
  interval_s: number,
  { save_s, mtbf_s, recovery_s }: CheckpointCosts,
): number {
  return save_s / interval_s + (interval_s / 2 + recovery_s) / mtbf_s;
}

/**
 * E[ETTR] of a job run: (1 - N r_f (u0 + dt / 2)) / (1 + w / dt), with N r_f = 1 / M, u0 the recovery, w the save.
 * Kokolis et al. (Meta), arXiv 2410.21680. Below 0 (failures come faster than progress) the formula no longer holds.
 */
export function expectedEttr(interval_s: number, { save_s, mtbf_s, recovery_s }: CheckpointCosts): number {
  return (1 - (recovery_s + interval_s / 2) / mtbf_s) / (1 + save_s / interval_s);
}

export interface CheckpointCosts {
  readonly save_s: number;
  readonly mtbf_s: number;
  readonly recovery_s: number;
}
