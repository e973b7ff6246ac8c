import { Command, CommanderError } from 'commander';
import { addAlerts } from './commands/alerts.ts';
import { addAnalyzer } from './commands/analyzer.ts';
import { addApi } from './commands/api.ts';
import { addCollector } from './commands/collector.ts';
import { addCompletion } from './commands/completion.ts';
import { addDashboards } from './commands/dashboards.ts';
import { addDeadLetters } from './commands/dead-letters.ts';
import { addDemo } from './commands/demo.ts';
import { addDoctor } from './commands/doctor.ts';
import { addFlops } from './commands/flops.ts';
import { addImport } from './commands/import.ts';
import { addLedger } from './commands/ledger.ts';
import { addLinearity } from './commands/linearity.ts';
import { addReport } from './commands/report.ts';
import { addRules } from './commands/rules.ts';
import { addSettings } from './commands/settings.ts';
import { addSpec } from './commands/spec.ts';
import { addStart } from './commands/start.ts';
import { addTop } from './commands/top.ts';
import { expectedFailure } from './expected-errors.ts';
import { EXIT, type ExitCode } from './outcome.ts';
import { outliveReaders, processTerminal, say, type Terminal } from './terminal.ts';

/** Runs one `headway` command and returns its exit code: 0 fine, 1 a problem was found, 2 usage, 3 cannot reach. */
export async function main(args: readonly string[], terminal: Terminal = processTerminal): Promise<ExitCode> {
  outliveReaders(terminal);
  let exitCode: ExitCode = EXIT.fine;
  const program = createProgram(terminal, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    return exitCodeOf(error, terminal);
  }
}

/** Sets the exit code of a command that ran to its end. */
export type SetExitCode = (code: ExitCode) => void;

function createProgram(terminal: Terminal, setExitCode: SetExitCode): Command {
  const program = new Command('headway')
    .description('Says where every accelerator-hour of a training cluster went.')
    .version('0.1.0')
    .showSuggestionAfterError()
    .showHelpAfterError('Run with --help for the usage.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void terminal.out.write(text),
      writeErr: (text) => void terminal.err.write(text),
    });
  addStart(program, terminal);
  addDemo(program, terminal);
  addCollector(program, terminal);
  addAnalyzer(program, terminal);
  addApi(program, terminal);
  addImport(program, terminal, setExitCode);
  addReport(program, terminal);
  addLedger(program, terminal, setExitCode);
  addFlops(program, terminal);
  addLinearity(program, terminal);
  addTop(program, terminal);
  addAlerts(program, terminal, setExitCode);
  addRules(program, terminal);
  addDashboards(program, terminal);
  addSpec(program, terminal, setExitCode);
  addSettings(program, terminal);
  addDeadLetters(program, terminal, setExitCode);
  addDoctor(program, terminal, setExitCode);
  addCompletion(program, terminal);
  return program;
}

function exitCodeOf(error: unknown, terminal: Terminal): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.usage;
  const failure = expectedFailure(error);
  if (failure !== undefined) {
    say(terminal, `headway: ${failure.message}`);
    return failure.exitCode;
  }
  say(terminal, `headway: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return EXIT.problem_found;
}
