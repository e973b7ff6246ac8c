import type { Bucket, LedgerJson, Segment } from '../ledger/ledger-shape.ts';
import type { JobView } from './job-view.ts';

/**
 * Where lost time can be attacked. `down`: down time that no mark split. `restart`: what an attempt after the first did
 * before it stepped again; `first_start` the same of the first one. `lost_work` goes with the time between saves.
 */
export const ETTR_PHASES = [
  'detect',
  'localize',
  'wait_nodes',
  'down',
  'restart',
  'restore',
  'lost_work',
  'save',
  'hang',
  'first_start',
  'data_wait',
  'custom',
  'elastic',
  'other',
] as const;
export type EttrPhase = (typeof ETTR_PHASES)[number];

export interface PhaseSensitivity {
  /** `failure_rate`: everything that interruptions cost, which fewer of them would save in proportion. */
  readonly phase: EttrPhase | 'failure_rate';
  readonly seconds: number;
  /** d ETTR / d ln x: what the ratio loses where the phase grows by a factor of e, to first order; never above 0. */
  readonly d_ettr_d_ln: number;
  /** What the ratio gains, exactly, where the phase is 1 % shorter. */
  readonly gain_of_1_percent: number;
  /** The ratio without the phase: the most there is to gain. */
  readonly ettr_without_ratio: number;
}

export interface EttrSensitivity {
  /** Productive / (horizon - excluded); null with no time, or no clock. */
  readonly ettr_ratio: number | null;
  readonly productive_s: number;
  readonly held_s: number;
  readonly formula: string;
  /** What is worth most first; phases without a second are left out. */
  readonly phases: readonly PhaseSensitivity[];
  /** A longer interval saves less often and loses more: the two balance where the derivative is 0. */
  readonly checkpoint_interval: {
    readonly d_ettr_d_ln: number;
    readonly better: 'shorter' | 'longer' | null;
  } | null;
}

const FORMULA =
  'ETTR = P / T; a phase of x seconds is part of T alone, so d ETTR / d ln x = -P x / T^2, and 1 % less of it gives P / (T - x / 100)';

const SHORTER = 0.01;

const PHASE_OF: Readonly<Partial<Record<Bucket, EttrPhase>>> = {
  down_detect: 'detect',
  down_localize: 'localize',
  down_wait_nodes: 'wait_nodes',
  down: 'down',
  ckpt_restore: 'restore',
  lost_work: 'lost_work',
  ckpt_save: 'save',
  hang: 'hang',
  hang_or_unfinished: 'hang',
  silent: 'hang',
  startup: 'restart',
  program_startup: 'restart',
  init: 'restart',
  prep: 'restart',
  data_wait: 'data_wait',
  custom: 'custom',
  elastic_slice_down: 'elastic',
  elastic_scale_up: 'elastic',
  elastic_reinit: 'elastic',
  other: 'other',
};

/** What there would be less of if less failed. */
const OF_FAILURES: readonly EttrPhase[] = [
  'detect',
  'localize',
  'wait_nodes',
  'down',
  'restart',
  'restore',
  'lost_work',
  'hang',
];

/** How the ratio of productive time answers to each phase, by the ledger of the range: nothing is modelled. */
export function ettrSensitivity(view: JobView, ledger: LedgerJson): EttrSensitivity {
  const productive_s = ledger.buckets_s.productive ?? 0;
  const held_s = ledger.horizon_s - (ledger.buckets_s.excluded ?? 0);
  const nothing = { ettr_ratio: null, productive_s, held_s, formula: FORMULA, phases: [] };
  if (view.clock_is_made_up || held_s <= 0) return { ...nothing, checkpoint_interval: null };
  const sums = phaseSeconds(view, ledger);
  const ettr_ratio = productive_s / held_s;
  const sensitivity = (phase: PhaseSensitivity['phase'], seconds: number): PhaseSensitivity => ({
    phase,
    seconds,
    d_ettr_d_ln: -(ettr_ratio * seconds) / held_s,
    gain_of_1_percent: productive_s / (held_s - SHORTER * seconds) - ettr_ratio,
    ettr_without_ratio: held_s > seconds ? productive_s / (held_s - seconds) : 0,
  });
  const failures_s = OF_FAILURES.reduce((sum, phase) => sum + (sums.get(phase) ?? 0), 0);
  const named: (readonly [PhaseSensitivity['phase'], number])[] = [...sums, ['failure_rate', failures_s]];
  const phases = named
    .filter(([, seconds]) => seconds > 0)
    .map(([phase, seconds]) => sensitivity(phase, seconds));
  return {
    ...nothing,
    ettr_ratio,
    phases: phases.sort((a, b) => b.gain_of_1_percent - a.gain_of_1_percent),
    checkpoint_interval: intervalSensitivity(sums, ettr_ratio, held_s),
  };
}

/** Lost work is proportional to the interval, what saves cost to its inverse. Null for a job that does not save. */
function intervalSensitivity(
  sums: ReadonlyMap<EttrPhase, number>,
  ettr_ratio: number,
  held_s: number,
): EttrSensitivity['checkpoint_interval'] {
  const save_s = sums.get('save') ?? 0;
  if (save_s === 0) return null;
  const d_ettr_d_ln = (ettr_ratio * (save_s - (sums.get('lost_work') ?? 0))) / held_s;
  const better = d_ettr_d_ln === 0 ? null : d_ettr_d_ln > 0 ? 'longer' : 'shorter';
  return { d_ettr_d_ln, better };
}

function phaseSeconds({ account }: JobView, { from_us, to_us }: LedgerJson): Map<EttrPhase, number> {
  const sums = new Map<EttrPhase, number>();
  const first = account.attempts[0]?.attempt;
  for (const segment of account.segments) {
    const us = Math.min(segment.to_us, to_us) - Math.max(segment.from_us, from_us);
    const phase = phaseOf(segment, first);
    if (us > 0 && phase !== undefined) sums.set(phase, (sums.get(phase) ?? 0) + us / 1e6);
  }
  return sums;
}

function phaseOf({ bucket, attempt }: Segment, first: number | undefined): EttrPhase | undefined {
  const phase = PHASE_OF[bucket];
  const isFirst = attempt !== undefined && attempt === first;
  return isFirst && (phase === 'restart' || phase === 'restore') ? 'first_start' : phase;
}
