import type { Command } from 'commander';
import { isSecret } from '../../platform/config-ranges.ts';
import { withExamples } from '../examples.ts';
import { settingsFrom } from '../settings.ts';
import { printJson, printText, type Terminal } from '../terminal.ts';

export function addSettings(program: Command, terminal: Terminal): void {
  const config = program.command('config').description('the configuration in force');
  const show = config
    .command('show')
    .description('every setting, its value, and where it comes from')
    .option('--config <file>', 'configuration file (YAML)')
    .option('--json', 'one JSON document')
    .action((options: { config?: string; json?: boolean }) => {
      const { config: settings, origins } = settingsFrom(options);
      if (options.json === true) return printJson(terminal, withoutSecrets('', settings));
      const lines = flatten('', withoutSecrets('', settings)).map(
        ([path, value]) => `${path} = ${JSON.stringify(value)}  (${origins.get(path) ?? 'default'})`,
      );
      return printText(terminal, lines.join('\n'));
    });
  withExamples(show, 'config show --config headway.yaml');
}

function flatten(prefix: string, value: unknown): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[prefix, value]];
  return Object.entries(value).flatMap(([key, inner]) =>
    flatten(prefix === '' ? key : `${prefix}.${key}`, inner),
  );
}

/** A token or a password is never printed, only that there is one. */
function withoutSecrets(key: string, value: unknown): unknown {
  if (isSecret(key) && value !== null) return '(set)';
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(key, item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, withoutSecrets(name, inner)]),
  );
}
