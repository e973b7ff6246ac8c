import { type Fence, Fenced } from '../fence.ts';
import { FENCED_TEXT } from './insert-sql.ts';
import { StoreError } from './store.ts';

/** Numbers in ClickHouse's src/Common/ErrorCodes.cpp that a caller can act on. */
const CODES: Readonly<Record<number, StoreError['code']>> = {
  6: 'bad_data', // CANNOT_PARSE_TEXT
  26: 'bad_data', // CANNOT_PARSE_QUOTED_STRING
  27: 'bad_data', // CANNOT_PARSE_INPUT_ASSERTION_FAILED
  32: 'bad_data', // ATTEMPT_TO_READ_AFTER_EOF
  33: 'bad_data', // CANNOT_READ_ALL_DATA
  41: 'bad_data', // CANNOT_PARSE_DATETIME
  72: 'bad_data', // CANNOT_PARSE_NUMBER
  117: 'bad_data', // INCORRECT_DATA
  128: 'bad_data', // TOO_LARGE_ARRAY_SIZE
  131: 'bad_data', // TOO_LARGE_STRING_SIZE
  159: 'too_slow', // TIMEOUT_EXCEEDED
  241: 'too_much_memory', // MEMORY_LIMIT_EXCEEDED
  395: 'bad_data', // FUNCTION_THROW_IF_VALUE_IS_NON_ZERO: the row count differs
  396: 'too_many_rows', // TOO_MANY_ROWS_OR_BYTES
};

/** ClickHouse's number for a database that is not there. */
export const UNKNOWN_DATABASE = 81;

/**
 * An error of the engine as one of ours; {@link Fenced} when an insert under `fence` was turned away. By its shape and
 * not by its class: the engine's binding has a ClickHouseError of its own copy. Other errors are given back as they are.
 */
export function storeErrorOf(cause: unknown, fence?: Fence): unknown {
  if (!(cause instanceof Error) || !('code' in cause) || !('type' in cause)) return cause;
  const engine_code = Number(cause.code);
  if (!Number.isInteger(engine_code)) return cause;
  if (fence !== undefined && cause.message.startsWith(FENCED_TEXT)) return new Fenced(fence);
  return new StoreError(CODES[engine_code] ?? 'failed', cause.message, { engine_code, cause });
}
