import type { LogRejection } from './logs/log-format.ts';
import { definedOf } from './logs/run-writer.ts';
import type { DocumentFormat, ProfiledStep, StepDocument } from './profiled-steps.ts';

/**
 * `trainer_state.json` of the Hugging Face Trainer (transformers `TrainerState`, 2020-2026): `log_history` numbers its
 * steps and times none; only the last record of a finished run has `train_runtime`, evaluations included. The steps are
 * given as their mean over the run, evaluations (`eval_runtime`) apart; a run that did not finish tells no time at all.
 */
export const trainerState: DocumentFormat = {
  name: 'hf-trainer-state',
  isOf: (text) =>
    /^\s*\{/.test(text) && /"log_history"\s*:\s*\[/.test(text) && /"global_step"\s*:/.test(text),
  read: readTrainerState,
};

type Fields = Readonly<Record<string, unknown>>;

interface Evaluation {
  readonly step: number;
  readonly runtime_s: number;
}

function readTrainerState(text: string): StepDocument {
  const rejected: LogRejection[] = [];
  const refuse = (code: string, message: string) => rejected.push({ line: 1, code, message });
  const state = jsonOf(text);
  const entries = state?.['log_history'];
  const history = (Array.isArray(entries) ? entries : []).filter(isFields);
  const last = history.filter((entry) => numberIn(entry, 'train_runtime') !== undefined).at(-1);
  const runtime_s = numberIn(last ?? {}, 'train_runtime');
  const steps = numberIn(state ?? {}, 'global_step') ?? 0;
  if (state === undefined) refuse('cut_file', 'not JSON (a cut file?)');
  else if (runtime_s === undefined)
    refuse('no_time', 'no train_runtime: the run did not finish, and log_history has no times of its own');
  const evaluations = history.flatMap((entry): Evaluation[] => {
    const length_s = numberIn(entry, 'eval_runtime');
    const step = numberIn(entry, 'step');
    return length_s === undefined || step === undefined ? [] : [{ step, runtime_s: length_s }];
  });
  return {
    framework: 'transformers',
    source: undefined,
    facts: {},
    labels: definedOf({ logged_total_flops: numberIn(last ?? state ?? {}, 'total_flos') }),
    steps:
      runtime_s === undefined || steps <= 0
        ? []
        : meanSteps(steps, runtime_s, evaluations, numberIn(state ?? {}, 'num_input_tokens_seen')),
    notes: ['steps are the mean of the whole run; one that was resumed counts its earlier steps too'],
    rejected,
  };
}

/** Stretches between evaluations, all at the mean step of the run. */
function meanSteps(
  total: number,
  runtime_s: number,
  evaluations: readonly Evaluation[],
  tokens: number | undefined,
): ProfiledStep[] {
  const evaluated_s = evaluations.reduce((sum, evaluation) => sum + evaluation.runtime_s, 0);
  const step_s = (runtime_s - evaluated_s) / total;
  if (step_s <= 0) return [];
  const ends = new Map<number, number>();
  for (const { step, runtime_s: length_s } of evaluations)
    ends.set(Math.min(step, total), (ends.get(Math.min(step, total)) ?? 0) + length_s);
  if (!ends.has(total)) ends.set(total, 0);
  let before = 0;
  return [...ends]
    .sort(([a], [b]) => a - b)
    .flatMap(([step, evaluation_s]): ProfiledStep[] => {
      const count = step - before;
      before = step;
      if (count <= 0) return [];
      const told =
        tokens === undefined || tokens <= 0 ? {} : { tokens: Math.round((tokens / total) * count) };
      return [
        {
          step,
          rank: undefined,
          start_us: undefined,
          length_us: count * step_s * 1e6,
          count,
          ...told,
          evaluation_us: evaluation_s * 1e6,
          labels: { mean_of: 'run' },
        },
      ];
    });
}

function jsonOf(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function numberIn(fields: Fields, name: string): number | undefined {
  const value = fields[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
