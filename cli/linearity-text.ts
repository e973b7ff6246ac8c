import type { Linearity } from '../domain/linearity.ts';
import { count, significant } from './units.ts';
import { percent } from './waterfall.ts';

/** The points of a scaling, the smallest first, each against the baseline. */
export function linearityText(linearity: Linearity): string {
  const { definition, baseline, baseline_source, baseline_unit, points, reason } = linearity;
  const base =
    baseline === null
      ? `no baseline: ${reason ?? 'unknown'}`
      : `baseline ${baseline.job ?? 'stored point'}: ${count(baseline.devices)} devices, ${significant(baseline.tokens_per_s_per_device)} tokens/s/device (${baseline_source}); 100 % is ${baseline_unit}`;
  const wide = Math.max(...points.map(({ job }) => job.length));
  const rows = points.map((point) => {
    const devices = point.devices === null ? 'unknown' : count(point.devices);
    const ratio =
      point.linearity_ratio === null ? (point.reason ?? 'unknown') : percent(point.linearity_ratio, 2);
    const differs = point.differs.length === 0 ? '' : `  differs: ${point.differs.join(', ')}`;
    const estimate =
      point.estimate_ratio === null ? '' : `  estimate ${percent(point.estimate_ratio)} of its own computing`;
    return `  ${point.job.padEnd(wide)}  ${devices.padStart(8)} devices  step ${point.step_s === null ? 'unknown' : `${point.step_s.toFixed(3)} s`}  ${significant(point.tokens_per_s_per_device)} tokens/s/device  ${ratio}${differs}${estimate}`;
  });
  return [`Linearity (${definition}), ${base}`, ...rows].join('\n');
}
