import { describe, expect, it } from 'vitest';
import { DERIVED_METRICS, derivedMetric } from '../../../../../domain/catalog/derived-metrics.ts';
import type { JobScopedEvent } from '../../../../../domain/events.ts';
import { collectivesOf } from '../../../../../domain/report/collectives.ts';
import { jobView } from '../../../../../domain/report/job-view.ts';
import type { EfficiencyOptions } from '../../../../../services/analyzer/metrics/efficiency-samples.ts';
import type { MetricSample } from '../../../../../services/analyzer/metrics/metric-sample.ts';
import { samplesOf } from '../../../../../services/analyzer/metrics/samples.ts';
import { slowMember } from '../../../../support/collective-records.ts';
import { telemetryOfEight } from '../../../../support/telemetry-summary.ts';
import { attempt, endOf, llamaSpec, START_US } from '../../../../support/training-events.ts';

const OPTIONS: EfficiencyOptions = {
  window_steps: 20,
  normal_steps_min: 20,
  baseline_tokens_per_s_per_device: 8192,
};

function samplesAt(
  events: readonly JobScopedEvent[],
  at_us: number,
  options = OPTIONS,
): readonly MetricSample[] {
  return samplesOf(jobView(events, { job: 'a', at_us }), options);
}

/** With a price, and device telemetry of its kept steps. */
function pricedSamplesAt(events: readonly JobScopedEvent[], at_us: number): readonly MetricSample[] {
  const view = jobView([llamaSpec({ price_per_device_hour: 3 }), ...events.slice(1)], { job: 'a', at_us });
  return samplesOf(view, OPTIONS, { ...view, telemetry: telemetryOfEight(80) });
}

function figure(samples: readonly MetricSample[], name: string, labels: Record<string, string> = {}) {
  const found = samples.filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  );
  expect(found.length).toBeLessThanOrEqual(1);
  return found[0]?.value;
}

const TRAINING = { steps: 40, nodes: ['n1'] };
const END_US = endOf(TRAINING);
const openStep = { type: 'step', job: 'a', attempt: 1, step: 41, start_us: END_US } as const;
const training = [llamaSpec(), ...attempt(TRAINING), openStep];
const fail = {
  type: 'fail',
  job: 'a',
  attempt: 1,
  time_us: END_US + 60e6,
  cause: 'xid:79',
  node: 'n1',
  device: 3,
} as const;
const detect = { type: 'mark', job: 'a', kind: 'detect', time_us: END_US + 62e6 } as const;
const second = { attempt: 2, start_us: END_US + 90e6, first: 38, steps: 40 };
const repaired = [...training, fail, detect, ...attempt(second)];

/** 400 steps of 10 s held to a goodput of 90 %, saved twice, one node out for a minute; then one failure. */
const LONG = { steps: 400, step_s: 10, nodes: ['n1'] };
const LONG_END_US = endOf(LONG);
const save = (step: number, at_us: number) =>
  ({
    type: 'span',
    job: 'a',
    attempt: 1,
    kind: 'ckpt_save',
    step,
    start_us: at_us,
    end_us: at_us + 1e6,
  }) as const;
const long: readonly JobScopedEvent[] = [
  llamaSpec({ goodput_target_ratio: 0.9 }),
  ...attempt(LONG),
  save(100, START_US + 1010e6),
  save(200, START_US + 2010e6),
  { ...fail, time_us: LONG_END_US },
  ...attempt({ ...LONG, attempt: 2, start_us: LONG_END_US + 90e6, first: 401, steps: 1 }),
];
const NODE_STATES = [
  { type: 'node_state', node: 'n1', time_us: LONG_END_US, state: 'unhealthy' },
  { type: 'node_state', node: 'n1', time_us: LONG_END_US + 60e6, state: 'healthy' },
] as const;

/** The trainer prints a speed that nothing explains. */
const logged = [llamaSpec(), ...attempt({ ...TRAINING, fields: { labels: { logged_tflops: 1000 } } })];

/** Two ranks that tell their parts: the second computes half again as long, on the first's account. */
const placed = [0, 1].map((rank): JobScopedEvent => {
  const from_us = START_US;
  return { type: 'placement', job: 'a', attempt: 1, rank, node: `n${rank}`, device: rank, from_us };
});
const phases = (rank: number, compute: number) =>
  attempt({ ...TRAINING, fields: { rank, phases_us: { compute, comm: 1_800_000 - compute, io: 100_000 } } });
const twoRanks = [llamaSpec(), ...placed, ...phases(0, 1_000_000), ...phases(1, 1_500_000).slice(1)];

function longSamples(): readonly MetricSample[] {
  const view = jobView(long, { job: 'a', at_us: LONG_END_US + 110e6, node_states: NODE_STATES });
  return samplesOf(view, OPTIONS);
}

describe('samplesOf', () => {
  it('derives every metric of the catalog, each with exactly its declared labels and values', () => {
    const lives = [
      samplesAt(training, END_US + 1e6),
      samplesAt(training, END_US + 400e6),
      samplesAt(repaired, endOf(second) + 1e6),
      pricedSamplesAt(training, END_US + 1e6),
      longSamples(),
      samplesAt(twoRanks, END_US),
      samplesOf(jobView(logged, { job: 'a', at_us: END_US }), {
        ...OPTIONS,
        revision: 2,
        collectives: collectivesOf(slowMember('a', 4)).rows,
      }),
    ].flat();
    expect(new Set(lives.map(({ name }) => name))).toEqual(new Set(DERIVED_METRICS.map(({ name }) => name)));
    for (const { name, labels } of lives) {
      const metric = derivedMetric(name);
      expect(Object.keys(labels).sort(), name).toEqual(metric?.labels.map((label) => label.name).sort());
      for (const label of metric?.labels ?? []) {
        if (label.values !== undefined) expect(label.values, name).toContain(labels[label.name]);
      }
    }
  });

  it('tells the parts of a step, and the rank that others wait for', () => {
    const samples = samplesAt(twoRanks, END_US);
    const part = (phase: string) => figure(samples, 'headway_job_step_phase_seconds', { phase });
    expect(part('compute')).toBeCloseTo(1.5, 9);
    expect(part('comm')).toBeCloseTo(0.3, 9);
    expect(part('other')).toBeCloseTo(0.1, 9);
    expect(part('bubble')).toBeUndefined();
    const slow = figure(samples, 'headway_rank_slowdown_ratio', { rank: '1', node: 'n1', device: '1' });
    expect(slow).toBeCloseTo(1.6 / 1.1, 9);
    expect(figure(samplesAt(training, END_US), 'headway_rank_slowdown_ratio')).toBeUndefined();
  });

  it('energy, OFU and cost: of the newest kept steps, and of all device-hours held', () => {
    const samples = pricedSamplesAt(training, END_US);
    expect(figure(samples, 'headway_job_ofu_ratio')).toBeCloseTo(0.45, 9);
    // eight devices at 600 W for 2 s a step of 65,536 tokens
    expect(figure(samples, 'headway_joules_per_step')).toBeCloseTo(9600, 6);
    expect(figure(samples, 'headway_joules_per_token')).toBeCloseTo(9600 / 65_536, 9);
    expect(figure(samples, 'headway_job_device_power_watts')).toBeCloseTo(600, 9);
    // 10 s to start up and 80 s of steps, 3 an hour for each of eight
    const cost = (8 * 90 * 3) / 3600;
    expect(figure(samples, 'headway_job_cost', { bucket: 'startup' })).toBeCloseTo((8 * 10 * 3) / 3600, 9);
    expect(figure(samples, 'headway_cost_per_million_tokens')).toBeCloseTo(cost / (40 * 0.065536), 9);
    for (const name of ['headway_job_cost', 'headway_job_ofu_ratio', 'headway_joules_per_token']) {
      expect(figure(samplesAt(training, END_US), name)).toBeUndefined();
    }
  });

  it('failures, node repair, error budget and checkpoints', () => {
    const samples = longSamples();
    // 10 s to start, 400 steps of 10 s, 90 s down, 10 s to start, one step of 10 s
    expect(figure(samples, 'headway_job_mtbf_seconds', { variant: 'elapsed' })).toBeCloseTo(4120, 6);
    expect(figure(samples, 'headway_job_mtbf_seconds', { variant: 'node' })).toBeCloseTo(4010, 6);
    expect(figure(samples, 'headway_node_repair_seconds', { stat: 'mean' })).toBe(60);
    expect(figure(samples, 'headway_job_nodes_in_repair')).toBe(0);
    // of the last 300 s: 90 s down and 10 s to start, of which a tenth was allowed
    expect(figure(samples, 'headway_job_slo_burn_ratio', { window: '5m' })).toBeCloseTo(100 / 300 / 0.1, 6);
    expect(figure(samples, 'headway_job_slo_burn_ratio', { window: '6h' })).toBeUndefined();
    expect(figure(samples, 'headway_job_step_deviation_ratio')).toBe(1);
    expect(figure(samples, 'headway_job_last_saved_step')).toBe(200);
    expect(figure(samples, 'headway_job_checkpoint_interval_seconds', { interval: 'in_use' })).toBe(1000);
    expect(figure(samples, 'headway_job_last_productive_step')).toBe(401);
    expect(figure(samples, 'headway_job_excluded_seconds')).toBe(0);
    expect(figure(samplesAt(training, END_US), 'headway_job_slo_burn_ratio')).toBeUndefined();
  });

  it('gives each series once', () => {
    const keys = samplesAt(repaired, endOf(second) + 1e6).map(({ name, labels }) =>
      JSON.stringify([name, labels]),
    );
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('accounts for every paid device-second', () => {
    const at_us = END_US + 80e6;
    const samples = samplesAt(repaired, at_us).filter(({ name }) => name === 'headway_job_device_seconds');
    const sum = samples.reduce((total, { value }) => total + value, 0);
    expect(sum).toBeCloseTo(8 * (10 + 40 * 2 + 80), 6);
  });

  it('accounts for every wall second, also where nobody says how many devices there are', () => {
    const bare = repaired.map(({ ...event }) => {
      const { device_count: _, ...rest } = { device_count: 0, ...event };
      return rest as JobScopedEvent;
    });
    for (const events of [repaired, bare]) {
      const samples = samplesAt(events, END_US + 80e6);
      const wall = samples.filter(({ name }) => name === 'headway_job_wall_seconds');
      expect(wall.reduce((total, { value }) => total + value, 0)).toBeCloseTo(10 + 40 * 2 + 80, 6);
      expect(wall.find(({ labels }) => labels['cause'] === 'xid:79')?.value).toBeGreaterThan(0);
    }
    expect(figure(samplesAt(bare, END_US + 80e6), 'headway_job_device_seconds')).toBeUndefined();
  });

  it('lets goodput fall, and rates end, while a step hangs', () => {
    const last5m = samplesAt(training, END_US + 400e6);
    expect(figure(last5m, 'headway_job_goodput_ratio', { ratio: 'goodput_runtime', window: '5m' })).toBe(0);
    const run = [310e6, 340e6, 400e6].map((after) =>
      figure(samplesAt(training, END_US + after), 'headway_job_goodput_ratio', {
        ratio: 'goodput_runtime',
        window: 'run',
      }),
    );
    expect(run).toEqual([...run].sort((a = 0, b = 0) => b - a));
    expect(new Set(run).size).toBe(3);
    const hanging = samplesAt(training, END_US + 400e6);
    expect(figure(hanging, 'headway_job_mfu_ratio', { convention: 'mm_causal' })).toBeUndefined();
    expect(figure(hanging, 'headway_job_stalled_seconds')).toBe(400);
    expect(figure(hanging, 'headway_incident_info', { kind: 'hang', state: 'open', cause: '' })).toBe(1);
  });

  it('shows a stall only while there is one, and none for a planned stop', () => {
    const stalled = (events: readonly JobScopedEvent[], at_us: number) =>
      figure(samplesAt(events, at_us), 'headway_job_stalled_seconds');
    expect(stalled(training, END_US + 1e6)).toBeUndefined();
    expect(stalled([...training, fail], END_US + 70e6)).toBe(70);
    expect(stalled([...training, { ...fail, planned: true }], END_US + 70e6)).toBeUndefined();
    expect(stalled(repaired, endOf(second) + 1e6)).toBeUndefined();
  });

  it('has linearity against the named baseline, and an estimate from phases without one', () => {
    const measured = samplesAt(training, END_US + 1e6);
    expect(figure(measured, 'headway_job_linearity_ratio', { definition: 'tokens' })).toBe(0.5);
    const none = { ...OPTIONS, baseline_tokens_per_s_per_device: null };
    expect(figure(samplesAt(training, END_US + 1e6, none), 'headway_job_linearity_ratio')).toBeUndefined();
    const phases = [llamaSpec(), ...attempt({ ...TRAINING, fields: { phases_us: { compute: 1_700_000 } } })];
    const estimate = samplesAt(phases, END_US, none);
    expect(figure(estimate, 'headway_job_linearity_ratio', { definition: 'estimate' })).toBeCloseTo(0.85, 12);
  });

  it('keeps the last figures of a run that has ended', () => {
    const end = { type: 'attempt_end', job: 'a', attempt: 1, time_us: END_US + 2e6, clean: true } as const;
    const samples = samplesAt([...training, end], END_US + 86_400e6);
    expect(figure(samples, 'headway_job_state', { state: 'ended' })).toBe(1);
    expect(
      figure(samples, 'headway_job_goodput_ratio', { ratio: 'goodput_runtime', window: '5m' }),
    ).toBeGreaterThan(0.8);
    expect(figure(samples, 'headway_job_mfu_ratio', { convention: 'mm_causal' })).toBeGreaterThan(0.2);
  });

  it('measures MFU anew after the specification changed', () => {
    const changed = llamaSpec({ tokens_per_step: 32_768, time_us: END_US - 60e6 });
    const samples = samplesAt([...training, changed], END_US + 1e6);
    // by one specification both halves are the same steps: the change itself is no slow-down
    expect(figure(samples, 'headway_job_mfu_vs_baseline_ratio')).toBe(1);
  });
});
