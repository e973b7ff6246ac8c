import type { Command } from 'commander';
import { readEventLines } from '../../domain/event-reader.ts';
import { textOfInput } from '../files.ts';
import type { SetExitCode } from '../main.ts';
import { EXIT } from '../outcome.ts';
import { rejectedText } from '../rejected-text.ts';
import { printJson, printText, say, type Terminal } from '../terminal.ts';

export function addSpec(program: Command, terminal: Terminal, setExitCode: SetExitCode): void {
  const spec = program.command('spec').description('the formats that Headway takes in');
  spec
    .command('validate')
    .description('checks a file of run events line by line, as POST /v1/events does')
    .argument('<file>', 'NDJSON file of run events, or - for standard input')
    .option('--json', 'one JSON document: {"accepted", "types", "rejected": [{"line", "code", "message"}]}')
    .action(async (path: string, options: { json?: boolean }) => {
      const { events, rejected } = readEventLines(await textOfInput(path));
      const types: Record<string, number> = {};
      for (const { event } of events) types[event.type] = (types[event.type] ?? 0) + 1;
      if (options.json === true) printJson(terminal, { accepted: events.length, types, rejected });
      else printText(terminal, summary(path, events.length, types));
      const isUsable = rejected.length === 0 && events.length > 0;
      if (isUsable) return;
      say(
        terminal,
        rejected.length === 0
          ? `${path} holds no event: run events are one JSON object a line.`
          : rejectedText(
              path,
              rejected,
              'Mend these lines; the others can be sent as they are.',
              Number.POSITIVE_INFINITY,
            ),
      );
      setExitCode(EXIT.problem_found);
    });
}

function summary(path: string, accepted: number, types: Readonly<Record<string, number>>): string {
  const counts = Object.entries(types).map(([type, count]) => `${count} ${type}`);
  return `${path}: ${accepted} ${accepted === 1 ? 'event' : 'events'} can be used${counts.length > 0 ? ` (${counts.join(', ')})` : ''}.`;
}
