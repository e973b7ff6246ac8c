import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../platform/log.ts';
import type { Store } from '../platform/store/store.ts';
import type { Headway } from '../services/all-in-one/all-in-one.ts';
import { HEADWAY_DEFAULTS, type HeadwayConfig } from '../services/all-in-one/config.ts';
import { usageFailure } from './outcome.ts';

export type { Headway };

/** Opens the embedded product. What a person can mend (a locked directory, a taken port) ends the command as such. */
export async function openAllInOne(config: HeadwayConfig, log: Log): Promise<Headway> {
  // the engine and the telemetry are heavy: commands that need neither must not wait for them
  const { openHeadway } = await import('../services/all-in-one/all-in-one.ts');
  return openHeadway(config, log);
}

/** Listens, or closes everything again: what is left open would hold the process. */
export async function listenOrStop(headway: Headway): Promise<string> {
  try {
    return await headway.listen();
  } catch (error) {
    await headway.stop();
    throw error;
  }
}

/**
 * The tables of a data directory, for one answer: with everything in them that was acknowledged before its process
 * ended. Throws when a running Headway holds them, and a usage failure where there are none: asking makes no tables.
 */
export async function openReadStore(
  data_dir: string,
  log: Log,
): Promise<{ readonly store: Store; close(): Promise<void> }> {
  if (!existsSync(data_dir)) throw usageFailure(`there is no data directory ${data_dir}. Check --data.`);
  if (!existsSync(join(data_dir, 'chdb'))) {
    throw usageFailure(
      `${data_dir} holds no tables of Headway. Check --data: it names what \`headway start --data\` was given.`,
    );
  }
  const headway = await openAllInOne({ ...HEADWAY_DEFAULTS, data_dir }, log);
  await headway.caughtUp();
  return { store: headway.store, close: headway.stop };
}
