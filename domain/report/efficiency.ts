import type { AnyJobReport } from './job-report.ts';

/** The answer of `/v1/jobs/{job}/efficiency`: the object of `flops --json` with the measured rates beside it. */
export function efficiencyOf(report: AnyJobReport) {
  const { job, flops, hardware, devices, step_s, tokens_per_s, tokens_per_s_per_device, quality } = report;
  return {
    job,
    ...(flops ?? { model: null }),
    mfu_ratio: report.mfu_ratio,
    hfu_ratio: report.hfu_ratio,
    peak_flops: hardware?.peak_flops ?? null,
    peak_source: hardware?.peak_source ?? null,
    dtype: hardware?.dtype ?? null,
    devices,
    step_s,
    tokens_per_s,
    tokens_per_s_per_device,
    tflops_per_device: report.tflops_per_device,
    logged: report.logged,
    quality,
  };
}
