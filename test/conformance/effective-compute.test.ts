import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { JobScopedEvent } from '../../domain/events.ts';
import { jobReport } from '../../domain/report/job-report.ts';
import { decodeLog } from '../../services/collector/decoders/logs/decode-log.ts';
import { describeWithFixtures, fixturePath } from '../support/fixtures.ts';

const LOGS = [
  'logs/torchtitan_llama3_8b_restart.log',
  'mlperf/gpt3_v3.1_h100_n512_r0.txt',
  'mlperf/gpt3_v3.1_h100_n4096_r0.txt',
];

/** The MLPerf logs name no model: the benchmark's own, from its reference implementation. */
const GPT3_175B = {
  model_type: 'gpt2',
  n_layer: 96,
  n_embd: 12_288,
  n_head: 96,
  vocab_size: 51_200,
  n_positions: 2048,
};

function reportOf(file: string) {
  const { events } = decodeLog(readFileSync(fixturePath(file), 'utf8'), { job: file });
  const model = file.startsWith('mlperf')
    ? ([{ type: 'job', job: file, model: GPT3_175B, sequence_length: 2048, dtype: 'fp8' }] as const)
    : [];
  return jobReport([...(events as readonly JobScopedEvent[]), ...model], { job: file });
}

describeWithFixtures('the identity from paid device-seconds to kept FLOPs on public logs', () => {
  it.each(LOGS)('%s telescopes', (file) => {
    const { effective_compute, ledger, ratios } = reportOf(file);
    const { factors, paid_device_s, peak_flops, kept_flops, effective_compute_ratio } = effective_compute;
    const product = factors.reduce((value, { ratio }) => value * (ratio ?? Number.NaN), 1);
    const direct = (kept_flops ?? 0) / ((paid_device_s ?? 0) * (peak_flops ?? 0));
    expect(direct).toBeGreaterThan(0.01);
    expect(Math.abs(product / direct - 1)).toBeLessThan(1e-9);
    expect(Math.abs((effective_compute_ratio ?? 0) / direct - 1)).toBeLessThan(1e-9);
    const held = Object.values(ledger.device_seconds).reduce((sum, value) => sum + value, 0);
    expect(paid_device_s).toBeCloseTo(held, 3);
    const removed = factors.reduce((sum, factor) => sum + (factor.removed_device_s ?? Number.NaN), 0);
    const useful = (kept_flops ?? 0) / (peak_flops ?? 0);
    expect(Math.abs((removed + useful) / held - 1)).toBeLessThan(1e-9);
    const { scheduling, runtime, program } = ratios.mpg.factors;
    expect(ratios.mpg.value).toBeCloseTo((scheduling ?? 0) * (runtime ?? 0) * (program ?? 0), 12);
  });
});
