import { modelName } from '../../../domain/report/job-spec.ts';
import type { JobView } from '../../../domain/report/job-view.ts';

/** The row of `job_specs`: what steps are joined with to give FLOPs, MFU and money. NULL: nobody said. */
export function specRow({
  spec,
  history,
  site,
}: Pick<JobView, 'spec' | 'history' | 'site'>): Readonly<Record<string, unknown>> {
  const { event, model, hardware } = spec;
  return {
    spec_version: history.version,
    model: modelName(spec),
    parameters: model?.parameters ?? null,
    flops_per_token_mm_causal: model?.flops_per_token.mm_causal ?? null,
    flops_per_token_mm_full: model?.flops_per_token.mm_full ?? null,
    flops_per_token_palm: model?.flops_per_token.palm ?? null,
    flops_per_token_six_n: model?.flops_per_token.six_n ?? null,
    hardware: hardware?.key ?? event.hardware ?? null,
    dtype: spec.dtype,
    peak_flops: spec.peak_flops,
    peak_source: spec.peak_source,
    devices: spec.devices,
    sequence_length: event.sequence_length ?? null,
    tokens_per_step: spec.tokens_per_step,
    recompute: event.recompute ?? null,
    price_per_device_hour: event.price_per_device_hour ?? site.price_per_device_hour ?? null,
  };
}
