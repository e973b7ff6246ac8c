/** What a command can end in, and the exit code a script sees. */
export const EXIT = { fine: 0, problem_found: 1, usage: 2, unreachable: 3 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A command that cannot go on: the message says cause, place and mend; the code is the exit code. */
export class CommandFailure extends Error {
  readonly exitCode: ExitCode;
  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CommandFailure';
    this.exitCode = exitCode;
  }
}

export function usageFailure(message: string, cause?: unknown): CommandFailure {
  return new CommandFailure(EXIT.usage, message, { cause });
}
