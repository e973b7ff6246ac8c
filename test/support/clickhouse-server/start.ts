import { fileURLToPath } from 'node:url';
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
