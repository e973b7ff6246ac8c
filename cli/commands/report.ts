import type { Command } from 'commander';
import { withExamples } from '../examples.ts';
import { reportOfJob, type SourceOptions } from '../job-source.ts';
import { usageFailure } from '../outcome.ts';
import { REPORT_FORMATS, type ReportFormat, reportAs } from '../report-formats.ts';
import { printJson, printText, type Terminal } from '../terminal.ts';

interface ReportOptions extends SourceOptions {
  readonly format: string;
  readonly json?: boolean;
}

export function addReport(program: Command, terminal: Terminal): void {
  const command = program
    .command('report')
    .description('one job: goodput and its waterfall, MFU, incidents with the repair ladder, what is unknown')
    .argument('<job>', 'name of a job, or the path of a log or an event file')
    .option('--from <time>', 'only from here: RFC 3339, epoch seconds, now-6h')
    .option('--to <time>', 'only up to here')
    .option('--format <format>', REPORT_FORMATS.join(', '), 'text')
    .option('--json', 'the same as --format json')
    .option('--url <url>', 'a running Headway (default http://127.0.0.1:8470)')
    .option('--token <token>', 'its read token')
    .option('--data <dir>', 'read the tables of a data directory that no Headway holds')
    .action(async (job: string, options: ReportOptions) => {
      const format = options.json === true ? 'json' : formatOf(options.format);
      const report = await reportOfJob(job, options);
      if (format === 'json') return printJson(terminal, report);
      return printText(terminal, reportAs(format, report));
    });
  withExamples(
    command,
    'report docs/examples/restart.ndjson',
    'report my-job --from now-6h --format markdown',
  );
}

function formatOf(text: string): ReportFormat {
  const known = REPORT_FORMATS.find((name) => name === text);
  if (known !== undefined) return known;
  throw usageFailure(`--format ${text} is not one of ${REPORT_FORMATS.join(', ')}.`);
}
