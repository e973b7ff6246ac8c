import { type Panel, steps } from './panel.ts';
import { stat, stateTimeline } from './query-panels.ts';
import { STATE_CODE_MAPPING, stateCodeExpression } from './state-style.ts';

/** Below these shares of its learned normal a figure is shown as a warning, and as bad. */
const AGAINST_NORMAL = steps('#d64545', [0.7, '#d9822b'], [0.9, '#2f9e6b']);
const GOODPUT = steps('#d64545', [0.8, '#d9822b'], [0.9, '#2f9e6b']);

/** The answer in five seconds: state, age of the last step, the three ratios, repair time. 8 rows high. */
export function headlinePanels(y: number): readonly Panel[] {
  return [
    stateNow(y),
    stat(
      {
        id: 2,
        title: 'Since the last step',
        description:
          'Seconds since the last step was seen. It grows while a job hangs, is silent or is down; a healthy job keeps it under a few step times. Absent once the job has ended.',
        at: { x: 4, y, w: 4, h: 4 },
      },
      {
        unit: 's',
        noValue: 'no step yet, or the job has ended',
        thresholds: steps('text', [300, '#d64545']),
        queries: [
          {
            expr: 'time() - max by (job) (headway_job_last_step_timestamp_seconds{job="$job"}) unless on (job) headway_job_state{job="$job",state="ended"}',
            legend: 'since the last step',
          },
        ],
      },
    ),
    goodputNow(y),
    mfuNow(y),
    linearityNow(y),
    mttrNow(y),
    timeline(y + 4),
  ];
}

function stateNow(y: number): Panel {
  return stat(
    {
      id: 1,
      title: 'State',
      description:
        'hanging = steps stopped while the job is up; silent = nothing was heard from any source; down = failed and not started again.',
      at: { x: 0, y, w: 4, h: 4 },
    },
    {
      unit: 'none',
      noValue: 'no data',
      mappings: [STATE_CODE_MAPPING],
      queries: [{ expr: stateCodeExpression('job="$job"'), legend: 'state' }],
    },
  );
}

function goodputNow(y: number): Panel {
  return stat(
    {
      id: 3,
      title: 'Goodput (productive / held - excluded)',
      description:
        'goodput_runtime: seconds in steps that were kept, over all seconds of the window but the excluded ones. Whole run, and the last hour.',
      at: { x: 8, y, w: 4, h: 4 },
    },
    {
      unit: 'percentunit',
      decimals: 1,
      noValue: 'not known yet',
      showName: 'value_and_name',
      thresholds: GOODPUT,
      queries: ['run', '1h'].map((window) => ({
        expr: `headway_job_goodput_ratio{job="$job",ratio="goodput_runtime",window="${window}"}`,
        legend: window === 'run' ? 'run' : 'last hour',
      })),
    },
  );
}

function mfuNow(y: number): Panel {
  return stat(
    {
      id: 4,
      title: 'MFU (mm_causal, of dense peak)',
      description:
        'Model FLOPs of matrix multiplications with causal attention counted once, over dense peak x step time of kept steps. Not wall-clock: stalls are in goodput, not here. The other figure is MFU over the learned normal of this job.',
      at: { x: 12, y, w: 4, h: 4 },
    },
    {
      unit: 'percentunit',
      decimals: 1,
      noValue: 'no kept step now, or model or device unknown',
      showName: 'value_and_name',
      thresholds: steps('text'),
      queries: [
        { expr: 'headway_job_mfu_ratio{job="$job",convention="mm_causal"}', legend: 'last steps' },
        { expr: 'headway_job_mfu_vs_baseline_ratio{job="$job"}', legend: 'of its normal' },
      ],
      overrides: [
        {
          matcher: { id: 'byName', options: 'of its normal' },
          properties: [{ id: 'thresholds', value: { mode: 'absolute', steps: AGAINST_NORMAL } }],
        },
      ],
    },
  );
}

function linearityNow(y: number): Panel {
  return stat(
    {
      id: 5,
      title: 'Linearity (rate per device / baseline job)',
      description:
        'Tokens per second per device over that of the baseline job, which ran on fewer devices. The other figure is linearity over its learned normal.',
      at: { x: 16, y, w: 4, h: 4 },
    },
    {
      unit: 'percentunit',
      decimals: 1,
      noValue: 'no kept step now, or no baseline job',
      showName: 'value_and_name',
      thresholds: steps('text'),
      queries: [
        { expr: 'headway_job_linearity_ratio{job="$job"}', legend: '{{definition}}' },
        { expr: 'headway_job_linearity_vs_baseline_ratio{job="$job"}', legend: 'of its normal' },
      ],
      overrides: [
        {
          matcher: { id: 'byName', options: 'of its normal' },
          properties: [{ id: 'thresholds', value: { mode: 'absolute', steps: AGAINST_NORMAL } }],
        },
      ],
    },
  );
}

function mttrNow(y: number): Panel {
  return stat(
    {
      id: 6,
      title: 'Repair time (fail to next step)',
      description:
        'Time to recovery over the incidents of this run: mean and median. Read it with their number.',
      at: { x: 20, y, w: 4, h: 4 },
    },
    {
      unit: 's',
      noValue: 'nothing was repaired yet',
      showName: 'value_and_name',
      queries: ['mean', 'median', 'count'].map((stat) => ({
        // A count of none is no figure beside the sentence that nothing was repaired.
        expr: `headway_job_mttr_seconds{job="$job",stat="${stat}"}${stat === 'count' ? ' > 0' : ''}`,
        legend: stat === 'count' ? 'repaired' : stat,
      })),
      overrides: [
        {
          matcher: { id: 'byName', options: 'repaired' },
          properties: [
            { id: 'unit', value: 'none' },
            { id: 'decimals', value: 0 },
          ],
        },
      ],
    },
  );
}

function timeline(y: number): Panel {
  return stateTimeline(
    {
      id: 7,
      title: 'State over time',
      description:
        'The state of the job at each moment of the range. A gap is a time of which nothing is known.',
      at: { x: 0, y, w: 24, h: 4 },
    },
    {
      unit: 'none',
      noValue: 'nothing is known of this range',
      mappings: [STATE_CODE_MAPPING],
      queries: [{ expr: stateCodeExpression('job="$job"'), legend: '{{job}}' }],
    },
  );
}
