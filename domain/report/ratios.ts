import type { NAMED_RATIOS } from '../catalog/derived-metrics.ts';
import { deviceSeconds } from '../ledger/device-seconds.ts';
import { lengthOf } from '../ledger/layers.ts';
import type { Bucket, LedgerJson, Segment } from '../ledger/ledger-shape.ts';
import type { Timeline } from '../ledger/timeline.ts';
import { queuedParts } from './job-evidence.ts';
import type { StepRange } from './kept-steps.ts';
import type { LiveView } from './live-view.ts';
import { savedWork } from './saved-work.ts';

export type RatioName = (typeof NAMED_RATIOS)[number];

/** One of the things that are called goodput: never without what it divides by what. */
export interface NamedRatio {
  /** 0..1; null with a reason. */
  readonly value: number | null;
  /** What is above and below the line, in words. */
  readonly numerator: string;
  readonly denominator: string;
  /** The same as numbers, in `unit`; null where not known. */
  readonly numerator_value: number | null;
  readonly denominator_value: number | null;
  readonly unit: 's' | 'device_s' | 'ratio';
  readonly reason: string | null;
}

/** Its three factors multiply to it. */
export interface MpgRatio extends NamedRatio {
  readonly factors: {
    readonly scheduling: number | null;
    readonly runtime: number | null;
    readonly program: number | null;
  };
  /** What the runtime factor counts: work that a checkpoint holds, else, where no save is known, all kept work. */
  readonly runtime_counts: 'saved' | 'productive';
}

export type NamedRatios = Readonly<Record<Exclude<RatioName, 'mpg'>, NamedRatio>> & {
  readonly mpg: MpgRatio;
};

const NO_CLOCK = 'the log carries no time: what lay between its steps is not known';
const NO_TIME = 'there is no time to divide by yet';
const NO_DEVICES = 'nobody said how many devices the job holds';

/**
 * The ratios in use under the name of goodput (`research/goodput.md` 1.1), all read off the same ledger: `ledger` is
 * that of the range they are of. Excluded time leaves every numerator and denominator.
 *
 * Sources: goodput_runtime, Google ml-goodput-measurement; ettr_with_queue, Meta (arXiv 2410.21680); goodput_saved_only,
 * HTCondor's good time and the runtime factor of MPG; mpg, Google (arXiv 2502.06982).
 *
 * @param mfu model FLOPs of kept steps over peak x productive device-time (`mm_causal`); null with its reason
 * @param range what was asked for, where it is not that of the view
 */
export function namedRatios(
  view: LiveView,
  ledger: LedgerJson,
  mfu: { readonly value: number | null; readonly reason: string | null },
  range: StepRange = view.range,
): NamedRatios {
  const times = timesOf(view, ledger, range);
  const ratios = {
    goodput_runtime: ratio(view, times.productive_s, times.held_s, {
      numerator: 'productive seconds',
      denominator: 'seconds from the first start on, excluded ones taken out',
      unit: 's',
    }),
    ettr_with_queue: ratio(view, times.productive_s, times.held_s + times.queue_before_s, {
      numerator: 'productive seconds',
      denominator: 'seconds since the job was queued, excluded ones taken out',
      unit: 's',
    }),
    goodput_saved_only: ratio(
      view,
      times.saved_s,
      times.held_s,
      {
        numerator: 'productive seconds of work that a checkpoint holds',
        denominator: 'seconds from the first start on, excluded ones taken out',
        unit: 's',
      },
      times.saved_reason ?? undefined,
    ),
    effective_share: ratio(
      view,
      times.productive_device_s,
      times.held_device_s,
      {
        numerator: 'productive device-seconds',
        denominator: 'held device-seconds, excluded ones taken out',
        unit: 'device_s',
      },
      NO_DEVICES,
    ),
  };
  return { ...ratios, mpg: mpgOf(view, times, mfu) };
}

interface Times {
  readonly productive_s: number;
  readonly held_s: number;
  readonly queue_before_s: number;
  readonly saved_s: number | null;
  readonly saved_reason: string | null;
  readonly productive_device_s: number | null;
  readonly held_device_s: number | null;
  /** Device-seconds, or seconds where devices are unknown: everything, what waited for resources, and what is saved. */
  readonly weighted: {
    readonly productive: number;
    readonly saved: number | null;
    readonly whole: number;
    readonly waiting: number;
    readonly unit: 's' | 'device_s';
  };
}

/** Buckets in which the resources that the job needs are not all there. */
const WAITING = ['down_wait_nodes', 'elastic_slice_down', 'elastic_scale_up'] as const satisfies Bucket[];

function timesOf(view: LiveView, ledger: LedgerJson, range: StepRange): Times {
  const { buckets_s, device_seconds, horizon_s, from_us, to_us } = ledger;
  const { account, timeline, evidence } = view;
  const productive_s = buckets_s.productive ?? 0;
  const held_s = horizon_s - (buckets_s.excluded ?? 0);
  const asked_us = range.from_us ?? Number.NEGATIVE_INFINITY;
  const queue_before_s = lengthOf(evidence.queue, asked_us, Math.min(account.from_us, to_us)) / 1e6;
  const saved = savedWork(account, timeline, evidence);
  const segments =
    saved.until_us === null ? null : productiveIn(timeline, from_us, Math.min(to_us, saved.until_us));
  const queued = queuedParts(timeline, evidence.queue, from_us, to_us);
  const hasDevices = Object.keys(device_seconds).length > 0;
  const held_device_s = sum(Object.values(device_seconds)) - (device_seconds.excluded ?? 0);
  const amounts = hasDevices ? device_seconds : buckets_s;
  const devices = timeline.devices_at_start ?? 1;
  const queued_inside = queued
    .filter(({ bucket }) => bucket !== 'down_wait_nodes')
    .reduce((total, { wall_us, device_us }) => total + (hasDevices ? (device_us ?? 0) : wall_us) / 1e6, 0);
  const queued_before = queue_before_s * (hasDevices ? devices : 1);
  return {
    productive_s,
    held_s,
    queue_before_s,
    saved_s: segments === null ? null : seconds(segments),
    saved_reason: saved.reason,
    productive_device_s: hasDevices ? (device_seconds.productive ?? 0) : null,
    held_device_s: hasDevices ? held_device_s : null,
    weighted: {
      productive: amounts.productive ?? 0,
      saved: segments === null ? null : hasDevices ? productiveDeviceSeconds(segments) : seconds(segments),
      whole: (hasDevices ? held_device_s : held_s) + queued_before,
      waiting: queued_before + queued_inside + sum(WAITING.map((bucket) => amounts[bucket] ?? 0)),
      unit: hasDevices ? 'device_s' : 's',
    },
  };
}

function mpgOf(
  view: LiveView,
  { weighted }: Times,
  mfu: { readonly value: number | null; readonly reason: string | null },
): MpgRatio {
  const { whole, waiting, unit } = weighted;
  const runtime_counts = weighted.saved === null ? 'productive' : 'saved';
  const progress = weighted.saved ?? weighted.productive;
  const reason = view.clock_is_made_up ? NO_CLOCK : whole <= 0 ? NO_TIME : null;
  const scheduling = reason === null ? (whole - waiting) / whole : null;
  const runtime = reason === null && whole > waiting ? progress / (whole - waiting) : null;
  const program = mfu.value;
  const value =
    scheduling === null || runtime === null || program === null ? null : scheduling * runtime * program;
  const weight = unit === 's' ? 'seconds' : 'device-seconds';
  return {
    value,
    numerator: `model FLOPs of ${runtime_counts === 'saved' ? 'work that a checkpoint holds' : 'kept work'} (mm_causal)`,
    denominator: `peak FLOPs of all ${weight} since the job was queued, excluded ones taken out`,
    numerator_value: program === null ? null : progress * program,
    denominator_value: whole,
    unit,
    reason: value !== null ? null : (reason ?? mfu.reason ?? NO_TIME),
    factors: { scheduling, runtime, program },
    runtime_counts,
  };
}

function ratio(
  { clock_is_made_up }: LiveView,
  above: number | null,
  below: number | null,
  words: Pick<NamedRatio, 'numerator' | 'denominator' | 'unit'>,
  missing = 'not known',
): NamedRatio {
  const { numerator, denominator, unit } = words;
  const shown = { numerator, denominator, numerator_value: above, denominator_value: below, unit };
  if (clock_is_made_up) return { value: null, ...shown, reason: NO_CLOCK };
  if (above === null || below === null) return { value: null, ...shown, reason: missing };
  return below > 0
    ? { value: above / below, ...shown, reason: null }
    : { value: null, ...shown, reason: NO_TIME };
}

function productiveIn(timeline: Timeline, from_us: number, to_us: number): Segment[] {
  return timeline.rows(from_us, to_us).filter(({ bucket }) => bucket === 'productive');
}

function seconds(segments: readonly Segment[]): number {
  return sum(segments.map(({ from_us, to_us }) => to_us - from_us)) / 1e6;
}

function productiveDeviceSeconds(segments: readonly Segment[]): number {
  const told = deviceSeconds(segments) ?? [];
  return sum(told.map(({ bucket, device_s }) => (bucket === 'productive' ? device_s : 0)));
}

function sum(values: readonly (number | undefined)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}
