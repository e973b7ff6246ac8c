import { type Panel, steps } from './panel.ts';
import { barGauge, timeseries } from './query-panels.ts';

const JOB = 'job="$job"';
/** Ranks drawn in one panel; more lines than this are a carpet. */
const RANKS_SHOWN = 20;

/** What a step consists of, why it is slow, and against what it is held. Two rows of 8. */
export function stepPanels(y: number): readonly Panel[] {
  return [...partsOfSteps(y), ...heldAgainst(y + 8)];
}

function partsOfSteps(y: number): readonly Panel[] {
  return [
    timeseries(
      {
        id: 10,
        title: 'Parts of a step (of the rank that others wait for)',
        description:
          'Mean seconds of each part of the newest steps. comm_hidden and io_hidden ran beside computing and cost nothing: they are not part of the sum.',
        at: { x: 0, y, w: 8, h: 8 },
      },
      {
        unit: 's',
        min: 0,
        noValue: 'nobody tells the parts of steps (phases_us, timers, a profile)',
        queries: [{ expr: `headway_job_step_phase_seconds{${JOB}}`, legend: '{{phase}}' }],
      },
    ),
    barGauge(
      {
        id: 11,
        title: 'Productive time of the run above the ideal step time, by why',
        description:
          'Seconds of kept steps above the ideal of the same specification. faster is what lay below it, and negative.',
        at: { x: 8, y, w: 8, h: 8 },
      },
      {
        unit: 's',
        noValue: 'no ideal step time yet',
        thresholds: steps('#d9822b'),
        queries: [{ expr: `headway_job_slow_seconds{${JOB}}`, legend: '{{cause}}' }],
      },
    ),
    timeseries(
      {
        id: 12,
        title: 'Step deviation (p90 of the last 100 / median of the 1,000 before)',
        description: 'Above 1 the newest steps are slower, or less even, than those before them.',
        at: { x: 16, y, w: 8, h: 8 },
      },
      {
        unit: 'percentunit',
        noValue: 'too few steps yet',
        bands: true,
        thresholds: steps('transparent', [1.1, '#d9822b']),
        queries: [{ expr: `headway_job_step_deviation_ratio{${JOB}}`, legend: 'deviation' }],
      },
    ),
  ];
}

function heldAgainst(y: number): readonly Panel[] {
  return [
    timeseries(
      {
        id: 13,
        title: 'MFU by convention, and OFU (of dense peak)',
        description:
          'OFU is tensor activity x SM clock over the clock of the peak, from telemetry: an MFU above it is wrong.',
        at: { x: 0, y, w: 8, h: 8 },
      },
      {
        unit: 'percentunit',
        min: 0,
        noValue: 'model or device unknown, or no kept step in this range',
        queries: [
          { expr: `headway_job_mfu_ratio{${JOB}}`, legend: '{{convention}}' },
          { expr: `headway_job_ofu_ratio{${JOB}}`, legend: 'OFU' },
        ],
      },
    ),
    timeseries(
      {
        id: 14,
        title: 'Linearity by definition (over the baseline; estimate: over its own ideal)',
        description:
          'tokens: tokens per second per device over those of the baseline. estimate: its own computing alone over its step time, where it names no baseline. Above 1 is shown as it is.',
        at: { x: 8, y, w: 8, h: 8 },
      },
      {
        unit: 'percentunit',
        noValue: 'no baseline and no parts of steps, or no step in this range',
        bands: true,
        thresholds: steps('transparent', [0.95, '#8a93a3']),
        queries: [{ expr: `headway_job_linearity_ratio{${JOB}}`, legend: '{{definition}}' }],
      },
    ),
    timeseries(
      {
        id: 15,
        title: 'Ranks over the usual rank (own work in a step)',
        description:
          "A rank's own computing and input in the newest steps over that of the usual rank: above 1 others wait for it. The 20 slowest.",
        at: { x: 16, y, w: 8, h: 8 },
      },
      {
        unit: 'percentunit',
        noValue: 'steps are told by one rank, or without their parts',
        queries: [
          {
            expr: `topk(${RANKS_SHOWN}, headway_rank_slowdown_ratio{${JOB}})`,
            legend: 'rank {{rank}} {{node}} {{device}}',
          },
        ],
      },
    ),
  ];
}
