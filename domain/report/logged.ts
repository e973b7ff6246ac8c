import type { Labels } from '../events.ts';
import { LOGGED_TOLERANCE, type Recognition, recogniseLogged } from '../mfu.ts';
import type { ResolvedSpec } from './job-spec.ts';
import { deviceRate, medianOf } from './live-rates.ts';
import { type ByConvention, efficiencyRates } from './rates.ts';
import type { KeptStep } from './throughput.ts';

/** Labels in which log readers keep what the framework printed about a step, and about itself. */
const STEP_LABELS = {
  tflops: 'logged_tflops',
  mfu: 'logged_mfu_ratio',
  rate: 'logged_tokens_per_s_per_device',
} as const;
const JOB_LABELS = {
  framework: 'framework',
  parameters: 'logged_parameters',
  peak: 'logged_peak_flops',
} as const;

/** Lines that a report shows one by one. */
const LINES_MAX = 5;

/** What the framework printed about itself, never mixed with what is computed here. Medians over kept train steps. */
export interface LoggedNumbers {
  readonly framework: string | null;
  readonly tflops_per_device: number | null;
  readonly mfu_ratio: number | null;
  readonly tokens_per_s_per_device: number | null;
  readonly parameters: number | null;
  /** FLOP/s that the framework divided by. */
  readonly peak_flops: number | null;
  /** The way of counting that reproduces most of the printed TFLOP/s within the tolerance. */
  readonly recognised_as: string | null;
  readonly recognised_note: string | null;
  /** How many lines could be compared, and how many of them it reproduces. */
  readonly lines_checked: number;
  readonly lines_recognised: number;
  /** The first lines, checked one by one. */
  readonly lines: readonly LoggedLine[];
}

export interface LoggedLine {
  readonly step: number;
  readonly step_s: number;
  /** As printed, or where only MFU is printed that times the peak the framework divides by. */
  readonly tflops_per_device: number;
  readonly recognised_as: string | null;
  readonly mfu_ratio: ByConvention | null;
  readonly hfu_ratio: number | null;
  /** Logged over computed in the nearest way of counting, minus 1. */
  readonly residual_ratio: number | null;
  /** Devices that would make the job's recognised way of counting agree, where the given number does not. */
  readonly implied_devices: number | null;
}

/** Null when the framework printed nothing about itself. */
export function loggedNumbers(kept: readonly KeptStep[], spec: ResolvedSpec): LoggedNumbers | null {
  const labels = spec.event.labels ?? {};
  if (isEmpty(labels) && kept.every((step) => isEmpty(step.labels))) return null;
  const numbers = {
    framework: textOf(labels, JOB_LABELS.framework),
    tflops_per_device: medianOf(kept, (step) => numberOf(step.labels, STEP_LABELS.tflops)),
    mfu_ratio: medianOf(kept, (step) => numberOf(step.labels, STEP_LABELS.mfu)),
    tokens_per_s_per_device: medianOf(kept, (step) => numberOf(step.labels, STEP_LABELS.rate)),
    parameters: numberOf(labels, JOB_LABELS.parameters) ?? null,
    peak_flops: loggedPeak(labels),
  };
  if (Object.values(numbers).every((value) => value === null)) return null;
  const checked = kept.flatMap((step) => checkedLine(step, spec, numbers.peak_flops) ?? []);
  const compared = checked.filter(({ recognition }) => recognition !== null);
  const named = mostFrequent(compared.flatMap(({ recognition }) => recognition?.recognised_as ?? []));
  const reproduced = compared.filter(({ recognition }) => recognition?.recognised_as === named);
  const speaking = named === null ? compared[0] : reproduced[0];
  return {
    ...numbers,
    recognised_as: named,
    recognised_note:
      speaking?.recognition?.note ??
      (checked.length === 0 ? null : 'model, batch or device count unknown: nothing to compare with'),
    lines_checked: compared.length,
    lines_recognised: named === null ? 0 : reproduced.length,
    lines: checked.slice(0, LINES_MAX).map((line) => shownLine(line, spec, reproduced[0])),
  };
}

function isEmpty(labels: Labels): boolean {
  for (const _ in labels) return false;
  return true;
}

interface CheckedLine {
  readonly step: KeptStep;
  readonly tflops: number;
  /** Tokens per second per device, by our count. */
  readonly rate: number | undefined;
  readonly recognition: Recognition | null;
}

/**
 * The printed TFLOP/s (or the printed MFU times the peak the framework divides by) against the printed tokens per
 * second, or where those are not printed the step's own.
 */
function checkedLine(
  step: KeptStep,
  { model, event, peak_flops }: ResolvedSpec,
  logged_peak: number | null,
): CheckedLine | null {
  const mfu = numberOf(step.labels, STEP_LABELS.mfu);
  const peak = logged_peak ?? peak_flops;
  const fromMfu = mfu === undefined || peak === null ? undefined : (mfu * peak) / 1e12;
  const tflops = numberOf(step.labels, STEP_LABELS.tflops) ?? fromMfu;
  if (tflops === undefined || tflops <= 0) return null;
  const rate = deviceRate(step);
  const printed = numberOf(step.labels, STEP_LABELS.rate) ?? rate;
  const recognition =
    model === null || printed === undefined || printed <= 0
      ? null
      : recogniseLogged({
          logged_flops_per_device: tflops * 1e12,
          tokens_per_s_per_device: printed,
          model,
          recompute: event.recompute,
        });
  return { step, tflops, rate, recognition };
}

/**
 * FLOPs per token as the framework counts them: the median of printed TFLOP/s over printed tokens per second (or where
 * those are not printed the step's own). Null where no line tells both.
 */
export function loggedFlopsPerToken(kept: readonly KeptStep[]): number | null {
  return medianOf(kept, (step) => {
    const tflops = numberOf(step.labels, STEP_LABELS.tflops);
    const rate = numberOf(step.labels, STEP_LABELS.rate) ?? deviceRate(step);
    return tflops === undefined || rate === undefined || rate <= 0 ? undefined : (tflops * 1e12) / rate;
  });
}

function shownLine(
  { step, tflops, rate, recognition }: CheckedLine,
  spec: ResolvedSpec,
  like: CheckedLine | undefined,
): LoggedLine {
  const { mfu_ratio, hfu_ratio } = efficiencyRates(rate ?? null, spec);
  const agrees = recognition !== null && recognition.recognised_as !== null;
  return {
    step: step.step,
    step_s: step.step_s,
    tflops_per_device: tflops,
    recognised_as: recognition?.recognised_as ?? null,
    mfu_ratio,
    hfu_ratio,
    residual_ratio: recognition?.residual_ratio ?? null,
    implied_devices: agrees ? null : impliedDevices(step, tflops, like),
  };
}

/** FLOPs per token are the same for every line of a job, so a line of other tokens per FLOP ran on other devices. */
function impliedDevices(step: KeptStep, tflops: number, like: CheckedLine | undefined): number | null {
  if (like?.rate === undefined || step.tokens === undefined || step.step_s <= 0) return null;
  const flops_per_token = like.tflops / like.rate;
  return Math.round(((step.tokens / step.step_s) * flops_per_token) / tflops);
}

/** Sentences about disagreements that nothing here explains, by what they concern. */
export function loggedMismatches(
  logged: LoggedNumbers | null,
  { model, peak_flops, peak_source }: ResolvedSpec,
  tokens_per_s_per_device: number | null,
): Record<string, string> {
  if (logged === null) return {};
  const found: Record<string, string> = {};
  if (logged.lines_checked > 0 && logged.recognised_note !== null && logged.recognised_as === null) {
    found['spec_mismatch'] = `logged TFLOP/s: ${logged.recognised_note}`;
  } else if (logged.lines_recognised < logged.lines_checked) {
    found['spec_mismatch'] =
      `${logged.lines_checked - logged.lines_recognised} of ${logged.lines_checked} logged TFLOP/s are not ` +
      `${logged.recognised_as} of the given devices; another device count would explain them (logged.lines)`;
  }
  const rate = logged.tokens_per_s_per_device;
  if (rate !== null && tokens_per_s_per_device !== null && isApart(rate, tokens_per_s_per_device)) {
    found['spec_mismatch_tokens'] =
      `the log says ${rate} tokens/s per device, step times, batch and devices give ${tokens_per_s_per_device}`;
  }
  if (logged.parameters !== null && model !== null && isApart(logged.parameters, model.parameters)) {
    found['spec_mismatch_parameters'] =
      `the log says ${logged.parameters} parameters, ${model.name} has ${model.parameters}`;
  }
  if (logged.peak_flops !== null && peak_flops !== null && isApart(logged.peak_flops, peak_flops)) {
    found['spec_mismatch_peak'] =
      `the framework divides by ${logged.peak_flops} FLOP/s, here the peak is ${peak_flops} (${peak_source})`;
  }
  return found;
}

/** The job's recompute setting, read off the printed figures where nobody said it: hardware FLOPs give it away. */
export function withLoggedRecompute(spec: ResolvedSpec, logged: LoggedNumbers | null): ResolvedSpec {
  const recompute = /^hfu_(full|selective)_recompute/.exec(logged?.recognised_as ?? '')?.[1];
  if (spec.event.recompute !== undefined || (recompute !== 'full' && recompute !== 'selective')) return spec;
  const reason = `nobody said it; ${recompute}, because the logged TFLOP/s are hardware FLOPs with it`;
  return {
    ...spec,
    event: { ...spec.event, recompute },
    reasons: { ...spec.reasons, recompute: reason },
  };
}

/** FLOP/s that the framework says it divides by. */
export function loggedPeak(labels: Labels): number | null {
  return numberOf(labels, JOB_LABELS.peak) ?? null;
}

function isApart(logged: number, ours: number): boolean {
  return Math.abs(logged / ours - 1) > LOGGED_TOLERANCE;
}

function mostFrequent(names: readonly string[]): string | null {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null;
}

function numberOf(labels: Labels, name: string): number | undefined {
  const value = labels[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function textOf(labels: Labels, name: string): string | null {
  const value = labels[name];
  return typeof value === 'string' ? value : null;
}
