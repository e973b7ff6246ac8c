import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Dashboard } from '../../dashboards/src/dashboard.ts';
import { allDashboards } from '../../dashboards/src/generated-files.ts';
import { withExamples } from '../examples.ts';
import { usageFailure } from '../outcome.ts';
import { printJson, printText, say, type Terminal } from '../terminal.ts';

export function addDashboards(program: Command, terminal: Terminal): void {
  const dashboards = program.command('dashboards').description('the Grafana dashboards');
  dashboards
    .command('list')
    .description('uid and title of each dashboard')
    .option('--json', 'one JSON document')
    .action((options: { json?: true }) => {
      const list = allDashboards().map(({ uid, title, description }) => ({ uid, title, description }));
      if (options.json === true) return printJson(terminal, { dashboards: list });
      return printText(terminal, list.map(({ uid, title }) => `${uid}  ${title}`).join('\n'));
    });
  const exporting = dashboards
    .command('export')
    .description('one dashboard as the JSON that Grafana imports (the first of the list unless named)')
    .argument('[uid]', 'which one')
    .option('--out <dir>', 'write each dashboard (or the one named) to DIR/UID.json instead')
    .option('--json', 'accepted for evenness: the output is JSON anyway')
    .action(async (uid: string | undefined, options: { out?: string }) => {
      if (options.out !== undefined) return writeAll(terminal, options.out, uid);
      return printJson(terminal, found(uid));
    });
  withExamples(exporting, 'dashboards export --out dashboards');
}

function found(uid: string | undefined): Dashboard {
  const all = allDashboards();
  const one = uid === undefined ? all[0] : all.find((dashboard) => dashboard.uid === uid);
  if (one !== undefined) return one;
  const known = all.map((dashboard) => dashboard.uid).join(', ');
  throw usageFailure(`there is no dashboard ${JSON.stringify(uid)}. Known: ${known}.`);
}

async function writeAll(terminal: Terminal, dir: string, uid: string | undefined): Promise<void> {
  const chosen = uid === undefined ? allDashboards() : [found(uid)];
  try {
    await mkdir(dir, { recursive: true });
    for (const dashboard of chosen) {
      const path = join(dir, `${dashboard.uid}.json`);
      await writeFile(path, `${JSON.stringify(dashboard, null, 2)}\n`);
      say(terminal, path);
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw usageFailure(`cannot write to ${dir} (${code}). Give --out a folder that may be written.`, error);
  }
}
