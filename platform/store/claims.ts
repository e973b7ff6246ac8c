import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Fence } from '../fence.ts';
import { namedQuery } from './named-queries.ts';
import { type ClaimableStore, StoreError } from './store.ts';

/** Two that claim a name at the same instant both try again, each after a pause of its own; far more than ever needed. */
const CLAIM_TRIES = 20;
const CLAIM_PAUSE_MS_MAX = 200;

/**
 * Claims a name: every earlier claim of it writes no more, and what was under way under one is over when this resolves.
 * Throws {@link StoreError}; then nothing is claimed, or a claim that nobody uses.
 */
export async function claimName(store: ClaimableStore, name: string): Promise<Fence> {
  const owner = randomUUID();
  for (let tries = 1; tries <= CLAIM_TRIES; tries++) {
    const [newest] = await newestClaims(store, name);
    const epoch = (newest?.epoch ?? 0) + 1;
    await store.insertRows('bus_fences', [{ name, epoch, owner, claimed_at: new Date().toISOString() }]);
    // Whoever writes the same epoch after this look sees ours, and claims a later one.
    const claims = await newestClaims(store, name);
    const fence = { name, epoch, owner };
    if (claims.length === 1 && claims[0]?.epoch === epoch && claims[0].owner === owner) {
      await store.endEarlierInserts(fence);
      return fence;
    }
    await delay(Math.random() * CLAIM_PAUSE_MS_MAX);
  }
  throw new StoreError('failed', `${name} is being claimed by several processes at once`);
}

function newestClaims(store: ClaimableStore, name: string): Promise<{ epoch: number; owner: string }[]> {
  return store.query(namedQuery('claims_of_name'), { name });
}
