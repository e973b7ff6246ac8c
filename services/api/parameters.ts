import type { Context } from 'hono';
import { Problem } from './problem.ts';

/** Taken by every read route. */
const COMMON = ['consistent'];

/** May be given more than once: each names one more job. */
const REPEATED = new Set(['with']);

/**
 * Refuses what a route does not take: a misspelt parameter that is ignored answers another question than was asked.
 * Throws a 400 {@link Problem} that names the parameter and the known ones.
 */
export function takeOnly(c: Context, names: readonly string[]): void {
  const known = [...names, ...COMMON];
  for (const [name, values] of Object.entries(c.req.queries())) {
    if (!known.includes(name)) {
      throw new Problem(
        400,
        'Unknown parameter',
        `${c.req.path} does not take ${JSON.stringify(name)}. It takes ${known.join(', ')}.`,
      );
    }
    if (values.length > 1 && !REPEATED.has(name)) {
      throw new Problem(
        400,
        'Parameter given twice',
        `${name} may be given once; it was ${values.join(', ')}.`,
      );
    }
  }
}

/** A yes or no of the query; absent is no. Throws a 400 {@link Problem}. */
export function isAsked(c: Context, name: string): boolean {
  const text = c.req.query(name);
  if (text === undefined || text === '0' || text === 'false') return false;
  if (text === '1' || text === 'true') return true;
  throw new Problem(400, `Bad ${name}`, `${name}=${text} must be 1 (true) or 0 (false).`);
}
