import { ListenFailed } from '../platform/http-server.ts';
import type { Log } from '../platform/log.ts';
import { STORE_DEFAULTS } from '../platform/store/config.ts';
import { openEmbeddedStore } from '../platform/store/embedded.ts';
import { migrate } from '../platform/store/migrate.ts';
import { type Store, StoreLocked } from '../platform/store/store.ts';
import { OpenDoor } from '../services/all-in-one/access.ts';
import { type Headway, openHeadway } from '../services/all-in-one/all-in-one.ts';
import type { HeadwayConfig } from '../services/all-in-one/config.ts';
import { CommandFailure, EXIT, usageFailure } from './outcome.ts';

export type { Headway };

/** Opens the embedded product; what a person can mend (a locked directory, a taken port) is said as such. */
export async function openAllInOne(config: HeadwayConfig, log: Log): Promise<Headway> {
  try {
    const headway = await openHeadway(config, log);
    return { ...headway, listen: () => headway.listen().catch(explained) };
  } catch (error) {
    return explained(error);
  }
}

/** The tables of a data directory, for one answer. Throws when a running Headway holds them. */
export async function openReadStore(dir: string, log: Log): Promise<Store> {
  try {
    const store = await openEmbeddedStore(dir, STORE_DEFAULTS, log);
    await migrate(store);
    return store;
  } catch (error) {
    return explained(error);
  }
}

function explained(error: unknown): never {
  if (error instanceof OpenDoor) throw usageFailure(error.message, error);
  if (error instanceof StoreLocked || error instanceof ListenFailed) {
    throw new CommandFailure(EXIT.unreachable, error.message, { cause: error });
  }
  throw error;
}
