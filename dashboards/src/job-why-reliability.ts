import { type Panel, steps } from './panel.ts';
import { barGauge, stat, timeseries } from './query-panels.ts';

const JOB = 'job="$job"';

/** Failures, repairs, the target that goodput is held to, and checkpoints. Two rows, 6 and 8. */
export function reliabilityPanels(y: number): readonly Panel[] {
  return [...repairs(y), ...promises(y + 6)];
}

function repairs(y: number): readonly Panel[] {
  return [
    stat(
      {
        id: 20,
        title: 'Repair time (fail to next step)',
        description: 'Over the interruptions of the run that are over and were not planned.',
        at: { x: 0, y, w: 6, h: 6 },
      },
      {
        unit: 's',
        noValue: 'nothing was repaired yet',
        showName: 'value_and_name',
        queries: ['mean', 'median', 'p90', 'count'].map((name) => ({
          expr: `headway_job_mttr_seconds{${JOB},stat="${name}"}${name === 'count' ? ' > 0' : ''}`,
          legend: name === 'count' ? 'repaired' : name,
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
    ),
    barGauge(
      {
        id: 21,
        title: 'Repair ladder: mean seconds from the failure to each rung',
        description:
          'Over the incidents for which a rung was told or seen. What separates two rungs is what the phase between them took.',
        at: { x: 6, y, w: 9, h: 6 },
      },
      {
        unit: 's',
        min: 0,
        noValue: 'no incident',
        thresholds: steps('#d9822b'),
        queries: [
          { expr: `sort(avg by (phase) (headway_incident_phase_seconds{${JOB}}))`, legend: '{{phase}}' },
        ],
      },
    ),
    barGauge(
      {
        id: 22,
        title: 'Mean time between failures, by variant',
        description:
          'elapsed: of the whole run; running_time: of the time in which it ran; _unplanned leaves planned stops out; node: node-seconds.',
        at: { x: 15, y, w: 9, h: 6 },
      },
      {
        unit: 's',
        min: 0,
        noValue: 'nothing failed yet',
        queries: [{ expr: `headway_job_mtbf_seconds{${JOB}}`, legend: '{{variant}}' }],
      },
    ),
  ];
}

function promises(y: number): readonly Panel[] {
  return [
    timeseries(
      {
        id: 23,
        title: 'Burn of the error budget (lost share / share that may be lost)',
        description:
          '1 uses the budget of the goodput target up exactly; the window of each line is its name.',
        at: { x: 0, y, w: 8, h: 8 },
      },
      {
        unit: 'none',
        min: 0,
        noValue: 'no target: send goodput_target_ratio, or set site.goodput_target_ratio',
        bands: true,
        thresholds: steps('transparent', [1, '#d9822b']),
        queries: [{ expr: `headway_job_slo_burn_ratio{${JOB}}`, legend: '{{window}}' }],
      },
    ),
    stat(
      {
        id: 24,
        title: 'Target, and budget of the run that is spent',
        description: 'Goodput that the job is held to. Above 100 % spent the target is missed.',
        at: { x: 8, y, w: 4, h: 8 },
      },
      {
        unit: 'percentunit',
        decimals: 1,
        noValue: 'no target',
        showName: 'value_and_name',
        queries: [
          { expr: `headway_job_slo_target_ratio{${JOB}}`, legend: 'target' },
          { expr: `headway_job_slo_budget_spent_ratio{${JOB}}`, legend: 'budget spent' },
        ],
      },
    ),
    barGauge(
      {
        id: 25,
        title: 'Time between checkpoints: in use, and as advised',
        description:
          'Young, Daly and Saxena et al. from what saves cost and how often the job fails. The report has the interval of confidence.',
        at: { x: 12, y, w: 6, h: 8 },
      },
      {
        unit: 's',
        min: 0,
        noValue: 'no save seen',
        queries: [{ expr: `headway_job_checkpoint_interval_seconds{${JOB}}`, legend: '{{interval}}' }],
      },
    ),
    timeseries(
      {
        id: 26,
        title: 'Steps: seen, kept, saved',
        description: 'What a failure now would go back to is the last saved step.',
        at: { x: 18, y, w: 6, h: 8 },
      },
      {
        unit: 'none',
        noValue: 'no step yet',
        queries: [
          { expr: `headway_job_last_step{${JOB}}`, legend: 'last seen' },
          { expr: `headway_job_last_productive_step{${JOB}}`, legend: 'last kept' },
          { expr: `headway_job_last_saved_step{${JOB}}`, legend: 'last saved' },
        ],
      },
    ),
  ];
}
