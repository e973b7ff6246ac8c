import { type Panel, steps } from './panel.ts';
import { timeseries } from './query-panels.ts';

const JOB = 'job="$job"';

/** When did it change: six curves, two rows of 8. */
export function trendPanels(y: number): readonly Panel[] {
  return [
    timeseries(
      {
        id: 20,
        title: 'MFU (mm_causal, of dense peak)',
        description: 'Over the last kept train steps. A gap is a time without kept steps, not a zero.',
        at: { x: 0, y, w: 8, h: 8 },
      },
      {
        unit: 'percentunit',
        min: 0,
        noValue: 'model or device unknown, or no kept step in this range',
        queries: [{ expr: `headway_job_mfu_ratio{${JOB},convention="mm_causal"}`, legend: 'MFU' }],
      },
    ),
    timeseries(
      {
        id: 21,
        title: 'Goodput (productive / held - excluded)',
        description: 'goodput_runtime over the last 5 minutes, the last hour and the whole run.',
        at: { x: 8, y, w: 8, h: 8 },
      },
      {
        unit: 'percentunit',
        min: 0,
        max: 1,
        noValue: 'nothing accounted in this range',
        queries: [
          {
            expr: `headway_job_goodput_ratio{${JOB},ratio="goodput_runtime"}`,
            legend: '{{window}}',
          },
        ],
      },
    ),
    timeseries(
      {
        id: 22,
        title: 'Step time',
        description: 'Last, median and 99th percentile of the recent train steps.',
        at: { x: 16, y, w: 8, h: 8 },
      },
      {
        unit: 's',
        min: 0,
        noValue: 'no step in this range',
        queries: [{ expr: `headway_job_step_seconds{${JOB}}`, legend: '{{stat}}' }],
      },
    ),
    timeseries(
      {
        id: 23,
        title: 'Tokens per second, whole job',
        description: 'Tokens trained on in a second, all devices together.',
        at: { x: 0, y: y + 8, w: 8, h: 8 },
      },
      {
        unit: 'suffix: tok/s',
        min: 0,
        noValue: 'tokens per step unknown, or no step in this range',
        queries: [{ expr: `headway_job_tokens_per_second{${JOB}}`, legend: 'tokens/s' }],
      },
    ),
    timeseries(
      {
        id: 24,
        title: 'Linearity (rate per device / baseline job)',
        description: 'Dashed line: 95 % of linear.',
        at: { x: 8, y: y + 8, w: 8, h: 8 },
      },
      {
        unit: 'percentunit',
        noValue: 'no baseline job, or no step in this range',
        bands: true,
        thresholds: steps('transparent', [0.95, '#8a93a3']),
        queries: [{ expr: `headway_job_linearity_ratio{${JOB}}`, legend: '{{definition}}' }],
      },
    ),
    timeseries(
      {
        id: 25,
        title: 'Now over the learned normal',
        description:
          'MFU and linearity over their own learned normal. Tickets are written below 90 % and 95 %.',
        at: { x: 16, y: y + 8, w: 8, h: 8 },
      },
      {
        unit: 'percentunit',
        noValue: 'no normal learned yet',
        bands: true,
        thresholds: steps('transparent', [0.9, '#d9822b']),
        queries: [
          { expr: `headway_job_mfu_vs_baseline_ratio{${JOB}}`, legend: 'MFU' },
          { expr: `headway_job_linearity_vs_baseline_ratio{${JOB}}`, legend: 'linearity ({{definition}})' },
        ],
      },
    ),
  ];
}
