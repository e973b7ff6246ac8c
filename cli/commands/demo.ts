import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { createLog } from '../../platform/log.ts';
import { waitForStopSignal } from '../../platform/stop-signal.ts';
import { isScenarioName, SCENARIOS, type ScenarioName } from '../../simulator/config.ts';
import { type Demo, startDemo } from '../demo.ts';
import { withExamples } from '../examples.ts';
import { usageFailure } from '../outcome.ts';
import { type CommonOptions, settingsFrom } from '../settings.ts';
import { printJson, say, type Terminal } from '../terminal.ts';

interface DemoCommandOptions extends CommonOptions {
  readonly scenario: string;
  readonly speed: string;
  readonly seed: string;
  readonly json?: boolean;
}

export function addDemo(program: Command, terminal: Terminal): void {
  const command = program
    .command('demo')
    .description('start with a simulated cluster whose faults are known')
    .option('--scenario <name>', `one of ${Object.keys(SCENARIOS).join(', ')}`, 'xid79')
    .option('--speed <x>', 'the same story in 1/x of the time', '1')
    .option('--seed <n>', 'the same seed tells the same story', '1')
    .option('--config <file>', 'configuration file (YAML)')
    .option('--data <dir>', 'data directory (default: a temporary one, removed at the end)')
    .option('--port <port>', 'port to listen on (0 takes a free one)')
    .option('--json', 'one JSON document once it listens: {"url", "job", "scenario", "data_dir", "pid"}')
    .action(async (options: DemoCommandOptions) => runDemo(options, terminal));
  withExamples(command, 'demo', 'demo --scenario xid79 --speed 4');
}

async function runDemo(options: DemoCommandOptions, terminal: Terminal): Promise<void> {
  const scenario = scenarioFrom(options.scenario);
  const speed = numberFrom('--speed', options.speed, (value) => value > 0 && value <= 100);
  const seed = numberFrom('--seed', options.seed, Number.isInteger);
  // Heard from the beginning: a Ctrl-C while the cluster's past is written must not leave its folder behind.
  const stopSignal = waitForStopSignal();
  const { data_dir, remove } = options.data === undefined ? temporaryData() : keptData(options.data);
  try {
    const { config } = settingsFrom({ ...options, data: data_dir });
    const log = createLog(config.log_level);
    const demo = await startDemo(config, { scenario, seed, log, simulator: { speed } });
    const { url, cluster } = demo;
    if (options.json === true) {
      printJson(terminal, { url, job: cluster.job, scenario, data_dir, pid: process.pid });
    }
    say(terminal, greeting(demo, scenario));
    await stopSignal;
    await demo.stop();
  } finally {
    remove();
  }
}

interface DemoData {
  readonly data_dir: string;
  remove(): void;
}

/** A folder that is gone when the process is, however it ends (a second Ctrl-C exits at once). */
function temporaryData(): DemoData {
  const data_dir = mkdtempSync(join(tmpdir(), 'headway-demo-'));
  const removeFolder = () => rmSync(data_dir, { recursive: true, force: true });
  process.once('exit', removeFolder);
  return {
    data_dir,
    remove() {
      process.off('exit', removeFolder);
      removeFolder();
    },
  };
}

function keptData(data_dir: string): DemoData {
  return { data_dir, remove() {} };
}

function greeting({ url, cluster }: Demo, scenario: ScenarioName): string {
  return `Headway listens on ${url}, and watches a simulated cluster (2 nodes x 8 devices)
  look      ${url}/?job=${cluster.job}
  scenario  ${scenario}: ${SCENARIOS[scenario]}
  answers   ${url}/v1/jobs/${cluster.job}
            npx headway report ${cluster.job} --url ${url}

The trouble comes within a minute. Ctrl-C stops it; nothing is kept.
`;
}

function scenarioFrom(name: string): ScenarioName {
  if (isScenarioName(name)) return name;
  const known = Object.entries(SCENARIOS).map(([key, what]) => `  ${key.padEnd(10)} ${what}`);
  throw usageFailure(`--scenario ${name} is not known. Choose one of:\n${known.join('\n')}`);
}

function numberFrom(flag: string, text: string, allowed: (value: number) => boolean): number {
  const value = Number(text);
  if (text.trim() !== '' && allowed(value)) return value;
  throw usageFailure(`${flag} ${text} is not a number that fits here.`);
}
