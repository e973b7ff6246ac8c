import type { CkptTier } from '../events.ts';
import { upperBound } from '../ledger/job-view.ts';
import type { LedgerJson } from '../ledger/ledger-shape.ts';
import { median } from '../statistics.ts';
import { type CheckpointAdvice, checkpointAdvice } from './checkpoint-advice.ts';
import { type CheckpointOperation, unionLength } from './checkpoint-groups.ts';
import { type DurationSummary, durationsOf } from './durations.ts';
import type { LiveView } from './live-view.ts';
import type { FailureRates } from './reliability.ts';

interface CheckpointSums {
  readonly count: number;
  /** What training stood still for, overlapping spans once. */
  readonly blocking_s: number;
  /** What ran beside training and cost nothing. */
  readonly background_s: number;
}

export interface CheckpointFigures extends CheckpointSums {
  /** Bytes of those that told them; null where none did. */
  readonly bytes: number | null;
  /** Blocking time of one. */
  readonly each: DurationSummary;
  /** By the phases that were told; `whole` for what was not split. `count` is of spans. */
  readonly by_phase: Readonly<Record<string, CheckpointSums>>;
  /** `unnamed` where no tier was told. */
  readonly by_tier: Readonly<Record<string, CheckpointSums & { readonly bytes: number | null }>>;
}

/** Saves and restores that were over and began in the range. */
export interface Checkpoints {
  readonly saves: CheckpointFigures;
  readonly restores: CheckpointFigures;
  /** Of the newest save: its step, as told, or else the last step that was complete when its state was taken. */
  readonly last_saved_step: number | null;
  readonly last_saved_step_is: 'told' | 'derived' | null;
  readonly last_saved_at: string | null;
  readonly interval: SaveInterval;
  readonly advice: CheckpointAdvice;
}

/** Between the states of two saves, one after the other in one attempt. */
export interface SaveInterval {
  /** The tier it is of: that with most saves; null where none was told. Emergency saves are in no interval. */
  readonly tier: CkptTier | null;
  /** Pairs it rests on. */
  readonly count: number;
  readonly in_use_s: number | null;
  /** In steps, where they were told. */
  readonly in_use_steps: number | null;
}

export function checkpointsOf(view: LiveView, ledger: LedgerJson, reliability: FailureRates): Checkpoints {
  const { checkpoints } = view.evidence;
  const inside = checkpoints.filter(
    ({ start_us, end_us }) => start_us >= ledger.from_us && end_us <= ledger.to_us,
  );
  const saves = inside.filter(({ kind }) => kind === 'ckpt_save');
  const newest = saves.reduce<CheckpointOperation | undefined>(
    (best, save) => (best === undefined || save.state_us >= best.state_us ? save : best),
    undefined,
  );
  const tier = usualTier(saves);
  const ofTier = saves.filter((save) => save.tier === tier);
  const interval = intervalOf(view, ofTier, tier);
  return {
    saves: figuresOf(saves),
    restores: figuresOf(inside.filter(({ kind }) => kind === 'ckpt_restore')),
    ...lastSaved(view, newest),
    interval,
    advice: checkpointAdvice({
      saves: ofTier,
      interval,
      reliability,
      incidents: ledger.incidents,
      clock_is_made_up: view.clock_is_made_up,
    }),
  };
}

/** Why what is null of it is null, by field. */
export function checkpointReasons({ saves, advice }: Checkpoints): Record<string, string> {
  // a job that never saved is told of once, with the ratios
  if (saves.count === 0 || advice.reason === null || advice.young.low_s !== null) return {};
  return { 'checkpoints.advice': advice.reason };
}

function lastSaved(
  { timeline }: LiveView,
  save: CheckpointOperation | undefined,
): Pick<Checkpoints, 'last_saved_step' | 'last_saved_step_is' | 'last_saved_at'> {
  if (save === undefined) return { last_saved_step: null, last_saved_step_is: null, last_saved_at: null };
  const last_saved_at = new Date(save.state_us / 1000).toISOString();
  if (save.step !== null) return { last_saved_step: save.step, last_saved_step_is: 'told', last_saved_at };
  const before = timeline.stepBefore(save.state_us, true);
  const last_saved_step = before?.step ?? null;
  return { last_saved_step, last_saved_step_is: before === undefined ? null : 'derived', last_saved_at };
}

function usualTier(saves: readonly CheckpointOperation[]): CkptTier | null {
  const counts = new Map<CkptTier | null, number>();
  for (const { tier } of saves) if (tier !== 'emergency') counts.set(tier, (counts.get(tier) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null;
}

function intervalOf(
  { account }: LiveView,
  saves: readonly CheckpointOperation[],
  tier: CkptTier | null,
): SaveInterval {
  const starts = account.attempts.map(({ start_us }) => start_us);
  const attemptAt = (us: number) => upperBound(starts.length, (index) => starts[index] ?? 0, us);
  const seconds: number[] = [];
  const steps: number[] = [];
  for (const [index, save] of saves.entries()) {
    const before = saves[index - 1];
    if (before === undefined || attemptAt(before.state_us) !== attemptAt(save.state_us)) continue;
    seconds.push((save.state_us - before.state_us) / 1e6);
    if (save.step !== null && before.step !== null) steps.push(save.step - before.step);
  }
  return { tier, count: seconds.length, in_use_s: middle(seconds), in_use_steps: middle(steps) };
}

function middle(values: readonly number[]): number | null {
  return median(values.map((value) => ({ value, count: 1 }))) ?? null;
}

const NONE: CheckpointFigures = {
  count: 0,
  blocking_s: 0,
  background_s: 0,
  bytes: null,
  each: durationsOf([]),
  by_phase: {},
  by_tier: {},
};

function figuresOf(operations: readonly CheckpointOperation[]): CheckpointFigures {
  if (operations.length === 0) return NONE;
  const phases = grouped(
    operations.flatMap(({ spans }) => spans),
    ({ phase }) => phase ?? 'whole',
  );
  const tiers = grouped(operations, ({ tier }) => tier ?? 'unnamed');
  return {
    ...sumsOf(operations),
    bytes: bytesOf(operations),
    each: durationsOf(operations.map(({ blocking_us }) => blocking_us / 1e6)),
    by_phase: Object.fromEntries(
      [...phases].map(([phase, spans]) => [
        phase,
        {
          count: spans.length,
          blocking_s: unionLength(spans.filter(({ blocking }) => blocking !== false)) / 1e6,
          background_s: unionLength(spans.filter(({ blocking }) => blocking === false)) / 1e6,
        },
      ]),
    ),
    by_tier: Object.fromEntries(
      [...tiers].map(([tier, own]) => [tier, { ...sumsOf(own), bytes: bytesOf(own) }]),
    ),
  };
}

function sumsOf(operations: readonly CheckpointOperation[]): CheckpointSums {
  const spans = operations.flatMap((operation) => operation.spans);
  return {
    count: operations.length,
    blocking_s: unionLength(spans.filter(({ blocking }) => blocking !== false)) / 1e6,
    background_s: unionLength(spans.filter(({ blocking }) => blocking === false)) / 1e6,
  };
}

function bytesOf(operations: readonly CheckpointOperation[]): number | null {
  const told = operations.flatMap(({ bytes }) => bytes ?? []);
  return told.length === 0 ? null : told.reduce((sum, bytes) => sum + bytes, 0);
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    if (groups.get(key)?.push(item) === undefined) groups.set(key, [item]);
  }
  return groups;
}
