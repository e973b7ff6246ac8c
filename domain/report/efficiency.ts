import { denominatorsOf } from '../catalog/hardware.ts';
import { mfuByConvention } from '../mfu.ts';
import type { ResolvedSpec } from './job-spec.ts';
import type { ByConvention } from './rates.ts';
import type { JobReport } from './report-shape.ts';

/** The answer of `/v1/jobs/{job}/efficiency`: the object of `flops --json` with the measured rates in it. */
export function efficiencyOf(report: JobReport, spec: ResolvedSpec) {
  const { job, model, hardware, devices, step_s, tokens_per_s, tokens_per_s_per_device, quality } = report;
  return {
    job,
    model: report.spec.model,
    model_type: model?.model_type ?? null,
    sequence_length: report.spec.sequence_length ?? null,
    parameters: model?.parameters ?? null,
    active_parameters: model?.active_parameters ?? null,
    active_parameters_no_embedding: model?.active_parameters_no_embedding ?? null,
    matmul_parameters: model?.matmul_parameters ?? null,
    components: model?.components ?? [],
    flops_per_token: model?.flops_per_token ?? null,
    hardware: hardware.name,
    dtype: hardware.dtype,
    peak_flops: hardware.peak_flops,
    peak_source: hardware.peak_source,
    devices,
    step_s,
    tokens_per_s,
    tokens_per_s_per_device,
    tflops_per_device: report.tflops_per_device,
    mfu_ratio: report.mfu_ratio,
    hfu_ratio: report.hfu_ratio,
    ofu_ratio: report.ofu_ratio,
    mfu_ratio_by_peak: byPeak(tokens_per_s_per_device, spec),
    logged: report.logged,
    notes: model?.notes ?? [],
    quality,
  };
}

/** The same MFU against every peak that such a run is shown against: two for FP8, whose denominator is open. */
function byPeak(
  rate: number | null,
  { model, hardware, dtype }: ResolvedSpec,
): Readonly<Record<string, ByConvention>> | null {
  if (rate === null || model === null || hardware === null) return null;
  const speed = { tokens_per_s: rate, devices: 1 };
  return Object.fromEntries(
    denominatorsOf(hardware, dtype).map((peak) => [
      peak.dtype,
      mfuByConvention(model, { ...speed, peak_flops: peak.peak_flops }),
    ]),
  );
}
