import { setTimeout } from 'node:timers/promises';

/** False when the signal ended it. */
export async function pause(seconds: number, signal: AbortSignal): Promise<boolean> {
  return setTimeout(seconds * 1000, true, { signal }).catch(() => false);
}
