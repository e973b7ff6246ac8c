/** The error types of Prometheus's envelope that this door answers with. */
export type PromErrorType = 'bad_data' | 'execution' | 'timeout' | 'unavailable' | 'internal';

/**
 * An error of a query that its caller can act on: `bad_data` is a query that is wrong or not supported, `execution` one
 * whose data do not fit it or pass a limit, `timeout` one that took too long, `unavailable` one whose tables are away.
 */
export class PromError extends Error {
  readonly type: PromErrorType;
  constructor(type: PromErrorType, message: string) {
    super(message);
    this.name = 'PromError';
    this.type = type;
  }
}

/** A query that cannot be taken, with the place in it. */
export class ParseFailure extends PromError {
  constructor(message: string) {
    super('bad_data', message);
    this.name = 'ParseFailure';
  }
}

export const badData = (message: string): PromError => new PromError('bad_data', message);
export const executionFailed = (message: string): PromError => new PromError('execution', message);

/** A limit of the configuration was passed: the message names it, so that an operator finds it. */
export function limitPassed(name: string, limit: number, what: string): PromError {
  return executionFailed(`${what}; the limit is ${limit} (config promql.${name})`);
}
