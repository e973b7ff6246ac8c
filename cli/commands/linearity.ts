import type { Command } from 'commander';
import { DEFINITIONS, type LinearityDefinition } from '../../domain/linearity.ts';
import { linearityOfReports } from '../../domain/report/linearity-of-reports.ts';
import { withExamples } from '../examples.ts';
import { isFile } from '../files.ts';
import { reportOfJob, type SourceOptions } from '../job-source.ts';
import { learnedBaselines, learnedBaselinesIfAny, learnedBaselinesText } from '../learned-baselines.ts';
import { linearityText } from '../linearity-text.ts';
import { usageFailure } from '../outcome.ts';
import { printJson, printText, type Terminal } from '../terminal.ts';

interface LinearityOptions extends SourceOptions {
  readonly definition: string;
  readonly baseline?: string;
  readonly baselines?: boolean;
  readonly json?: boolean;
}

export function addLinearity(program: Command, terminal: Terminal): void {
  const command = program
    .command('linearity')
    .description('how much of its speed a device keeps as devices are added, between jobs')
    .argument('[jobs...]', 'names of jobs, or paths of logs or event files')
    .option('--definition <definition>', DEFINITIONS.join(', '), 'tokens')
    .option('--baseline <job>', 'the job to compare with (default: the smallest)')
    .option('--baselines', 'list the learned baselines instead: the best window of each specification')
    .option('--json', 'one JSON document')
    .option('--url <url>', 'a running Headway (default http://127.0.0.1:8470)')
    .option('--token <token>', 'its read token')
    .option('--data <dir>', 'read the tables of a data directory that no Headway holds')
    .action(async (jobs: readonly string[], options: LinearityOptions) => {
      if (options.baselines === true) return listBaselines(terminal, options);
      if (jobs.length === 0) throw usageFailure('linearity needs a job, a file, or --baselines.');
      const definition = definitionOf(options.definition);
      const reports = [];
      for (const job of jobs) reports.push(await reportOfJob(job, options));
      const baseline = baselineOf(options.baseline, jobs, reports);
      const isOfFiles = (await Promise.all(jobs.map(isFile))).every((is) => is);
      const learned = baseline === undefined ? await learnedBaselinesIfAny(options, isOfFiles) : [];
      const linearity = linearityOfReports(reports, definition, baseline, learned);
      if (options.json === true) printJson(terminal, linearity);
      else printText(terminal, linearityText(linearity));
    });
  withExamples(
    command,
    'linearity my-job-8 my-job-64 my-job-512 --baseline my-job-8',
    'linearity --baselines',
  );
}

async function listBaselines(terminal: Terminal, options: LinearityOptions): Promise<void> {
  const baselines = await learnedBaselines(options);
  if (options.json === true) printJson(terminal, { baselines });
  else printText(terminal, learnedBaselinesText(baselines));
}

/** Named as the job was named on the command line, which for a file is its path. */
function baselineOf(
  named: string | undefined,
  jobs: readonly string[],
  reports: readonly { readonly job: string }[],
): { readonly job: string } | undefined {
  if (named === undefined) return undefined;
  const index = jobs.indexOf(named);
  const job = index >= 0 ? reports[index]?.job : reports.find((report) => report.job === named)?.job;
  if (job !== undefined) return { job };
  throw usageFailure(`--baseline ${named} is not one of the jobs given: ${jobs.join(', ')}.`);
}

function definitionOf(text: string): LinearityDefinition {
  const known = DEFINITIONS.find((name) => name === text);
  if (known !== undefined) return known;
  throw usageFailure(`--definition ${text} is not one of ${DEFINITIONS.join(', ')}.`);
}
