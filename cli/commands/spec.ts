import type { Command } from 'commander';
import { type RejectedLine, readEventLines } from '../../domain/event-reader.ts';
import { withExamples } from '../examples.ts';
import { textOfInput } from '../files.ts';
import type { SetExitCode } from '../main.ts';
import { EXIT } from '../outcome.ts';
import { rejectedText } from '../rejected-text.ts';
import { printJson, printText, say, type Terminal } from '../terminal.ts';

export function addSpec(program: Command, terminal: Terminal, setExitCode: SetExitCode): void {
  const spec = program.command('spec').description('the formats that Headway takes in');
  const validate = spec
    .command('validate')
    .description('checks a file of run events line by line, as POST /v1/events does')
    .argument('<file>', 'NDJSON file of run events, or - for standard input')
    .option('--json', 'one JSON document: {"accepted", "types", "rejected": [{"line", "code", "message"}]}')
    .action(async (path: string, options: { json?: boolean }) => {
      const { text, damage } = await textOfInput(path);
      const { events, rejected } = readEventLines(text);
      const types: Record<string, number> = {};
      for (const { event } of events) types[event.type] = (types[event.type] ?? 0) + 1;
      if (options.json === true) printJson(terminal, { accepted: events.length, types, rejected });
      else printText(terminal, summary(path, events.length, types));
      if (damage !== null) say(terminal, `headway: ${path}: ${damage}`);
      const isUsable = rejected.length === 0 && events.length > 0;
      if (!isUsable) say(terminal, `headway: ${complaint(path, rejected)}`);
      if (!isUsable || damage !== null) setExitCode(EXIT.problem_found);
    });
  withExamples(validate, 'spec validate docs/examples/restart.ndjson');
}

function complaint(path: string, rejected: readonly RejectedLine[]): string {
  if (rejected.length === 0) return `${path} holds no event: run events are one JSON object a line.`;
  const mend = 'Mend these lines; the others can be sent as they are.';
  return rejectedText(path, rejected, mend, Number.POSITIVE_INFINITY);
}

function summary(path: string, accepted: number, types: Readonly<Record<string, number>>): string {
  const counts = Object.entries(types).map(([type, count]) => `${count} ${type}`);
  return `${path}: ${accepted} ${accepted === 1 ? 'event' : 'events'} can be used${counts.length > 0 ? ` (${counts.join(', ')})` : ''}.`;
}
