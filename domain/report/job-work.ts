import type { JobScopedEvent } from '../events.ts';
import type { Account, StepExecution } from '../ledger/ledger-shape.ts';
import { type Ideals, idealSteps } from './ideal-step.ts';
import type { ResolvedSpec } from './job-spec.ts';
import { type SlowEvidence, slowEvidence } from './slow-evidence.ts';
import { stepEvidence } from './step-evidence.ts';
import type { KeptStep } from './throughput.ts';
import { type JudgedStep, type WorkTable, workTable } from './work-table.ts';

/** The kept work of a job against its ideal: what slow time, the identity and the named ratios are read off. */
export interface JobWork {
  readonly ideals: Ideals;
  readonly table: WorkTable;
  readonly evidence: SlowEvidence;
  /** Kept and measured train steps of the whole run, oldest first. */
  readonly measured: readonly KeptStep[];
}

export interface WorkInputs {
  readonly account: Account;
  readonly spec: ResolvedSpec;
  /** Kept and measured train steps of the whole run, oldest first. */
  readonly measured: readonly KeptStep[];
  readonly changed_at_us: number | undefined;
  readonly at_us: number | undefined;
}

export function jobWork(events: readonly JobScopedEvent[], inputs: WorkInputs): JobWork {
  const { account, spec, measured, changed_at_us, at_us } = inputs;
  const ideals = idealSteps(measured, spec, changed_at_us);
  const evidence = slowEvidence(stepEvidence(events, at_us), measured, ideals, events);
  const flops_per_token = spec.model?.flops_per_token.mm_causal;
  const table = workTable(account, flops_per_token ?? 0, judgeOf(spec, ideals, evidence));
  return { ideals, table, evidence, measured };
}

/** Says of a kept execution what it would have taken at its ideal, and what explains the rest. */
export function judgeOf(
  spec: ResolvedSpec,
  ideals: Pick<Ideals, 'of'>,
  evidence: Pick<SlowEvidence, 'causesOf'>,
) {
  const isCounted = spec.model !== null;
  return (step: StepExecution, productive_us: number, excluded_us: number): JudgedStep => {
    const devices = step.devices ?? spec.devices ?? undefined;
    const key = { devices, tokens: tokensOfOne(step, spec), start_us: step.start_us };
    const ideal_s = step.kind === 'train' ? ideals.of(key) : undefined;
    const ideal_us = ideal_s === undefined ? undefined : idealTime(ideal_s, step, productive_us, excluded_us);
    const excess_us = ideal_us === undefined ? 0 : Math.round(productive_us - ideal_us);
    const tokens = step.kind !== 'train' || key.tokens === undefined ? undefined : key.tokens * step.count;
    return {
      ideal_us,
      causes_us: excess_us > 0 ? evidence.causesOf(step, key, excess_us) : [],
      tokens: isCounted ? tokens : undefined,
    };
  };
}

/** Of a step that an exclusion cuts, only the share that is left of it can be expected in the time that is left. */
function idealTime(
  ideal_s: number,
  { count }: StepExecution,
  productive_us: number,
  excluded_us: number,
): number {
  const whole_us = ideal_s * count * 1e6;
  return productive_us === 0 ? 0 : whole_us * (productive_us / (productive_us + excluded_us));
}

function tokensOfOne({ tokens, count }: StepExecution, spec: ResolvedSpec): number | undefined {
  return tokens === undefined ? (spec.tokens_per_step ?? undefined) : tokens / count;
}
