import type { Log } from '../../log.ts';
import { pause } from './pause.ts';
import { type RetryPauses, untilDone } from './retry.ts';
import type { EndsByPartition } from './topic-ends.ts';

export interface WaitOptions {
  /** Between two looks, and after a failure. */
  readonly pauses: RetryPauses;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** How often it is looked how far the partitions are. */
const LOOK_S = 0.1;

/**
 * Resolves with true when everything that the log held at the call is stored, with false when the signal ended it.
 * `stored`: of each partition the offset before which everything is in the tables, by whichever reader.
 */
export async function waitUntilStored(
  ends: () => Promise<EndsByPartition>,
  stored: () => Promise<ReadonlyMap<number, number>>,
  options: WaitOptions,
): Promise<boolean> {
  const { pauses: config, log, signal } = options;
  const retrying = { config, log, signal };
  const target = await untilDone('ends of the topic not read', ends, retrying);
  if (target === undefined) return false;
  const missing = new Map([...target.value].filter(([, { low, high }]) => high > low));
  while (!signal.aborted) {
    const now = await untilDone('positions not read', stored, retrying);
    if (now === undefined) return false;
    for (const [partition, { high }] of missing)
      if ((now.value.get(partition) ?? -1) >= high) missing.delete(partition);
    if (missing.size === 0) return true;
    await pause(LOOK_S, signal);
  }
  return false;
}
