import type { AccountFigures, Timeline } from '../ledger/timeline.ts';
import type { JobEvidence } from './job-evidence.ts';

/** Work that a failure of this moment would not undo, as far as anybody said. */
export interface SavedWork {
  /** Productive time before this moment (microseconds) is of saved steps. Null: no save was ever told. */
  readonly until_us: number | null;
  readonly reason: string | null;
}

/**
 * Up to where kept work is safe. A checkpoint holds the state of the moment its saving began, and counts once it is
 * complete. An attempt that went on from where an earlier one was proves that state saved, whether or not the saving
 * was told: whatever was kept of the attempts before it had been restored. A step that was under way then is not in it.
 */
export function savedWork(
  account: Pick<AccountFigures, 'from_us' | 'to_us' | 'attempts'>,
  timeline: Timeline,
  { saves }: Pick<JobEvidence, 'saves'>,
): SavedWork {
  const { from_us, to_us } = account;
  let until_us: number | null = null;
  for (const save of saves) {
    if (save.end_us <= to_us && save.start_us >= from_us) until_us = Math.max(until_us ?? 0, save.start_us);
  }
  const restored_us = restoredAt(account, timeline);
  if (restored_us !== undefined) until_us = Math.max(until_us ?? 0, restored_us);
  if (until_us !== null) return { until_us: withoutOpenStep(timeline, until_us), reason: null };
  return {
    until_us,
    reason: 'no checkpoint save (span ckpt_save) and no restart is known, so nobody knows what is saved',
  };
}

/** Start of the newest attempt that went on with the work of another. */
function restoredAt({ attempts }: Pick<AccountFigures, 'attempts'>, timeline: Timeline): number | undefined {
  const newest = timeline.newestStep();
  if (newest === undefined || newest.attempt === attempts[0]?.attempt) return undefined;
  return attempts.find(({ attempt }) => attempt === newest.attempt)?.start_us;
}

/** A step that goes on computing after the state was taken is not in it; one that only the save itself covers is. */
function withoutOpenStep(timeline: Timeline, until_us: number): number {
  const open = timeline.stepBefore(until_us);
  if (open === undefined || open.end_us <= until_us || open.start_us >= until_us) return until_us;
  for (const { bucket } of timeline.segments(until_us, open.end_us)) {
    if (bucket === 'productive') return open.start_us;
  }
  return until_us;
}
