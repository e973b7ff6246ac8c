import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../platform/log.ts';
import { STORE_DEFAULTS } from '../platform/store/config.ts';
import { openEmbeddedStore } from '../platform/store/embedded.ts';

/** Opens the engine in a folder that is gone afterwards; returns its version. Throws when it cannot be loaded. */
export async function tryEngine(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'headway-doctor-'));
  try {
    const store = await openEmbeddedStore(folder, STORE_DEFAULTS, silentLog);
    try {
      const [row] = await store.query<{ version: string }>('SELECT version() AS version');
      return row?.version ?? 'of an unknown version';
    } finally {
      await store.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
