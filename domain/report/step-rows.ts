import type { StepExecution } from '../ledger/ledger-shape.ts';
import { mfuByConvention } from '../mfu.ts';
import type { JobView } from './job-view.ts';
import type { ByConvention } from './rates.ts';
import { timeText } from './time-text.ts';

/** One execution of a step, or of a line that averages `count` of them. */
export interface StepRow {
  readonly attempt: number;
  /** The step, or the last step of an averaged line. */
  readonly step: number;
  readonly count: number;
  /** RFC 3339, and the same as microseconds since the epoch. */
  readonly start: string;
  readonly end: string;
  readonly start_us: number;
  readonly end_us: number;
  /** Seconds of the whole execution that nothing else covers (blocking spans taken out). */
  readonly net_s: number;
  /** Per step of the line. */
  readonly step_s: number;
  /** Of the whole execution over all devices; null when neither the event nor the job's description says. */
  readonly tokens: number | null;
  readonly tokens_per_s: number | null;
  readonly devices: number | null;
  readonly fate: StepExecution['fate'];
  readonly kind: StepExecution['kind'];
  readonly first_of_attempt: boolean;
  /** Null where model, peak, tokens or devices are unknown, and for steps that train nothing. */
  readonly mfu_ratio: ByConvention | null;
}

export interface StepFilter {
  readonly fate?: string | undefined;
  readonly kind?: string | undefined;
  readonly attempt?: number | undefined;
}

/** Executions that began in the view's range and pass the filter, in order of start, attempt and step. */
export function stepExecutions(
  { account, range }: { readonly account: Pick<JobView['account'], 'steps'> } & Pick<JobView, 'range'>,
  filter: StepFilter,
): StepExecution[] {
  const { from_us = Number.NEGATIVE_INFINITY, to_us = Number.POSITIVE_INFINITY } = range;
  return account.steps
    .filter(
      (step) =>
        step.start_us >= from_us &&
        step.start_us < to_us &&
        (filter.fate === undefined || step.fate === filter.fate) &&
        (filter.kind === undefined || step.kind === filter.kind) &&
        (filter.attempt === undefined || step.attempt === filter.attempt),
    )
    .sort(inOrder);
}

/** Where an execution stands in that order: nothing that arrives later changes it. */
export function stepKey({ start_us, attempt, step }: StepExecution): string {
  return `${start_us}/${attempt}/${step}`;
}

/** The executions after a key, also when the one it names has gone; undefined for a text that is no key. */
export function stepsAfter(steps: readonly StepExecution[], key: string): StepExecution[] | undefined {
  const place = placeOfKey(key);
  return place === undefined ? undefined : steps.filter((one) => inOrder(one, place) > 0);
}

/** What a key says; undefined for a text that is no key. */
export function placeOfKey(key: string): Place | undefined {
  const [start_us, attempt, step, ...rest] = key.split('/').map(Number);
  if (start_us === undefined || attempt === undefined || step === undefined || rest.length > 0)
    return undefined;
  return [start_us, attempt, step].every(Number.isSafeInteger) ? { start_us, attempt, step } : undefined;
}

type Place = Pick<StepExecution, 'start_us' | 'attempt' | 'step'>;

function inOrder(a: Place, b: Place): number {
  return a.start_us - b.start_us || a.attempt - b.attempt || a.step - b.step;
}

export function stepRow(step: StepExecution, { spec }: Pick<JobView, 'spec'>): StepRow {
  const net_s = step.net_us / 1e6;
  const tokens = tokensOf(step, spec.tokens_per_step);
  const isMeasured = step.kind === 'train' && (step.fate === 'productive' || step.fate === 'lost_work');
  const tokens_per_s = tokens === null || net_s <= 0 || !isMeasured ? null : tokens / net_s;
  const devices = step.devices ?? spec.devices;
  const speed = { tokens_per_s, devices, peak_flops: spec.peak_flops };
  const canRate = spec.model !== null && tokens_per_s !== null && devices !== null;
  return {
    attempt: step.attempt,
    step: step.step,
    count: step.count,
    start: timeText(step.start_us),
    end: timeText(step.end_us),
    start_us: step.start_us,
    end_us: step.end_us,
    net_s,
    step_s: net_s / step.count,
    tokens,
    tokens_per_s,
    devices,
    fate: step.fate,
    kind: step.kind,
    first_of_attempt: step.first_of_attempt,
    mfu_ratio:
      canRate && spec.peak_flops !== null && spec.model !== null ? mfuByConvention(spec.model, speed) : null,
  };
}

function tokensOf(step: StepExecution, per_step: number | null): number | null {
  if (step.tokens !== undefined) return step.tokens;
  return per_step === null || step.kind !== 'train' ? null : per_step * step.count;
}
