import { type Panel, steps } from './panel.ts';
import { barGauge, stat, timeseries } from './query-panels.ts';

const JOB = 'job="$job"';

/** From paid device-time to kept model FLOPs, and everything that is called goodput. 8 rows high. */
export function computePanels(y: number): readonly Panel[] {
  return [
    barGauge(
      {
        id: 1,
        title: 'Effective compute of the run: factors, and their product',
        description:
          'From paid device-time to kept model FLOPs (mm_causal) over devices x peak x wall time. The factors multiply to the product. A factor that is not known is 1 and its share is in another: the report names it.',
        at: { x: 0, y, w: 12, h: 8 },
      },
      {
        unit: 'percentunit',
        min: 0,
        decimals: 1,
        noValue: 'model, device or tokens unknown, or no kept step yet',
        queries: [{ expr: `headway_effective_compute_ratio{${JOB}}`, legend: '{{factor}}' }],
      },
    ),
    barGauge(
      {
        id: 2,
        title: 'Named ratios of the run (each divides something else)',
        description:
          'goodput_runtime: productive / (held - excluded). ettr_with_queue: productive / (queued + held - excluded). goodput_saved_only: productive time that a checkpoint holds / (held - excluded). effective_share: productive device-seconds, elastic capacity multiplied in / held ones. mpg: scheduling x runtime x program goodput.',
        at: { x: 12, y, w: 12, h: 8 },
      },
      {
        unit: 'percentunit',
        min: 0,
        decimals: 1,
        noValue: 'nothing accounted yet',
        queries: [{ expr: `headway_job_goodput_ratio{${JOB},window="run"}`, legend: '{{ratio}}' }],
      },
    ),
  ];
}

/** Money and energy. 6 rows high. */
export function moneyPanels(y: number): readonly Panel[] {
  return [
    barGauge(
      {
        id: 3,
        title: 'Cost of the run by cause (price of its device-hours)',
        description:
          'What was lost to each cause, in the currency of the price, the costliest first. Losses without a known cause are told by their bucket.',
        at: { x: 0, y, w: 10, h: 6 },
      },
      {
        unit: 'short',
        min: 0,
        noValue: 'no price: send price_per_device_hour, or set site.price_per_device_hour',
        thresholds: steps('#d9822b'),
        queries: [
          {
            expr: `sort_desc(topk(8, sum by (cause, currency) (headway_job_cost{${JOB},bucket!="productive",cause!=""})))`,
            legend: '{{cause}} {{currency}}',
          },
          {
            expr: `sort_desc(topk(8, sum by (bucket, currency) (headway_job_cost{${JOB},bucket!="productive",cause=""})))`,
            legend: '{{bucket}} {{currency}}',
          },
        ],
      },
    ),
    stat(
      {
        id: 4,
        title: 'Cost of a million tokens',
        description: 'Price of all device-hours held so far, over the tokens of kept steps.',
        at: { x: 10, y, w: 4, h: 6 },
      },
      {
        unit: 'short',
        decimals: 2,
        noValue: 'no price, or tokens unknown',
        showName: 'value_and_name',
        queries: [{ expr: `headway_cost_per_million_tokens{${JOB}}`, legend: '{{currency}}' }],
      },
    ),
    stat(
      {
        id: 5,
        title: 'Energy of the newest kept steps (devices only)',
        description:
          'Joules of all devices for a step and for a token, mean power of a device. Hosts, network and cooling are not in it.',
        at: { x: 14, y, w: 5, h: 6 },
      },
      {
        unit: 'suffix: J',
        noValue: 'no telemetry of the devices of this job',
        showName: 'value_and_name',
        queries: [
          { expr: `headway_joules_per_step{${JOB}}`, legend: 'a step' },
          { expr: `headway_joules_per_token{${JOB}}`, legend: 'a token' },
          { expr: `headway_job_device_power_watts{${JOB}}`, legend: 'power of a device' },
        ],
        overrides: [
          {
            matcher: { id: 'byName', options: 'power of a device' },
            properties: [{ id: 'unit', value: 'watt' }],
          },
        ],
      },
    ),
    timeseries(
      {
        id: 6,
        title: 'FLOP/s per watt (mm_causal)',
        description: 'Model FLOP/s over the power of the devices, on the newest kept steps.',
        at: { x: 19, y, w: 5, h: 6 },
      },
      {
        unit: 'suffix: FLOP/s/W',
        min: 0,
        noValue: 'no telemetry of the devices, or model unknown',
        queries: [{ expr: `headway_flops_per_watt{${JOB},convention="mm_causal"}`, legend: 'FLOP/s/W' }],
      },
    ),
  ];
}
