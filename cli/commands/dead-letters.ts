import { type Command, Option } from 'commander';
import {
  DEAD_LETTER_CODES,
  type DeadLetterNote,
  isOpen,
  NoSuchLetter,
} from '../../platform/bus/dead-letters.ts';
import { replay } from '../dead-letter-replay.ts';
import { type DeadLetterSource, openDeadLetterSource, type SourceOptions } from '../dead-letter-source.ts';
import { letterText, listText, replayText } from '../dead-letter-text.ts';
import { withExamples } from '../examples.ts';
import type { SetExitCode } from '../main.ts';
import { CommandFailure, EXIT, usageFailure } from '../outcome.ts';
import { type CommonOptions, settingsFrom } from '../settings.ts';
import { printJson, printText, say, type Terminal } from '../terminal.ts';

interface LetterOptions extends CommonOptions, SourceOptions {
  readonly json?: boolean;
  readonly reason?: string;
  readonly all?: boolean;
}

export function addDeadLetters(program: Command, terminal: Terminal, setExitCode: SetExitCode): void {
  const letters = program
    .command('dead-letters')
    .description('acknowledged data that no table takes, kept with the reason: look at it, send it again');
  addList(letters, terminal);
  addShow(letters, terminal);
  addReplay(letters, terminal, setExitCode);
}

function reading(command: Command): Command {
  return command
    .option('--config <file>', 'configuration file (YAML)')
    .option('--data <dir>', 'data directory whose letters these are')
    .option(
      '--kafka',
      "the letters of a cluster's analyzers: the topic that kafka in the configuration names",
    )
    .option('--json', 'one JSON document');
}

function withReason(command: Command): Command {
  const option = new Option('--reason <code>', 'only those put aside for it');
  return command.addOption(option.choices(DEAD_LETTER_CODES));
}

function addList(letters: Command, terminal: Terminal): void {
  const list = withReason(
    reading(letters.command('list').description('every letter that waits, oldest first')),
  )
    .option('--all', 'those that were sent again too')
    .action((options: LetterOptions) =>
      withSource(options, async ({ name, box }) => {
        const notes = chosen(await box.list(), options);
        if (options.json === true) printJson(terminal, { source: name, letters: notes });
        else printText(terminal, listText(name, notes));
      }),
    );
  withExamples(
    list,
    'dead-letters list',
    'dead-letters list --kafka --config headway.yaml --reason bad_lines',
  );
}

function addShow(letters: Command, terminal: Terminal): void {
  const show = reading(letters.command('show <name>').description('one letter: what, from where, why'))
    .option('--body', 'its bytes and nothing else, as they came')
    .action((name: string, options: LetterOptions & { body?: boolean }) =>
      withSource(options, async ({ box }) => {
        const { note, body } = await box.read(name).catch(unknownLetter);
        if (options.body === true) terminal.out.write(body);
        else if (options.json === true)
          printJson(terminal, { ...note, body_base64: Buffer.from(body).toString('base64') });
        else printText(terminal, letterText(note, body));
      }),
    );
  withExamples(
    show,
    'dead-letters show 1f3a9c0b7d2e4f60',
    'dead-letters show 1f3a9c0b7d2e4f60 --body > lines.ndjson',
  );
}

function addReplay(letters: Command, terminal: Terminal, setExitCode: SetExitCode): void {
  const again = withReason(
    reading(
      letters
        .command('replay [names...]')
        .description('sends letters again, to where they were to go; a Headway that runs has to be named'),
    ),
  )
    .option('--all', 'every letter that waits')
    .option('--url <url>', 'a running Headway that is to take the events of a data directory')
    .option('--token <token>', 'its ingest token')
    .action((names: string[], options: LetterOptions) =>
      withSource(options, async (source) => {
        const notes = toReplay(await source.box.list(), names, options);
        if (notes.length === 0) say(terminal, `nothing to send in ${source.name}`);
        const results = notes.length === 0 ? [] : await replay(source.box, await source.target(), notes);
        if (options.json === true) printJson(terminal, { source: source.name, letters: results });
        else if (results.length > 0) printText(terminal, replayText(results));
        if (results.some(({ outcome }) => outcome !== 'sent')) setExitCode(EXIT.problem_found);
      }),
    );
  withExamples(
    again,
    'dead-letters replay --all --data /var/lib/headway',
    'dead-letters replay 1f3a9c0b7d2e4f60 --url http://127.0.0.1:8470',
    'dead-letters replay --all --reason unknown_schema --kafka --config headway.yaml',
  );
}

async function withSource(
  options: LetterOptions,
  work: (source: DeadLetterSource) => Promise<void>,
): Promise<void> {
  const source = await openDeadLetterSource(settingsFrom(options).config, options);
  try {
    await work(source);
  } finally {
    await source.close();
  }
}

function chosen(notes: readonly DeadLetterNote[], { reason, all }: LetterOptions): DeadLetterNote[] {
  return notes.filter(
    (note) => (all === true || isOpen(note)) && (reason ?? note.reason.code) === note.reason.code,
  );
}

function toReplay(
  notes: readonly DeadLetterNote[],
  names: readonly string[],
  options: LetterOptions,
): DeadLetterNote[] {
  if (names.length === 0 && options.all !== true && options.reason === undefined)
    throw usageFailure('name the letters to send again, or give --all or --reason.');
  if (names.length === 0) return chosen(notes, { ...options, all: false });
  // Who names a letter wants it sent again, also when it was before.
  return names.map(
    (name) => notes.find((note) => note.name === name) ?? unknownLetter(new NoSuchLetter(name)),
  );
}

function unknownLetter(error: unknown): never {
  if (error instanceof NoSuchLetter) throw new CommandFailure(EXIT.problem_found, error.message);
  throw error;
}
