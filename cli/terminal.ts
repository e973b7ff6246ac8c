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

/**
 * A reader that has seen enough (`| head -1`) ends nothing: the command goes on to its end and its own exit code, what
 * it still prints is dropped. An output that cannot be written (a full disk) ends the process with 1.
 */
export function outliveReaders({ out, err }: Terminal): void {
  // Nowhere is left to say that standard error is gone.
  err.on('error', () => {});
  out.on('error', (error: NodeJS.ErrnoException) => {
    if (isClosedPipe(error)) return;
    err.write(`headway: the output cannot be written (${error.code ?? error.message}).\n`);
    process.exit(1);
  });
}

function isClosedPipe({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED';
}

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
