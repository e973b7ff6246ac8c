import { describe, expect, it } from 'vitest';
import type { JobEvent, JobScopedEvent } from '../../../../domain/events.ts';
import { jobReport } from '../../../../domain/report/job-report.ts';
import type { SiteConfig } from '../../../../domain/report/site.ts';
import type { TelemetrySummary } from '../../../../domain/report/telemetry.ts';
import { telemetryOfEight } from '../../../support/telemetry-summary.ts';
import { attempt, endOf, llamaSpec, START_US } from '../../../support/training-events.ts';

/** Ten seconds to start up, forty steps of 2 s on eight devices, 65,536 tokens each. */
const TRAINING = { steps: 40 };
const TOKENS = 40 * 65_536;
const SITE: SiteConfig = { price_per_device_hour: 2, currency: 'EUR', power: { pue: 1.3, pue_series: null } };

function reportOf(
  more: Partial<JobEvent> = {},
  telemetry: TelemetrySummary | null = telemetryOfEight(80, 10),
  events: readonly JobScopedEvent[] = attempt(TRAINING),
  site = SITE,
) {
  const now_us = endOf(TRAINING);
  return jobReport([llamaSpec(more), ...events], { job: 'a', now_us, telemetry, site });
}

describe('energy', () => {
  it('by step, token and FLOP on kept step time, and of the whole run', () => {
    const { energy, model } = reportOf();
    expect(energy).toMatchObject({
      joules: 8 * (80 * 600 + 10 * 100),
      joules_lost: 8000,
      joules_by_bucket: { productive: 384_000, startup: 8000 },
      source: 'counter',
      pue: 1.3,
      pue_source: 'configured',
    });
    expect(energy?.joules_per_step).toBeCloseTo(9600, 6);
    expect(energy?.joules_per_token).toBeCloseTo(384_000 / TOKENS, 12);
    expect(energy?.joules_per_token_of_run).toBeCloseTo(392_000 / TOKENS, 12);
    expect(energy?.facility_joules).toBeCloseTo(392_000 * 1.3, 6);
    const flops = model?.flops_per_token.mm_causal ?? 0;
    expect(energy?.flops_per_watt?.mm_causal).toBeCloseTo((flops * TOKENS) / 384_000, -3);
  });

  it('what is not sampled is taken to draw as much while most is known; below that there is no rate', () => {
    const whole = telemetryOfEight(80, 10);
    const part = (ratio: number): TelemetrySummary => ({
      ...whole,
      energy: {
        source: 'counter',
        joules: 600 * 640 * ratio,
        coverage_ratio: ratio,
        by_bucket: { productive: { joules: 600 * 640 * ratio, device_s: 640 * ratio } },
        counter_resets: 0,
      },
    });
    const most = reportOf({}, part(0.95));
    expect(most.energy?.joules_per_step).toBeCloseTo(9600, 6);
    expect(most.quality.reasons['energy']).toContain('95.0 %');
    const half = reportOf({}, part(0.5));
    expect(half.energy?.joules).toBe(192_000);
    expect(half.energy?.joules_per_step).toBeNull();
    expect(half.energy?.flops_per_watt).toBeNull();
    expect(half.quality.reasons['energy']).toContain('too little');
  });

  it('without telemetry, without energy in it, or with devices that may be others’: null with a reason', () => {
    expect(reportOf({}, null).energy).toBeNull();
    const { quality, energy } = reportOf({}, { ...telemetryOfEight(80), energy: null });
    expect(energy).toBeNull();
    expect(quality.reasons['energy']).toContain('no device');
    const foreign = reportOf({}, { ...telemetryOfEight(80), is_ambiguous: true });
    expect([foreign.energy, foreign.ofu_ratio, foreign.memory?.measured]).toEqual([null, null, null]);
    expect(foreign.quality.reasons['energy']).toContain('placement');
  });

  it('a measured PUE goes before the configured one, unless it is none', () => {
    const measured = (measured_pue: number) =>
      reportOf({}, { ...telemetryOfEight(80, 10), measured_pue }).energy;
    expect(measured(1.1)).toMatchObject({ pue: 1.1, pue_source: 'measured', facility_joules: 392_000 * 1.1 });
    expect(measured(0.4)).toMatchObject({ pue: 1.3, pue_source: 'configured' });
  });

  it('no PUE: what the facility drew is not known', () => {
    const site = { ...SITE, power: { pue: null, pue_series: null } };
    const { energy, quality } = reportOf({}, telemetryOfEight(80, 10), attempt(TRAINING), site);
    expect(energy?.facility_joules).toBeNull();
    expect(quality.reasons['facility_joules']).toContain('site.power.pue');
  });
});

describe('OFU', () => {
  it('is activity times clock over the clock of the peak, and bounds MFU', () => {
    const { ofu_ratio, mfu_ratio, verdicts } = reportOf();
    expect(ofu_ratio).toBeCloseTo(0.45, 9);
    // 4,096 tokens/s a device: 0.21 of the peak
    expect(mfu_ratio?.mm_causal).toBeLessThan(0.45);
    expect(verdicts).toEqual([]);
  });

  it('four times the tokens cannot be: the verdict says what would explain it', () => {
    const { verdicts } = reportOf({ tokens_per_step: 4 * 65_536 });
    expect(verdicts).toMatchObject([{ name: 'mfu_implausible', figure: 'mfu_ratio' }]);
    expect(verdicts[0]?.explains.map(({ cause }) => cause)).toContain('token_or_device_factor');
  });

  it('a device without a stated clock has none, with the reason', () => {
    const { ofu_ratio, quality } = reportOf({ hardware: 'NVIDIA L4' });
    expect(ofu_ratio).toBeNull();
    expect(quality.reasons['ofu_ratio']).toContain('L4');
  });
});

describe('cost', () => {
  const fail = { type: 'fail', job: 'a', attempt: 1, time_us: endOf(TRAINING), cause: 'xid:79' } as const;
  const second = { attempt: 2, first: 31, steps: 10, start_us: endOf(TRAINING) + 60e6 };
  const repaired = [...attempt(TRAINING), fail, ...attempt(second)];

  it('the job’s own price goes before the site’s; every device-hour held is paid for', () => {
    const { cost, totals } = reportOf({ price_per_device_hour: 3 });
    expect(cost).toMatchObject({
      price_per_device_hour: 3,
      price_source: 'job',
      currency: 'EUR',
      by_cause: {},
    });
    expect(cost?.total).toBeCloseTo((8 * 90 * 3) / 3600, 9);
    expect(totals.device_hours).toBeCloseTo((8 * 90) / 3600, 12);
    expect(cost?.lost).toBeCloseTo((8 * 10 * 3) / 3600, 9);
    expect(cost?.per_million_tokens).toBeCloseTo((cost?.total ?? 0) / (TOKENS / 1e6), 9);
    expect(reportOf().cost).toMatchObject({ price_per_device_hour: 2, price_source: 'configured' });
  });

  it('buckets and causes of a failure, at the configured price', () => {
    const options = { job: 'a', now_us: endOf(second), site: SITE };
    const { cost, ledger } = jobReport([llamaSpec(), ...repaired], options);
    const price = (device_s: number) => (device_s / 3600) * 2;
    expect(cost?.by_bucket['lost_work']).toBeCloseTo(price(8 * 10 * 2), 9);
    expect(cost?.by_cause['xid:79']).toBeCloseTo(
      price(ledger.cost_by_cause_device_seconds['xid:79'] ?? 0),
      9,
    );
    expect(cost?.total).toBeCloseTo(price((8 * (endOf(second) - START_US)) / 1e6), 9);
    // forty kept steps: ten of them in the second attempt
    expect(cost?.per_million_tokens).toBeCloseTo((cost?.total ?? 0) / ((40 * 65_536) / 1e6), 9);
  });

  it('no price, or nobody knows how many devices: null with a reason', () => {
    const free = { ...SITE, price_per_device_hour: null };
    const unpriced = reportOf({}, null, attempt(TRAINING), free);
    expect(unpriced.cost).toBeNull();
    expect(unpriced.quality.reasons['cost']).toContain('price');
    const events = attempt(TRAINING).map((event) =>
      event.type === 'attempt_start' ? { type: event.type, job: 'a', attempt: 1, time_us: START_US } : event,
    ) as JobScopedEvent[];
    const { device_count: _, ...spec } = llamaSpec();
    const unsized = jobReport([spec, ...events], { job: 'a', now_us: endOf(TRAINING), site: SITE });
    expect(unsized.cost).toBeNull();
    expect(unsized.quality.reasons['cost']).toContain('devices');
  });
});

describe('totals', () => {
  it('Rpeak, what was achieved of it on kept steps, and over the whole run', () => {
    const { totals, model } = reportOf();
    const flops = (model?.flops_per_token.mm_causal ?? 0) * TOKENS;
    expect(totals.rpeak_flops).toBe(8 * 989e12);
    expect(totals.rated_power_w).toBe(8 * 700);
    expect(totals.kept_tokens).toBe(TOKENS);
    expect(totals.kept_flops?.mm_causal).toBeCloseTo(flops, -6);
    expect((totals.achieved_flops?.mm_causal ?? 0) / (flops / 80)).toBeCloseTo(1, 12);
    expect(totals.achieved_ratio?.mm_causal).toBeCloseTo(flops / (8 * 989e12 * 80), 12);
    expect(totals.sustained_ratio?.mm_causal).toBeCloseTo(flops / (8 * 989e12 * 90), 12);
  });

  it('a kept step that does not say its tokens: no totals of tokens, the device-hours stay', () => {
    const { tokens_per_step: _, ...spec } = llamaSpec();
    const { totals } = jobReport([spec, ...attempt(TRAINING)], { job: 'a', now_us: endOf(TRAINING) });
    expect(totals).toMatchObject({ kept_tokens: null, kept_flops: null, achieved_flops: null });
    expect(totals.device_hours).toBeCloseTo((8 * 90) / 3600, 12);
  });
});

describe('memory of a job', () => {
  it('an estimate beside what the fullest device used', () => {
    const { memory, quality } = reportOf({
      recompute: 'selective',
      micro_batch_sequences: 1,
      zero_stage: 1,
      parallelism: { tp: 2 },
    });
    const { estimate } = memory ?? {};
    expect(estimate?.settings).toEqual({ tp: 2, pp: 1, dp: 4, cp: 1, ep: 1 });
    expect(memory?.measured?.used_max_bytes).toBe(70e9);
    expect(memory?.measured_over_estimate_ratio).toBeCloseTo(70e9 / (estimate?.total_bytes ?? 0), 12);
    expect(memory?.used_ratio).toBeCloseTo(70e9 / (80 * 2 ** 30), 12);
    expect(quality.reasons['activation_bytes']).toBeUndefined();
  });

  it('an unknown micro-batch: state is estimated, activations are not', () => {
    const { memory, quality } = reportOf({ recompute: 'full' });
    expect(memory?.estimate?.parameter_bytes).toBe(2 * 8_030_261_248);
    expect(memory?.estimate?.total_bytes).toBeNull();
    expect(memory?.measured_over_estimate_ratio).toBeNull();
    expect(quality.reasons['activation_bytes']).toContain('micro_batch_sequences');
    expect(quality.reasons['memory']).toContain('zero_stage');
  });
});
