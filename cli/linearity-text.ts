import type { Linearity } from '../domain/linearity.ts';
import { count, significant } from './units.ts';
import { percent } from './waterfall.ts';

/** The points of a scaling, the smallest first, each against the baseline. */
export function linearityText({ definition, baseline, points, reason }: Linearity): string {
  const base =
    baseline === null
      ? `no baseline: ${reason ?? 'unknown'}`
      : `baseline ${baseline.job ?? 'stored point'}: ${count(baseline.devices)} devices, ${significant(baseline.tokens_per_s_per_device)} tokens/s/device`;
  const wide = Math.max(...points.map(({ job }) => job.length));
  const rows = points.map((point) => {
    const devices = point.devices === null ? 'unknown' : count(point.devices);
    const ratio =
      point.linearity_ratio === null ? (point.reason ?? 'unknown') : percent(point.linearity_ratio, 2);
    const differs = point.differs.length === 0 ? '' : `  differs: ${point.differs.join(', ')}`;
    return `  ${point.job.padEnd(wide)}  ${devices.padStart(8)} devices  step ${point.step_s === null ? 'unknown' : `${point.step_s.toFixed(3)} s`}  ${significant(point.tokens_per_s_per_device)} tokens/s/device  ${ratio}${differs}`;
  });
  return [`Linearity (${definition}), ${base}`, ...rows].join('\n');
}
