import { fileURLToPath } from 'node:url';
import { silentLog } from '../../../platform/log.ts';
import { STORE_SERVER_DEFAULTS, type StoreServerConfig } from '../../../platform/store/config.ts';
import { openServerStore } from '../../../platform/store/server.ts';
import type { ClaimableStore } from '../../../platform/store/store.ts';
import { eventually, type RunningProgram, startProgram } from '../loopback.ts';

const SCRIPT = fileURLToPath(new URL('main.ts', import.meta.url));

export interface RunningServer extends RunningProgram {
  readonly url: string;
}

/** The trial store as a process of its own, on the tables under `folder`; resolves when it answers. */
export async function startServerProcess(
  folder: string,
  args: readonly string[] = [],
): Promise<RunningServer> {
  const program = startProgram(process.execPath, ['--import', 'tsx', SCRIPT, '--data', folder, ...args]);
  const url = await eventually(() => /listening on (\S+)/.exec(program.output())?.[1], {
    every_ms: 20,
    describe: () => program.output(),
  });
  return { ...program, url };
}

const USER = 'u';
const PASSWORD = "p'w";

/** A client of the trial store on a folder, and with it the process: closing the one ends the other. */
export async function openTrialStore(
  folder: string,
  config: Partial<StoreServerConfig> = {},
  args: readonly string[] = [],
): Promise<ClaimableStore & { readonly server: RunningServer }> {
  const server = await startServerProcess(folder, ['--user', USER, '--password', PASSWORD, ...args]);
  const store = await openTrialClient(server, config);
  return {
    server,
    query: (...asked) => store.query(...asked),
    command: (...asked) => store.command(...asked),
    insertRows: (...rows) => store.insertRows(...rows),
    insertRowBinary: (...rows) => store.insertRowBinary(...rows),
    endEarlierInserts: (fence) => store.endEarlierInserts(fence),
    async close() {
      await store.close();
      await server.stop();
    },
  };
}

/** One more client of it. */
export function openTrialClient(
  server: Pick<RunningServer, 'url'>,
  config: Partial<StoreServerConfig> = {},
): Promise<ClaimableStore> {
  const reached = { url: server.url, user: USER, password: PASSWORD };
  return openServerStore({ ...STORE_SERVER_DEFAULTS, ...config, ...reached }, silentLog);
}
