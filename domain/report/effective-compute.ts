import { COMPUTE_FACTORS } from '../catalog/derived-metrics.ts';
import { lengthOf } from '../ledger/layers.ts';
import type { Bucket, LedgerJson } from '../ledger/ledger-shape.ts';
import { queuedParts } from './job-evidence.ts';
import type { LiveView } from './live-view.ts';
import type { WorkSums } from './work-table.ts';

export type ComputeFactorName = (typeof COMPUTE_FACTORS)[number];

/** One step from what was paid to what came of it: what is left after it over what there was before. */
export interface ComputeFactor {
  readonly factor: ComputeFactorName;
  /** May be above 1: steps faster than ideal, a linearity above 1. Null where it cannot be known. */
  readonly ratio: number | null;
  /** Device-seconds taken away here (seconds where devices are unknown); at peak speed for the last two factors. */
  readonly removed_device_s: number | null;
  /** The same in FLOPs at peak; null without a peak. */
  readonly removed_flops: number | null;
  /** Of everything that was paid. */
  readonly removed_share: number | null;
  /** What was taken away, by ledger bucket or cause. */
  readonly parts: Readonly<Record<string, number>>;
  /** False: nobody told it, so it counts as 1 and what it would take is in the factors after it. */
  readonly is_known: boolean;
  readonly reason: string | null;
  /** Where the figure is from. */
  readonly source: 'ledger' | 'spans' | 'steps' | 'operator' | 'baseline' | 'model_and_catalog';
}

export interface EffectiveCompute {
  /** Kept model FLOPs over peak FLOPs of everything paid: the product of all factors, exactly. */
  readonly effective_compute_ratio: number | null;
  /** Device-seconds paid: held during the horizon, and queued for before it. */
  readonly paid_device_s: number | null;
  readonly weight: 'device_s' | 's';
  readonly peak_flops: number | null;
  /** Model FLOPs of kept train steps (`convention`), over all devices. */
  readonly kept_flops: number | null;
  readonly convention: 'mm_causal';
  readonly factors: readonly ComputeFactor[];
  readonly reason: string | null;
}

/** Which factor takes which bucket away. `productive` is what all of them leave. */
const FACTOR_OF: Readonly<Record<Exclude<Bucket, 'productive'>, ComputeFactorName>> = {
  excluded: 'excluded',
  elastic_slice_down: 'scheduled',
  elastic_scale_up: 'scheduled',
  down: 'running',
  down_detect: 'running',
  down_localize: 'running',
  down_wait_nodes: 'running',
  hang: 'running',
  hang_or_unfinished: 'running',
  silent: 'running',
  lost_work: 'kept',
  in_flight: 'kept',
  startup: 'unblocked',
  program_startup: 'unblocked',
  init: 'unblocked',
  prep: 'unblocked',
  data_wait: 'unblocked',
  custom: 'unblocked',
  ckpt_save: 'unblocked',
  ckpt_restore: 'unblocked',
  elastic_reinit: 'unblocked',
  other: 'other',
};

const NO_CLOCK = 'the log carries no time: what lay between its steps is not known';
const NOTHING_LEFT = 'nothing is left of which it could be a share';

/**
 * The identity of the whole account: N x peak x wall -> scheduled -> running -> kept -> unblocked -> at ideal step time ->
 * linearity -> baseline MFU = kept model FLOPs. Every factor is what is left over what there was, so the product
 * telescopes; what no factor claims is `other`, productive time whose FLOPs nobody knows is `counted`, and nothing is
 * clamped. Of a range when the view is of one; `ledger` is that of the same range.
 */
export function effectiveCompute(view: LiveView, ledger: LedgerJson): EffectiveCompute {
  const { evidence, work, spec } = view;
  const { from_us, to_us } = ledger;
  const { table } = work();
  const device = Object.keys(ledger.device_seconds).length === 0 ? null : table.device(from_us, to_us);
  const weight = device === null ? 's' : 'device_s';
  const sums = device ?? table.wall(from_us, to_us);
  const amounts = amountsOf(view, ledger, weight);
  const chain = createChain(amounts.paid_s, spec.peak_flops);
  chain.remove('excluded', amounts.parts.excluded, 'ledger');
  chain.remove('scheduled', amounts.parts.scheduled, evidence.queue.from.length > 0 ? 'spans' : 'ledger');
  chain.remove('running', amounts.parts.running, 'ledger');
  chain.remove('kept', amounts.parts.kept, 'steps');
  chain.remove('unblocked', amounts.parts.unblocked, 'spans');
  chain.remove('other', amounts.parts.other, 'ledger', { left_s: sums.productive / 1e6 });
  steadyFactors(view, chain, sums, table.has_flops);
  const isKnown = !view.clock_is_made_up && amounts.paid_s > 0;
  const kept_flops = table.has_flops ? sums.flops : null;
  const effective = chain.product();
  return {
    effective_compute_ratio: isKnown ? effective : null,
    paid_device_s: isKnown ? amounts.paid_s : null,
    weight,
    peak_flops: spec.peak_flops,
    kept_flops,
    convention: 'mm_causal',
    factors: isKnown ? chain.factors : [],
    reason: view.clock_is_made_up ? NO_CLOCK : effective === null ? chain.reason() : null,
  };
}

/** MFU on the productive time of steps whose FLOPs are known: the program factor of MPG. */
export function programGoodput(
  view: LiveView,
  { from_us, to_us }: Pick<LedgerJson, 'from_us' | 'to_us'>,
): { readonly value: number | null; readonly reason: string | null } {
  const { table } = view.work();
  const { peak_flops } = view.spec;
  const missing = missingFor(view, table.has_flops, table.has_devices);
  const sums = table.device(from_us, to_us);
  if (missing !== null || sums === null || peak_flops === null) return { value: null, reason: missing };
  if (sums.counted <= 0) return { value: null, reason: 'no productive time has known FLOPs in this range' };
  return { value: sums.flops / ((sums.counted / 1e6) * peak_flops), reason: null };
}

function missingFor({ spec }: LiveView, has_flops: boolean, has_devices: boolean): string | null {
  if (spec.model === null) return spec.reasons['model'] ?? 'no model is known';
  if (!has_flops) return 'no kept step tells its tokens, so its FLOPs are not known';
  if (spec.peak_flops === null)
    return spec.reasons['peak_flops'] ?? spec.reasons['hardware'] ?? 'no peak is known';
  if (!has_devices) return 'nobody said how many devices the job holds';
  return null;
}

/** The factors of productive time: whose FLOPs are known, at what speed, against which baseline. */
function steadyFactors(view: LiveView, chain: Chain, sums: WorkSums, has_flops: boolean): void {
  const productive_s = sums.productive / 1e6;
  // without any FLOPs the chain ends at the ideal step time, over all productive time
  const counted_s = has_flops ? sums.counted / 1e6 : productive_s;
  chain.remove('counted', { steps_without_flops: productive_s - counted_s }, 'steps', { left_s: counted_s });
  const excess_s = (has_flops ? sums.counted_excess : sums.judged - sums.ideal) / 1e6;
  const ideal_s = counted_s - excess_s;
  const isJudged = sums.judged > 0;
  const operator = view.work().ideals.list.some(({ source }) => source === 'operator');
  chain.remove('ideal_step_time', { excess: excess_s }, operator ? 'operator' : 'steps', {
    left_s: ideal_s,
    absent: isJudged ? null : 'no ideal step time is given (ideal_step_s), and too few steps to learn one',
  });
  const missing = missingFor(view, has_flops, view.work().table.has_devices);
  const { peak_flops, model } = view.spec;
  if (missing !== null || peak_flops === null || model === null) {
    chain.unknown(missing ?? 'unknown');
    return;
  }
  const useful_s = sums.flops / peak_flops;
  if (ideal_s <= 0 && useful_s > 0) {
    chain.unknown('FLOPs are told of steps that took no time: spans cover all of it');
    return;
  }
  const rate = view.baseline_tokens_per_s_per_device;
  if (rate === null || ideal_s <= 0) {
    chain.remove('linearity', {}, 'baseline', {
      left_s: ideal_s,
      absent: 'no baseline is named: the scaling loss is in the MFU',
    });
    chain.remove('baseline_mfu', { not_useful: ideal_s - useful_s }, 'model_and_catalog', {
      left_s: useful_s,
    });
    return;
  }
  const baseline_mfu = (model.flops_per_token.mm_causal * rate) / peak_flops;
  const linear_s = useful_s / baseline_mfu;
  chain.remove('linearity', { scaling: ideal_s - linear_s }, 'baseline', { left_s: linear_s });
  chain.remove('baseline_mfu', { not_useful: linear_s - useful_s }, 'model_and_catalog', {
    left_s: useful_s,
  });
}

type Parts = Record<string, number>;

function amountsOf(view: LiveView, ledger: LedgerJson, weight: 'device_s' | 's') {
  const { account, timeline, evidence, range } = view;
  const amounts = weight === 'device_s' ? ledger.device_seconds : ledger.buckets_s;
  const parts: Record<ComputeFactorName, Parts> = Object.fromEntries(
    COMPUTE_FACTORS.map((factor): [ComputeFactorName, Parts] => [factor, {}]),
  ) as Record<ComputeFactorName, Parts>;
  let paid_s = 0;
  for (const [bucket, seconds] of Object.entries(amounts) as [Bucket, number][]) {
    paid_s += seconds;
    if (bucket !== 'productive') parts[FACTOR_OF[bucket]][bucket] = seconds;
  }
  let queue_s = 0;
  for (const { bucket, wall_us, device_us } of queuedParts(
    timeline,
    evidence.queue,
    ledger.from_us,
    ledger.to_us,
  )) {
    if (bucket === 'productive') continue;
    const seconds = (weight === 'device_s' ? (device_us ?? 0) : wall_us) / 1e6;
    const from = parts[FACTOR_OF[bucket]];
    from[bucket] = (from[bucket] ?? 0) - seconds;
    queue_s += seconds;
  }
  const since_us = range.from_us ?? Number.NEGATIVE_INFINITY;
  const before_s = lengthOf(evidence.queue, since_us, Math.min(account.from_us, ledger.to_us)) / 1e6;
  const before = before_s * (weight === 'device_s' ? (timeline.devices_at_start ?? 1) : 1);
  if (queue_s + before > 0) parts.scheduled['queue'] = queue_s + before;
  return { paid_s: paid_s + before, parts };
}

interface Chain {
  readonly factors: readonly ComputeFactor[];
  remove(
    factor: ComputeFactorName,
    parts: Parts,
    source: ComputeFactor['source'],
    /** What is known to be left, so that no rounding of many differences is; why the factor is not known. */
    known?: { readonly left_s?: number; readonly absent?: string | null },
  ): void;
  /** What comes after cannot be known. */
  unknown(reason: string): void;
  product(): number | null;
  reason(): string | null;
}

function createChain(paid_s: number, peak_flops: number | null): Chain {
  const factors: ComputeFactor[] = [];
  let left_s = paid_s;
  return {
    factors,
    remove(factor, parts, source, { left_s: known_s, absent = null } = {}) {
      const removed = Object.values(parts).reduce((sum, value) => sum + value, 0);
      const before = left_s;
      left_s = known_s ?? before - removed;
      const isEmpty = before === 0;
      factors.push({
        factor,
        ratio: isEmpty ? 1 : left_s / before,
        removed_device_s: removed,
        removed_flops: peak_flops === null ? null : removed * peak_flops,
        removed_share: paid_s > 0 ? removed / paid_s : null,
        parts: Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== 0)),
        is_known: absent === null && !isEmpty,
        reason: absent ?? (isEmpty ? NOTHING_LEFT : null),
        source,
      });
    },
    unknown(reason) {
      for (const factor of ['linearity', 'baseline_mfu'] as const) {
        factors.push({
          factor,
          ratio: null,
          removed_device_s: null,
          removed_flops: null,
          removed_share: null,
          parts: {},
          is_known: false,
          reason,
          source: 'model_and_catalog',
        });
      }
    },
    product: () =>
      factors.reduce<number | null>(
        (product, { ratio }) => (product === null || ratio === null ? null : product * ratio),
        1,
      ),
    reason: () => factors.find(({ ratio }) => ratio === null)?.reason ?? null,
  };
}
