import { NAMED_RATIOS } from '../catalog/derived-metrics.ts';
import type { LedgerJson } from '../ledger/ledger-shape.ts';
import { type EffectiveCompute, effectiveCompute, programGoodput } from './effective-compute.ts';
import type { JobView } from './job-view.ts';
import { type Losses, lossesOf } from './losses.ts';
import { type NamedRatios, namedRatios } from './ratios.ts';
import { type SlowTime, slowTime } from './slow-time.ts';

/** What is read off the account beside its buckets. */
export interface AccountSections extends Losses {
  readonly ratios: NamedRatios;
  readonly effective_compute: EffectiveCompute;
  readonly slow_time: SlowTime;
}

/** The sections of a report that are read off the account; `ledger` is that of the report's range. */
export function accountSections(view: JobView, ledger: LedgerJson): AccountSections {
  return {
    ratios: namedRatios(view, ledger, programGoodput(view, ledger)),
    effective_compute: effectiveCompute(view, ledger),
    ...lossesOf(view, ledger),
    slow_time: slowTime(view, ledger),
  };
}

/** Why figures of these sections are null, by field, for `quality.reasons`. */
export function sectionReasons({
  ratios,
  effective_compute,
  slow_time,
}: AccountSections): Record<string, string> {
  const reasons: Record<string, string> = {};
  for (const name of NAMED_RATIOS) {
    const { value, reason } = ratios[name];
    if (value === null && reason !== null) reasons[`ratios.${name}`] = reason;
  }
  const { effective_compute_ratio, reason, factors } = effective_compute;
  if (effective_compute_ratio === null && reason !== null) reasons['effective_compute'] = reason;
  const linearity = factors.find(({ factor }) => factor === 'linearity');
  if (linearity?.is_known === false && linearity.reason !== null && effective_compute_ratio !== null) {
    reasons['effective_compute.linearity'] = linearity.reason;
  }
  if (slow_time.reason !== null) reasons['slow_time'] = slow_time.reason;
  return reasons;
}
