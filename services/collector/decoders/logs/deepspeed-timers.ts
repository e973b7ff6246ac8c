import type { StepPhases } from '../../../../domain/events.ts';
import { numberFrom } from './log-text.ts';

const LINE = /\btime \(ms\) \|(.*)$/;

/** Timers of one step of DeepSpeed, seconds. */
export interface DeepSpeedTimers {
  readonly fwd: number;
  readonly bwd: number;
  readonly bwd_inner: number | undefined;
  readonly bwd_allreduce: number | undefined;
  readonly step: number | undefined;
}

/**
 * `[Rank 0] time (ms) | fwd: 3859.30 | bwd: 11267.97 | bwd_inner: 10508.40 | bwd_allreduce: 759.40 | step: 829.19`, which
 * DeepSpeed prints once a step with `wall_clock_breakdown` (runtime/engine.py `EngineTimers`, 2020-2026), all micro steps
 * together. Lines of micro steps and of the optimizer alone are no such line: undefined.
 */
export function deepSpeedTimersIn(text: string): DeepSpeedTimers | undefined {
  const rest = LINE.exec(text)?.[1];
  if (rest === undefined) return undefined;
  const fields = new Map(
    rest.split('|').map((part): [string, number | undefined] => {
      const [name = '', value] = part.split(':');
      const ms = numberFrom(value);
      return [name.trim(), ms === undefined ? undefined : ms / 1000];
    }),
  );
  const fwd = fields.get('fwd') ?? fields.get('forward');
  const bwd = fields.get('bwd') ?? fields.get('backward');
  if (fwd === undefined || bwd === undefined) return undefined;
  return {
    fwd,
    bwd,
    bwd_inner: fields.get('bwd_inner') ?? fields.get('backward_inner'),
    bwd_allreduce: fields.get('bwd_allreduce') ?? fields.get('backward_allreduce'),
    step: fields.get('step'),
  };
}

/**
 * Parts of one step as the mean of its lines: forward and inner backward are computing, the reduction of gradients is
 * communication, the optimizer's step is left to the rest. Without `bwd_inner` a backward may hide communication, and
 * nothing is told of computing.
 */
export function phasesOfDeepSpeed(lines: readonly DeepSpeedTimers[]): StepPhases | undefined {
  const mean = (of: (timers: DeepSpeedTimers) => number | undefined) => {
    const values = lines.map(of).filter((value) => value !== undefined);
    return values.length === 0 || values.length < lines.length
      ? undefined
      : values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  const compute = mean(({ fwd, bwd_inner }) => (bwd_inner === undefined ? undefined : fwd + bwd_inner));
  const comm = mean(({ bwd_allreduce }) => bwd_allreduce);
  if (compute === undefined && comm === undefined) return undefined;
  return { ...(compute === undefined ? {} : { compute }), ...(comm === undefined ? {} : { comm }) };
}
