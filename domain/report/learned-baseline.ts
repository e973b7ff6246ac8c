import type { LinearityPoint } from '../linearity.ts';
import { modelName } from './job-spec.ts';
import type { JobView } from './job-view.ts';
import { deviceRate, type LiveOptions, medianOf } from './live-rates.ts';
import { type BestWindow, bestWindow } from './sustained.ts';
import type { KeptStep } from './throughput.ts';

/** What two runs must share for one to be the other's baseline; a batch per device that differs is flagged, not refused. */
export interface BaselineSpec {
  readonly model: string;
  readonly hardware: string;
  readonly dtype: string;
  readonly sequence_length: number;
}

/** The best sustained window of a job: a baseline that nobody had to name. Kept when the job is long gone. */
export interface LearnedBaseline extends BaselineSpec {
  readonly job: string;
  readonly devices: number;
  /** Median over a full window of kept steps, none above the peak. */
  readonly tokens_per_s_per_device: number;
  /** Seconds of a median step of the window. */
  readonly step_s: number | null;
  readonly batch_per_device: number | null;
  /** Steps of the window, and when it was, microseconds since the epoch. */
  readonly window_steps: number;
  readonly from_us: number;
  readonly to_us: number;
}

/**
 * What the job's present specification teaches: the best full window, so it is frozen while the job is degraded and
 * rises only when the job sustains more. Null without model, hardware or sequence length, or before there is a window.
 */
export function learnedBaseline(
  view: Pick<JobView, 'job' | 'spec' | 'track'>,
  options: LiveOptions,
): LearnedBaseline | null {
  const spec = baselineSpec(view);
  const found = spec === null ? null : view.track.baseline(options);
  if (spec === null || found === null) return null;
  const { tokens, ...window } = found;
  const batch_per_device = tokens === undefined ? null : tokens / spec.sequence_length / window.devices;
  return { ...spec, job: view.job, ...window, batch_per_device };
}

/** A full window of kept steps on one number of devices. */
export interface BaselineWindow
  extends Pick<
    LearnedBaseline,
    'devices' | 'tokens_per_s_per_device' | 'step_s' | 'window_steps' | 'from_us' | 'to_us'
  > {
  /** Of one step of it. */
  readonly tokens: number | undefined;
}

/** The best window since `changed_at_us` on the devices of the newest step; null before there is one. */
export function baselineWindow(
  measured: readonly KeptStep[],
  changed_at_us: number | undefined,
  { window_steps, normal_steps_min }: LiveOptions,
): BaselineWindow | null {
  const since_us = changed_at_us ?? Number.NEGATIVE_INFINITY;
  const present = measured.filter(({ start_us }) => start_us >= since_us);
  const devices = present.at(-1)?.devices;
  if (devices === undefined) return null;
  const alike = present.filter((step) => step.devices === devices);
  const options = { window_steps, steps_min: normal_steps_min, best: 'highest' } as const;
  const found = bestWindow(alike, deviceRate, options);
  return found === null ? null : baselineOf(found, devices);
}

export function baselineOf({ value, steps }: BestWindow, devices: number): BaselineWindow | null {
  const [first, last] = [steps[0], steps.at(-1)];
  if (first === undefined || last === undefined) return null;
  return {
    devices,
    tokens_per_s_per_device: value,
    step_s: medianOf(steps, ({ step_s }) => step_s),
    window_steps: steps.reduce((sum, { count }) => sum + count, 0),
    from_us: first.start_us,
    to_us: last.end_us,
    tokens: first.tokens,
  };
}

/** What a job's baseline must share with it; null where the job did not say enough of itself. */
export function baselineSpec({ spec }: Pick<JobView, 'spec'>): BaselineSpec | null {
  const model = modelName(spec);
  const hardware = spec.hardware?.key ?? spec.event.hardware ?? null;
  const { sequence_length } = spec.event;
  if (model === null || hardware === null || sequence_length === undefined) return null;
  return { model, hardware, dtype: spec.dtype, sequence_length };
}

/** The baseline of a specification among those that were learned: the smallest number of devices, then the fastest. */
export function baselineAmong(
  learned: readonly LearnedBaseline[],
  spec: BaselineSpec,
): LearnedBaseline | null {
  return (
    learned
      .filter((baseline) => isAlike(baseline, spec))
      .sort((a, b) => a.devices - b.devices || b.tokens_per_s_per_device - a.tokens_per_s_per_device)[0] ??
    null
  );
}

function isAlike(a: BaselineSpec, b: BaselineSpec): boolean {
  return (
    a.model === b.model &&
    a.hardware === b.hardware &&
    a.dtype === b.dtype &&
    a.sequence_length === b.sequence_length
  );
}

/** Below this gain a better window is noise, and not worth a row. */
const GAIN_MIN = 0.001;

/** Whether what a job teaches now is more than what it taught before. */
export function isBetter(now: LearnedBaseline, before: LearnedBaseline | undefined): boolean {
  if (before === undefined || !isAlike(now, before) || now.devices !== before.devices) return true;
  return now.tokens_per_s_per_device > before.tokens_per_s_per_device * (1 + GAIN_MIN);
}

/** As a point of `linearity`, to stand among jobs and be flagged where it differs from them. */
export function pointOfBaseline(baseline: LearnedBaseline): LinearityPoint {
  const { job, devices, tokens_per_s_per_device, step_s, model, sequence_length } = baseline;
  const { batch_per_device, hardware, dtype } = baseline;
  return {
    job,
    devices,
    tokens_per_s_per_device,
    step_s,
    model,
    sequence_length,
    batch_per_device,
    hardware,
    dtype,
  };
}

/** In words, with its unit: what it was, on how many devices, and whose. */
export function baselineWords({ job, devices, tokens_per_s_per_device }: LearnedBaseline): string {
  const rate = Number(tokens_per_s_per_device.toPrecision(6));
  return `learned: ${devices} devices at ${rate} tokens/s per device, the best window of job ${job}`;
}
