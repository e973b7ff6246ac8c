import { BusRefused } from '../platform/bus/bus.ts';
import { KafkaRefused } from '../platform/bus/kafka/refusal.ts';
import { ConfigError } from '../platform/config.ts';
import { CredentialsUnusable } from '../platform/credentials.ts';
import { ListenFailed } from '../platform/http-server.ts';
import { MigrationError } from '../platform/store/migrate.ts';
import { StoreError, StoreLocked } from '../platform/store/store.ts';
import { OpenDoor } from '../services/all-in-one/access.ts';
import { DataDirectoryUnusable } from '../services/all-in-one/data-directory.ts';
import { Problem } from '../services/api/problem.ts';
import { CommandFailure, EXIT, type ExitCode } from './outcome.ts';

type ErrorClass = abstract new (...args: never[]) => Error;

/** Errors that say themselves what is wrong and what to do, and the exit code of a command that ends in one. */
const EXPECTED: readonly (readonly [ErrorClass, ExitCode])[] = [
  [ConfigError, EXIT.usage],
  [OpenDoor, EXIT.usage],
  [DataDirectoryUnusable, EXIT.usage],
  [CredentialsUnusable, EXIT.usage],
  [Problem, EXIT.usage],
  [StoreLocked, EXIT.unreachable],
  [ListenFailed, EXIT.unreachable],
  [MigrationError, EXIT.problem_found],
  [StoreError, EXIT.problem_found],
  [BusRefused, EXIT.problem_found],
  [KafkaRefused, EXIT.problem_found],
];

/**
 * The failure to show for an error that can happen to a correct program, else undefined: only what nobody foresaw is
 * worth a stack.
 */
export function expectedFailure(error: unknown): CommandFailure | undefined {
  if (error instanceof CommandFailure) return error;
  if (!(error instanceof Error)) return undefined;
  const known = EXPECTED.find(([kind]) => error instanceof kind);
  if (known !== undefined) return new CommandFailure(known[1], error.message, { cause: error });
  if (!isSystemError(error)) return undefined;
  const mend = 'Check that the path is there, that this user may use it, and that the disk has room.';
  return new CommandFailure(EXIT.problem_found, `${error.message}. ${mend}`, { cause: error });
}

/** What the operating system refused of a file: its message names call, path and code. */
function isSystemError(error: Error): boolean {
  return 'syscall' in error && 'path' in error && 'code' in error;
}
