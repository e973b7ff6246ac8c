import { createLog, type Log } from '../platform/log.ts';
import { waitForStopSignal } from '../platform/stop-signal.ts';
import type { HeadwayConfig } from '../services/all-in-one/config.ts';
import type { Role } from '../services/cluster/role.ts';
import { CommandFailure, EXIT } from './outcome.ts';
import { type CommonOptions, settingsFrom } from './settings.ts';
import { printJson, say, type Terminal } from './terminal.ts';

export interface RoleOptions extends CommonOptions {
  readonly json?: boolean;
}

export interface RoleCommand {
  readonly name: 'collector' | 'analyzer' | 'api';
  readonly options: RoleOptions;
  readonly terminal: Terminal;
  open(config: HeadwayConfig, log: Log): Promise<Role>;
  /** What to say once it listens: lines for people. */
  greet(url: string, config: HeadwayConfig): string;
}

/**
 * One process of a cluster, from its settings to its orderly end. Ends with an error when the process cannot go on, so
 * that whoever started it starts it again.
 */
export async function runRole({ name, options, terminal, open, greet }: RoleCommand): Promise<void> {
  const { config } = settingsFrom(options);
  const log = createLog(config.log_level);
  const role = await open(config, log);
  const url = await role.listen().catch(async (error: unknown) => {
    await role.stop();
    throw error;
  });
  if (options.json === true) printJson(terminal, { role: name, url, pid: process.pid });
  say(terminal, greet(url, config));
  const brokenBy = await Promise.race([
    waitForStopSignal().then(() => undefined),
    role.broken.catch((error: unknown) => error),
  ]);
  if (brokenBy === undefined) say(terminal, 'Stopping.');
  try {
    await stopInTime(role, config);
  } finally {
    endWithWhatIsLeft();
  }
  if (brokenBy !== undefined) throw brokenBy;
}

/** What a stop that was cut short leaves open (a request to the tables, a client of Kafka) must not hold the process. */
function endWithWhatIsLeft(): void {
  // with the exit code that the command sets until then; nothing is waited for when nothing is left
  setTimeout(() => process.exit(), LAST_WORDS_MS).unref();
}

/** For the last line on standard error. */
const LAST_WORDS_MS = 200;

/** What hangs must not hold the process: whoever stops it kills it soon. What was acknowledged is safe either way. */
async function stopInTime(role: Role, { cluster }: HeadwayConfig): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new CommandFailure(
            EXIT.problem_found,
            `the stop was cut short after cluster.stop_timeout_s (${cluster.stop_timeout_s}).`,
          ),
        ),
      cluster.stop_timeout_s * 1000,
    );
  });
  try {
    await Promise.race([role.stop(), late]);
  } finally {
    clearTimeout(timer);
  }
}
