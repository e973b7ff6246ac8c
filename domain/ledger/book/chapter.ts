import type { Execution, LegState } from '../executions.ts';
import type { Segment } from '../ledger-shape.ts';
import type { TimedStep } from '../stall.ts';
import { type DigestState, EMPTY_DIGEST } from './digest.ts';
import type { StepSamples } from './step-statistics.ts';

/** What is known of a job at a cut, as far as what lies behind depends on it. */
export interface Carry {
  /** The cut; minus infinity before the first chapter. */
  readonly to_us: number;
  /** Step events before it. */
  readonly row: number;
  /** Start of the last of them. */
  readonly newest_start_us: number;
  /** The attempt that runs across it, and the merge of its steps. */
  readonly launch: number;
  readonly state: LegState;
  /** Attempt of the last execution before it. */
  readonly launch_before: number | undefined;
  readonly digest: DigestState;
  /** Highest step of an execution before it that is kept: who does it or an earlier one again reopens the past. */
  readonly kept_step: number;
  /** Longest of the steps before it that no chapter remembers by themselves, by their `count`. */
  readonly longest_us: ReadonlyMap<number, number>;
}

export const NOTHING_SEALED: Carry = {
  to_us: Number.NEGATIVE_INFINITY,
  row: 0,
  newest_start_us: Number.NEGATIVE_INFINITY,
  launch: 0,
  state: { base: 0, own: [], ranks: new Map() },
  launch_before: undefined,
  digest: EMPTY_DIGEST,
  kept_step: Number.NEGATIVE_INFINITY,
  longest_us: new Map(),
};

/** The first kept execution of an attempt, and what it counts for, in pieces. */
export interface FirstKept {
  readonly execution: Execution;
  readonly net_us: number;
  readonly pieces: readonly Segment[];
}

/** A sealed stretch of the timeline: what it adds to the account, and how to take that out again. */
export interface Chapter {
  readonly from: Carry;
  readonly carry: Carry;
  /** Attempts of its step events: each entry holds from its row on. */
  readonly owners: readonly { readonly row: number; readonly launch: number }[];
  readonly rows: readonly Segment[];
  readonly overlapped_us: ReadonlyMap<string, number>;
  readonly samples: StepSamples;
  readonly firsts: readonly FirstKept[];
  /** Completed steps that were long by any measure, and the longest of the others by their `count`. */
  readonly long: readonly TimedStep[];
  readonly longest_us: ReadonlyMap<number, number>;
  /** Highest step kept in it. */
  readonly kept_step: number;
  /** Lengths of the book's lists before it. */
  readonly digest_before: number;
  readonly representatives_before: number;
}
