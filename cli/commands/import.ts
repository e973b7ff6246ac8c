import type { Command } from 'commander';
import type { JobReport } from '../../domain/report/report-shape.ts';
import { systemClock } from '../../platform/clock.ts';
import { withExamples } from '../examples.ts';
import { collectivesAmong, collectivesText } from '../import-collectives.ts';
import {
  EVENTS_FORMAT,
  FILE_FORMATS,
  type ImportedJob,
  readImports,
  type UnusableFiles,
} from '../import-files.ts';
import { someOf } from '../import-folders.ts';
import { type ImportOptions, knownOfJob } from '../import-options.ts';
import { importIntoDataDir, importIntoServer, reportInMemory } from '../import-target.ts';
import type { SetExitCode } from '../main.ts';
import { EXIT, usageFailure } from '../outcome.ts';
import { reportText } from '../report-text.ts';
import { type Rejection, serverAddress } from '../server-client.ts';
import { printJson, printText, say, type Terminal } from '../terminal.ts';

/** Lines a person is shown of those that could not be used. */
const LINES_SHOWN_MAX = 20;

export function addImport(program: Command, terminal: Terminal, setExitCode: SetExitCode): void {
  const command = program
    .command('import')
    .description("reads trainers' logs or files of run events, and prints the report of the job")
    .argument(
      '<files...>',
      'logs (one a rank, one a node, or one for all), profiles, NDJSON of run events, .gz of these, folders of them, or -',
    )
    .option(
      '--job <job>',
      'the job of what names none, such as logs (default: each file or folder is a job of its name); events keep theirs',
    )
    .option('--format <format>', `auto, ${FILE_FORMATS}, ${EVENTS_FORMAT}`, 'auto')
    .option('--devices <n>', 'accelerators of the job')
    .option(
      '--hardware <name>',
      'the accelerator: a catalog key, or any name that telemetry and logs print for it',
    )
    .option('--model <model>', 'a preset, or the path of a published config.json')
    .option('--sequence-length <n>', 'tokens of one sequence')
    .option('--dtype <dtype>', 'what the matrix units compute in: bf16, fp8, ...')
    .option('--timezone <zone>', 'zone of log times that name none (default UTC)')
    .option('--url <url>', 'store it in a running Headway')
    .option('--token <token>', 'its ingest token')
    .option('--data <dir>', 'store it in a data directory that no Headway holds')
    .option('--json', 'one JSON document; of several jobs {"jobs": [...]}')
    .action(async (files: readonly string[], options: ImportOptions) => {
      if (options.url !== undefined && options.data !== undefined) {
        throw usageFailure(
          '--url and --data both say where to store. Give one of them, or neither to store nothing.',
        );
      }
      if (options.url !== undefined) serverAddress(options.url);
      const known = await knownOfJob(options);
      const { job, format } = options;
      const now_us = systemClock.now_us();
      const { jobs, unusable } = await readImports({ paths: files, job, format, known, now_us });
      const results = [];
      for (const imported of jobs) results.push(await store(imported, options));
      sayUnusable(terminal, unusable);
      print(terminal, results, unusable, options.json === true);
      if (unusable.length > 0 || results.some(isFaulty)) setExitCode(EXIT.problem_found);
    });
  withExamples(
    command,
    'import docs/examples/restart.ndjson',
    'import /shared/nccl-inspector-4711 --job my-job',
    'import rank0.log rank1.log --job my-job --hardware h100-sxm --url http://127.0.0.1:8470',
  );
}

/** A folder may hold very many files of other kinds. */
function sayUnusable(terminal: Terminal, unusable: readonly UnusableFiles[]): void {
  for (const { message } of unusable.slice(0, LINES_SHOWN_MAX)) say(terminal, `headway: ${message}`);
  const more = unusable.length - LINES_SHOWN_MAX;
  if (more > 0) say(terminal, `headway: ... and ${more} more files could not be used (--json lists them)`);
}

interface ImportResult {
  readonly imported: ImportedJob;
  readonly report: JobReport;
  /** Events that the server would not take. */
  readonly refused: readonly Rejection[];
}

async function store(imported: ImportedJob, { url, token, data }: ImportOptions): Promise<ImportResult> {
  const { job, events } = imported;
  if (url !== undefined) return { imported, ...(await importIntoServer(url, token, job, events)) };
  const report =
    data === undefined ? reportInMemory(job, events) : await importIntoDataDir(data, job, events);
  return { imported, report, refused: [] };
}

/** Something was in the files that should have been usable and was not, or nothing was. */
function isFaulty({ imported, refused }: ImportResult): boolean {
  const { rejected_count, damaged, events } = imported;
  return rejected_count > 0 || damaged.length > 0 || refused.length > 0 || events.length === 0;
}

function print(
  terminal: Terminal,
  results: readonly ImportResult[],
  unusable: readonly UnusableFiles[],
  json: boolean,
): void {
  for (const result of results) say(terminal, peopleText(result));
  if (json) {
    const documents = results.map((result) => documentOf(result, unusable));
    printJson(terminal, documents.length === 1 ? documents[0] : { jobs: documents });
    return;
  }
  printText(terminal, results.map(textOf).join('\n\n\n'));
}

function textOf({ imported, report }: ImportResult): string {
  const collectives = collectivesAmong(imported.events);
  return collectives === undefined
    ? reportText(report)
    : `${reportText(report)}\n\n${collectivesText(collectives)}`;
}

/** The report, and beside it what was read to make it. */
function documentOf({ imported, report, refused }: ImportResult, unusable: readonly UnusableFiles[]) {
  const { events, files, format, notes, rejected, rejected_count, damaged } = imported;
  const read = { files, format, events: events.length, notes, rejected, rejected_count, refused };
  // Files that nothing came out of belong to the call, not to a job: every document of it names them.
  const collectives = collectivesAmong(events);
  return {
    ...report,
    ...(collectives === undefined ? {} : { collectives }),
    import: { ...read, damaged, unusable },
  };
}

function peopleText({ imported, refused }: ImportResult): string {
  const { job, files, format, events, notes, rejected, rejected_count, damaged } = imported;
  const lines = [`${someOf(files)}: ${events.length} events of job ${job} (${format})`];
  for (const note of notes) lines.push(`  note: ${note}`);
  for (const { file, message } of damaged) lines.push(`  ${file}: ${message}`);
  if (rejected_count > 0)
    lines.push(`  ${rejected_count} ${rejected_count === 1 ? 'line' : 'lines'} could not be used:`);
  for (const { file, line, code, message } of rejected.slice(0, LINES_SHOWN_MAX)) {
    lines.push(`    ${file}:${line}: ${code}: ${message}`);
  }
  const more = rejected_count - Math.min(rejected.length, LINES_SHOWN_MAX);
  if (more > 0) lines.push(`    ... and ${more} more (--json lists them)`);
  for (const { code, message } of refused.slice(0, LINES_SHOWN_MAX))
    lines.push(`    refused: ${code}: ${message}`);
  if (events.length === 0) lines.push('  no event came out of it: check that the file holds the whole log');
  return lines.join('\n');
}
