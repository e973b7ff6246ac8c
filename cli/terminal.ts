import type { Writable } from 'node:stream';

/**
 * Where a command writes. With `--json`, standard output carries one JSON document and nothing else; text for people
 * goes to standard error. Without it, the report is the output.
 */
export interface Terminal {
  readonly out: Writable;
  readonly err: Writable;
}

export const processTerminal: Terminal = { out: process.stdout, err: process.stderr };

export function printJson(terminal: Terminal, value: unknown): void {
  terminal.out.write(`${JSON.stringify(value, null, 2)}\n`);
}

export function printText(terminal: Terminal, text: string): void {
  terminal.out.write(text.endsWith('\n') ? text : `${text}\n`);
}

/** For people only: notes, warnings, progress. */
export function say(terminal: Terminal, text: string): void {
  terminal.err.write(text.endsWith('\n') ? text : `${text}\n`);
}
