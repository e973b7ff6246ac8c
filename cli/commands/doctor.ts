import type { Command } from 'commander';
import { requireGuardedDoors } from '../../services/all-in-one/access.ts';
import { HEADWAY_DEFAULTS, type HeadwayConfig } from '../../services/all-in-one/config.ts';
import {
  checkClock,
  checkDataDirectory,
  checkEngine,
  checkNode,
  checkPort,
  type DoctorCheck,
} from '../doctor-checks.ts';
import { withExamples } from '../examples.ts';
import { expectedFailure } from '../expected-errors.ts';
import type { SetExitCode } from '../main.ts';
import { EXIT } from '../outcome.ts';
import { type CommonOptions, settingsFrom } from '../settings.ts';
import { printJson, printText, type Terminal } from '../terminal.ts';

export function addDoctor(program: Command, terminal: Terminal, setExitCode: SetExitCode): void {
  const command = program
    .command('doctor')
    .description('what would keep Headway from running here, each with its mend; exit 1 when something would')
    .option('--config <file>', 'configuration file (YAML)')
    .option('--data <dir>', 'data directory')
    .option('--port <port>', 'port to listen on')
    .option('--json', 'one JSON document: {"checks": [{"name", "ok", "detail", "mend"}]}')
    .action(async (options: CommonOptions & { json?: boolean }) => {
      const { config, check, cluster } = configCheck(options);
      const { host, port } = config.server;
      const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
      const checks = [
        checkNode(),
        check,
        ...checkDataDirectory(config),
        await checkPort(config.server),
        await checkEngine(),
        await checkClock(url),
        ...(cluster ? await clusterChecks(config) : []),
      ];
      if (options.json === true) printJson(terminal, { checks });
      else printText(terminal, checks.map(checkText).join('\n'));
      if (checks.some(({ ok }) => !ok)) setExitCode(EXIT.problem_found);
    });
  withExamples(command, 'doctor', 'doctor --config headway.yaml --data /var/lib/headway');
}

interface ConfigChecked {
  readonly config: HeadwayConfig;
  readonly check: DoctorCheck;
  /** Whether it names Kafka or ClickHouse. */
  readonly cluster: boolean;
}

/** Kafka and ClickHouse, where the configuration names one of them. */
async function clusterChecks(config: HeadwayConfig): Promise<DoctorCheck[]> {
  const { checkBrokers, checkTables } = await import('../doctor-cluster.ts');
  return await Promise.all([checkBrokers(config), checkTables(config)]);
}

/** A configuration that cannot be read is what the doctor is asked about: it is told, and the rest is checked by default. */
function configCheck(options: CommonOptions): ConfigChecked {
  try {
    const { config, origins } = settingsFrom(options);
    requireGuardedDoors(config);
    const set =
      origins.size === 0 ? 'every setting has its default' : `${origins.size} settings are not the default`;
    const cluster = [...origins.keys()].some((path) => /^(kafka|clickhouse)\./.test(path));
    return { config, cluster, check: { name: 'configuration', ok: true, detail: set, mend: null } };
  } catch (error) {
    const failure = expectedFailure(error);
    if (failure === undefined) throw error;
    const mend = 'Mend the setting that is named. `headway config show` prints all with their origin.';
    return {
      config: HEADWAY_DEFAULTS,
      cluster: false,
      check: { name: 'configuration', ok: false, detail: failure.message, mend },
    };
  }
}

function checkText({ name, ok, detail, mend }: DoctorCheck): string {
  const line = `${ok ? 'ok     ' : 'problem'}  ${name.padEnd(14)}  ${detail}`;
  return mend === null ? line : `${line}\n         ${''.padEnd(14)}  ${mend}`;
}
