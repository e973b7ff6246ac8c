import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe } from 'vitest';
import { answers, freePort, hasProgram, startProgram } from './loopback.ts';
import { makeFolder } from './temporary-folder.ts';

/** A real Prometheus (Debian package `prometheus`, 2.42) on a free loopback port, with a data folder of its own. */
export interface PrometheusServer {
  readonly url: string;
  stop(): Promise<void>;
}

export interface PrometheusOptions {
  /** Text of its configuration; default: nothing is scraped and no rule runs. */
  readonly config?: string;
  /** OpenMetrics text (ending in `# EOF`) that is made into blocks before it starts. */
  readonly openmetrics?: string;
  readonly arguments?: readonly string[];
}

/** `describe` that is skipped, under a name that says why, where the programs are not installed. */
export function describeWithPrograms(programs: readonly string[], name: string, body: () => void): void {
  if (programs.every(hasProgram)) describe(name, body);
  else describe.skip(`${name} [skipped: ${programs.join(', ')} not installed, see test/setup]`, body);
}

/** Resolves when it is ready; the caller stops it, which also removes its data. */
export async function startPrometheus(options: PrometheusOptions = {}): Promise<PrometheusServer> {
  const folder = await makeFolder();
  const config = join(folder.path, 'prometheus.yml');
  await writeFile(config, options.config ?? 'global: {}\n');
  const data = join(folder.path, 'data');
  if (options.openmetrics !== undefined) await createBlocks(folder.path, data, options.openmetrics);
  const port = await freePort();
  const program = startProgram('prometheus', [
    `--config.file=${config}`,
    `--storage.tsdb.path=${data}`,
    // Samples of any age stay: what is loaded need not be of this month.
    '--storage.tsdb.retention.time=100y',
    `--web.listen-address=127.0.0.1:${port}`,
    '--web.enable-remote-write-receiver',
    ...(options.arguments ?? []),
  ]);
  const url = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    await program.stop();
    await folder.remove();
  };
  try {
    await answers(`${url}/-/ready`, program);
  } catch (cause) {
    await stop();
    throw cause;
  }
  return { url, stop };
}

async function createBlocks(folder: string, data: string, openmetrics: string): Promise<void> {
  const input = join(folder, 'samples.om');
  await writeFile(input, openmetrics);
  const { status, stderr } = spawnSync('promtool', [
    'tsdb',
    'create-blocks-from',
    'openmetrics',
    input,
    data,
  ]);
  if (status !== 0) throw new Error(`promtool made no blocks: ${stderr.toString()}`);
}
