import type { Labels } from '../../../../../domain/events.ts';

const FIELD = /\b(Mn|Mx)(Rtt|DRtt|Tmp|Utl|Clk|Etpt)\/Rnk: ([\d.]+)(?:ms|C|%|MHz|TF)\/(\d+)/g;

/** The slowest and fastest rank by time of the traced operations, and how long a batch took to come. */
export interface StragglerLine {
  readonly labels: Labels;
  /** Longest wait for a batch of any rank, seconds a step. */
  readonly data_s: number | undefined;
}

/** Names of the labels, and what makes the printed figure one of base units. */
const NAMES: Readonly<Record<string, readonly [name: string, factor: number]>> = {
  Rtt: ['rtt_s', 1e-3],
  DRtt: ['data_rtt_s', 1e-3],
  Tmp: ['temperature_c', 1],
  Utl: ['utilization_ratio', 0.01],
  Clk: ['clock_hz', 1e6],
  Etpt: ['tflops', 1],
};

/**
 * `MnRtt/Rnk: 3453.08ms/8 | MxRtt/Rnk: 3468.20ms/0 | ... | MxDRtt/Rnk: 34.65ms/3 | ...`, means over the log interval
 * (megatron/core/README_STRAGGLER.md, 2024-2026). The time of the traced operations includes waiting for others: it is
 * kept beside the step and is no computing time. Power is printed in mW behind a W and is left out.
 */
export function stragglerLineIn(text: string): StragglerLine | undefined {
  if (!text.includes('MnRtt/Rnk:') && !text.includes('MxRtt/Rnk:')) return undefined;
  const labels: Record<string, number> = {};
  let data_s: number | undefined;
  for (const [, end, field = '', figure, rank] of text.matchAll(FIELD)) {
    const [name = '', factor = 1] = NAMES[field] ?? [];
    const value = Number(figure) * factor;
    const key = `straggler_${end === 'Mn' ? 'min' : 'max'}_${name}`;
    labels[key] = Number(value.toPrecision(12));
    labels[`${key.replace(/_(?:s|c|ratio|hz|tflops)$/, '')}_rank`] = Number(rank);
    if (end === 'Mx' && field === 'DRtt') data_s = value;
  }
  return { labels, data_s };
}
