import type { Context } from 'hono';
import type { JobView } from '../../domain/report/job-view.ts';
import type { ApiConfig } from './config.ts';
import { Problem } from './problem.ts';

/** The windows that a ledger is asked in; undefined without. Throws a 400 {@link Problem} for too many. */
export function windowsOf(
  c: Context,
  { windows_max }: ApiConfig,
  { from_us, to_us }: { readonly from_us: number; readonly to_us: number },
): { size_us: number; count_max: number } | undefined {
  const text = c.req.query('windows');
  if (text === undefined) return undefined;
  const size_us = Math.round(Number(text) * 1e6);
  if (!(size_us > 0))
    throw new Problem(400, 'Bad windows', `windows=${text} must be a length in seconds above 0.`);
  const span_us = to_us - from_us;
  if (span_us / size_us > windows_max) {
    throw new Problem(
      400,
      'Too many windows',
      `windows=${text} cuts ${span_us / 1e6} s into more than ${windows_max}. Ask for longer windows or a shorter range.`,
    );
  }
  return { size_us, count_max: windows_max };
}

/** The range of a view, with its horizon where the caller named no end. */
export function rangeOf({ account, range }: JobView): { readonly from_us: number; readonly to_us: number } {
  return { from_us: range.from_us ?? account.from_us, to_us: range.to_us ?? account.to_us };
}
