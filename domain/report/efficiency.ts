import type { ResolvedSpec } from './job-spec.ts';
import { mfuByPeak } from './rates.ts';
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
    step_time: report.step_time,
    tokens_per_s,
    tokens_per_s_per_device,
    tflops_per_device: report.tflops_per_device,
    mfu_ratio: report.mfu_ratio,
    hfu_ratio: report.hfu_ratio,
    ofu_ratio: report.ofu_ratio,
    mfu_ratio_by_peak: mfuByPeak(tokens_per_s_per_device, spec),
    logged: report.logged,
    notes: model?.notes ?? [],
    quality,
  };
}
