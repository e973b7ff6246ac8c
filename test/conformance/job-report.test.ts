import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { JobScopedEvent } from '../../domain/events.ts';
import { jobReport } from '../../domain/report/job-report.ts';
import { linearityOfReports } from '../../domain/report/linearity-of-reports.ts';
import { type DecodeOptions, decodeLog } from '../../services/collector/decoders/logs/decode-log.ts';
import { describeWithFixtures, fixturePath } from '../support/fixtures.ts';

/** Real logs against the worked answers that lie beside them. */
const EXPECTED_FILE = 'EXPECTED.json';

function reportOf(file: string, options: Partial<DecodeOptions> = {}) {
  const { events } = decodeLog(readFileSync(fixturePath(file), 'utf8'), { job: file, ...options });
  return jobReport(events as readonly JobScopedEvent[], { job: file });
}

describeWithFixtures('reports of public logs', () => {
  const expected = () => JSON.parse(readFileSync(fixturePath(EXPECTED_FILE), 'utf8'));

  it('torchtitan: a restart with 100 steps lost, and the MFU that the framework prints', () => {
    const answers = expected().logs['torchtitan_llama3_8b_restart.log'];
    const report = reportOf('logs/torchtitan_llama3_8b_restart.log');
    expect(report).toMatchObject({ attempts: 2, lost_steps: answers.lost_steps, devices: 8 });
    expect(report.model?.parameters).toBe(answers.spec_from_log.total_params);
    expect(report.model?.flops_per_token.mm_full).toBeCloseTo(answers.recomputed_flops_per_token_mm_full, -7);
    expect(report.incidents[0]?.last_progress_to_regain_s).toBeCloseTo(
      answers.outage_last_useful_step_to_ground_recovered_s,
      1,
    );
    expect(report.tokens_per_s_per_device).toBeCloseTo(answers.steady_tps_per_device, -1.3);
    expect((report.mfu_ratio?.mm_full ?? 0) * 100).toBeCloseTo(answers.steady_mfu_pct, 1);
    expect(report.mfu_ratio?.mm_causal).toBeLessThan(report.mfu_ratio?.mm_full ?? 0);
    expect(report.logged).toMatchObject({ framework: 'torchtitan', recognised_as: 'mm_full' });
    expect(report.ledger.buckets_s.ckpt_save).toBeCloseTo(answers.sync_checkpoint_s, 0);
    expect(report.quality.reasons).not.toHaveProperty('spec_mismatch');
  });

  it('Megatron-DeepSpeed: 149.02 TFLOP/s are hardware FLOPs, which are not MFU', () => {
    const answers = expected().logs['megatron_deepspeed_bloom_176b.log'].iteration_12695;
    const known = { devices: answers.gpus, hardware: 'NVIDIA A100-SXM4-80GB', model: 'bloom-176b' };
    const report = reportOf('logs/megatron_deepspeed_bloom_176b.log', known);
    const line = report.logged?.lines.find(({ step }) => step === 12_695);
    expect(line?.tflops_per_device).toBe(answers.logged_tflops);
    expect(line?.recognised_as).toBe('hfu_full_recompute_sc21');
    expect((line?.mfu_ratio?.mm_full ?? 0) * 100).toBeCloseTo(answers.mfu_full_attn_pct, 1);
    expect((line?.mfu_ratio?.mm_causal ?? 0) * 100).toBeCloseTo(answers.mfu_causal_pct, 1);
    expect((line?.hfu_ratio ?? 0) * 100).toBeCloseTo(answers.hfu_pct, 1);
    expect(report.spec.recompute).toBe('full');
    expect(report.devices).toBe(answers.gpus);
  });

  it.each(['gpt3_v3.1_h100_n512_r0.txt', 'gpt3_v3.1_h100_n4096_r0.txt'])('MLPerf: %s closes', (file) => {
    const answers = expected().mlperf[file];
    const report = reportOf(`mlperf/${file}`);
    expect(report).toMatchObject({ state: 'ended', steps: answers.steps, devices: answers.accelerators });
    expect(report.step_s.median).toBeCloseTo(answers.step_s_median, 3);
    expect(report.step_s.first).toBeCloseTo(answers.step_s_first, 3);
    expect(report.step_s.p99).toBeCloseTo(answers.step_s_p99, 1);
    expect(report.tokens_per_s).toBeCloseTo(answers.tokens_per_s_at_median, 0);
    const { run, init, steps, custom, other } = report.run_time_s;
    const evaluation = Object.values(custom).reduce((sum, seconds) => sum + seconds, 0);
    expect(evaluation).toBeCloseTo(answers.evaluation_s_total, 2);
    expect(steps + evaluation + other).toBeCloseTo(run, 6);
    expect(run).toBeCloseTo(answers.run_s, 2);
    expect(init).toBeCloseTo(answers.init_s, 2);
    expect(other).toBeGreaterThan(0);
  });

  it('MLPerf: token linearity of 4096 against 512 devices', () => {
    const files = ['mlperf/gpt3_v3.1_h100_n4096_r0.txt', 'mlperf/gpt3_v3.1_h100_n512_r0.txt'];
    const { baseline, points } = linearityOfReports(
      files.map((file) => reportOf(file)),
      'tokens',
    );
    expect(baseline?.devices).toBe(512);
    expect(points[1]?.linearity_ratio).toBeCloseTo(expected().mlperf.token_linearity_4096_vs_512, 4);
  });
});
