import type { JobReport } from '../../domain/report/report-shape.ts';
import type { ReportTable } from '../report-document.ts';
import { duration } from '../units.ts';
import { percent } from '../waterfall.ts';

/** Excess below this share of productive time is not worth a line at night. */
const WORTH_TELLING_RATIO = 0.005;

/** How much longer productive time was than its ideal, and why; '' when there is nothing to say. */
export function slowTimeText({ slow_time }: JobReport): string {
  const { seconds, ideals, suspects, ideal_over_actual_ratio: ratio } = slow_time;
  if (ratio === null || Math.abs(seconds.excess) < WORTH_TELLING_RATIO * seconds.productive) return '';
  const steps = ideals.map(
    ({ ideal_step_s, devices, source }) =>
      `${ideal_step_s.toFixed(3)} s${devices === null ? '' : ` on ${devices} devices`} (${source})`,
  );
  const causes = Object.entries(seconds.excess_by_cause)
    .sort(([, a], [, b]) => b - a)
    .map(([cause, s]) => `${cause} ${duration(s)}`);
  const lines = [
    `Slow time  ${duration(seconds.excess)} above the ideal, which is ${percent(ratio)} of the time taken: ${causes.join(', ')}`,
    `  ideal step ${steps.slice(0, 3).join('; ')}`,
  ];
  const [worst] = suspects;
  if (worst !== undefined) {
    const place = [
      worst.node === null ? '' : ` on node ${worst.node}`,
      worst.device === null ? '' : ` device ${worst.device}`,
    ];
    lines.push(
      `  slowest rank ${worst.rank}${place.join('')}: ${duration(worst.excess_s)} over ${worst.steps} steps`,
    );
  }
  return lines.join('\n');
}

export function slowTimeTable({ slow_time }: JobReport): ReportTable {
  const { seconds, ideal_over_actual_ratio } = slow_time;
  const causes = Object.entries(seconds.excess_by_cause).sort(([, a], [, b]) => b - a);
  const rows: [string, string][] = [
    ['Ideal', duration(seconds.ideal)],
    ...causes.map(([cause, s]): [string, string] => [`Above it: ${cause}`, duration(s)]),
    ['Without an ideal', duration(seconds.unjudged)],
    ['Productive', duration(seconds.productive)],
  ];
  return {
    title: 'Slow time',
    columns: ['', ''],
    rows: ideal_over_actual_ratio === null ? [] : rows,
  };
}
