import { ListenFailed } from '../platform/http-server.ts';
import type { Log } from '../platform/log.ts';
import { type Store, StoreLocked } from '../platform/store/store.ts';
import { OpenDoor } from '../services/all-in-one/access.ts';
import type { Headway } from '../services/all-in-one/all-in-one.ts';
import { HEADWAY_DEFAULTS, type HeadwayConfig } from '../services/all-in-one/config.ts';
import { CommandFailure, EXIT, usageFailure } from './outcome.ts';

export type { Headway };

/** Opens the embedded product; what a person can mend (a locked directory, a taken port) is said as such. */
export async function openAllInOne(config: HeadwayConfig, log: Log): Promise<Headway> {
  try {
    // the engine and the telemetry are heavy: commands that need neither must not wait for them
    const { openHeadway } = await import('../services/all-in-one/all-in-one.ts');
    const headway = await openHeadway(config, log);
    return { ...headway, listen: () => headway.listen().catch(explained) };
  } catch (error) {
    return explained(error);
  }
}

/**
 * The tables of a data directory, for one answer: with everything in them that was acknowledged before its process
 * ended. Throws when a running Headway holds them.
 */
export async function openReadStore(
  data_dir: string,
  log: Log,
): Promise<{ readonly store: Store; close(): Promise<void> }> {
  const headway = await openAllInOne({ ...HEADWAY_DEFAULTS, data_dir }, log);
  await headway.caughtUp();
  return { store: headway.store, close: headway.stop };
}

function explained(error: unknown): never {
  if (error instanceof OpenDoor) throw usageFailure(error.message, error);
  if (error instanceof StoreLocked || error instanceof ListenFailed) {
    throw new CommandFailure(EXIT.unreachable, error.message, { cause: error });
  }
  throw error;
}
