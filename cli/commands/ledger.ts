import type { Command } from 'commander';
import { type EventLines, type RejectedLine, readEventLines } from '../../domain/event-reader.ts';
import {
  type FaultEvent,
  isJobScoped,
  type JobScopedEvent,
  type NodeStateEvent,
} from '../../domain/events.ts';
import { TooManyWindows } from '../../domain/ledger/ledger.ts';
import { reportLedger } from '../../domain/report/job-report.ts';
import { withExamples } from '../examples.ts';
import { textOfInput } from '../files.ts';
import { type LedgerAnswer, ledgerText } from '../ledger-text.ts';
import type { SetExitCode } from '../main.ts';
import { CommandFailure, EXIT, usageFailure } from '../outcome.ts';
import { rejectedText } from '../rejected-text.ts';
import { printJson, printText, say, type Terminal } from '../terminal.ts';

/** A page of windows that a person or a script can still take in. */
const WINDOWS_MAX = 100_000;

interface LedgerOptions {
  readonly at?: string;
  readonly windows?: string;
  readonly job?: string;
  readonly json?: boolean;
}

export function addLedger(program: Command, terminal: Terminal, setExitCode: SetExitCode): void {
  const command = program
    .command('ledger')
    .description(
      'the closed account of the jobs in a file of run events: every second in one bucket; no store',
    )
    .argument('<events>', 'NDJSON file of run events, or - for standard input')
    .option(
      '--at <us>',
      'look as of then, microseconds since the epoch (an open job else ends at its newest event)',
    )
    .option('--windows <s>', 'also cut into windows of so many seconds')
    .option('--job <job>', 'only this job')
    .option('--json', 'one JSON document; of several jobs {"jobs": [...]}')
    .action(async (path: string, options: LedgerOptions) => {
      const { text, damage } = await textOfInput(path);
      const lines = readEventLines(text);
      const answers = answersOf(path, lines, options);
      if (options.json === true) printJson(terminal, answers.length === 1 ? answers[0] : { jobs: answers });
      else printText(terminal, answers.map(ledgerText).join('\n\n'));
      if (lines.rejected.length > 0) {
        const mend = 'The other lines are accounted for.';
        say(terminal, `headway: ${rejectedText(path, lines.rejected, mend)}`);
      }
      if (damage !== null) say(terminal, `headway: ${path}: ${damage}`);
      if (lines.rejected.length > 0 || damage !== null) setExitCode(EXIT.problem_found);
    });
  withExamples(command, 'ledger docs/examples/restart.ndjson --windows 600');
}

function answersOf(path: string, { events, rejected }: EventLines, options: LedgerOptions): LedgerAnswer[] {
  const { byJob, faults, node_states } = sorted(events.map(({ event }) => event));
  if (byJob.size === 0) throw new CommandFailure(EXIT.problem_found, nothingUsable(path, rejected));
  if (options.job !== undefined && !byJob.has(options.job)) {
    throw usageFailure(
      `${path} has no event of job ${options.job}. It has: ${[...byJob.keys()].join(', ')}.`,
    );
  }
  const size_us = secondsToUs(options.windows);
  const at_us = microseconds(options.at);
  const jobs = options.job === undefined ? [...byJob.keys()] : [options.job];
  return jobs.map((job) => {
    const windows_us = size_us === undefined ? undefined : { size_us, count_max: WINDOWS_MAX };
    try {
      const { quality, ...ledger } = reportLedger(byJob.get(job) ?? [], {
        job,
        at_us,
        faults,
        node_states,
        windows_us,
      });
      return { ...ledger, quality: { ...quality, rejected } };
    } catch (error) {
      if (error instanceof TooManyWindows)
        throw usageFailure(`--windows ${options.windows}: ${error.message}`, error);
      throw error;
    }
  });
}

/** Jobs in the order in which the file names them. */
function sorted(events: readonly EventLines['events'][number]['event'][]) {
  const byJob = new Map<string, JobScopedEvent[]>();
  const faults: FaultEvent[] = [];
  const node_states: NodeStateEvent[] = [];
  for (const event of events) {
    if (event.type === 'fault') faults.push(event);
    else if (event.type === 'node_state') node_states.push(event);
    else if (isJobScoped(event)) {
      const known = byJob.get(event.job);
      if (known === undefined) byJob.set(event.job, [event]);
      else known.push(event);
    }
  }
  return { byJob, faults, node_states };
}

function nothingUsable(path: string, rejected: readonly RejectedLine[]): string {
  const mend = 'Run events are one JSON object a line, each with "type" and "job".';
  if (rejected.length === 0) return `${path} holds no event of a job. ${mend}`;
  return rejectedText(path, rejected, mend);
}

function microseconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw usageFailure(`--at ${text} is not a time: give microseconds since the epoch, an integer from 0.`);
}

function secondsToUs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const size_us = Math.round(Number(text) * 1e6);
  if (/^[\d.]+$/.test(text) && Number.isSafeInteger(size_us) && size_us > 0) return size_us;
  throw usageFailure(`--windows ${text} is not a length: give seconds above 0, such as 60.`);
}
