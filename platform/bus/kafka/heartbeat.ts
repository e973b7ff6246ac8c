import { pause } from './pause.ts';

/**
 * Heartbeats go out beside the work: the client sends none of its own while a batch is handled, and a reader that is
 * not heard of loses its partitions in the middle of an insert.
 *
 * `onLost` is called when an answer says that the reader is no longer what it was in the group. Other failures (a
 * connection, a broker that moves) are for the next beat to mend.
 */
export async function whileBeating<T>(
  heartbeat: () => Promise<void>,
  interval_s: number,
  onLost: (cause: Error) => void,
  work: () => Promise<T>,
): Promise<T> {
  const working = new AbortController();
  void beat(heartbeat, interval_s, onLost, working.signal);
  try {
    return await work();
  } finally {
    // A beat that is under way may still be answered: nobody waits for it.
    working.abort();
  }
}

async function beat(
  heartbeat: () => Promise<void>,
  interval_s: number,
  onLost: (cause: Error) => void,
  signal: AbortSignal,
): Promise<void> {
  // The client itself leaves a beat out that comes too early.
  while (await pause(interval_s / 2, signal)) {
    try {
      await heartbeat();
    } catch (cause) {
      if (!endsMembership(cause)) continue;
      onLost(cause);
      return;
    }
  }
}

const ENDINGS = new Set([
  'REBALANCE_IN_PROGRESS',
  'ILLEGAL_GENERATION',
  'NOT_COORDINATOR_FOR_GROUP',
  'UNKNOWN_MEMBER_ID',
]);

/** Whether the group told this reader to come anew: what it holds may be another's already. */
export function endsMembership(cause: unknown): cause is Error {
  return cause instanceof Error && 'type' in cause && ENDINGS.has(String(cause.type));
}
