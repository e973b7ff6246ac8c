import type { Context } from 'hono';
import { isUnreached } from '../../platform/store/server-errors.ts';
import { StoreError } from '../../platform/store/store.ts';

/** Errors under `/v1` are RFC 9457 problem details: thrown anywhere in a route, rendered in one place. */
export class Problem extends Error {
  readonly status: 400 | 401 | 403 | 404 | 405 | 409 | 413 | 422 | 503;
  readonly title: string;
  constructor(status: Problem['status'], title: string, detail: string) {
    super(detail);
    this.name = 'Problem';
    this.status = status;
    this.title = title;
  }
}

/** Renders a problem; an error that is none of ours is a 500 without its internals. */
export function problemResponse(error: Error, c: Context): Response {
  const known = error instanceof Problem ? error : ofStore(error);
  const body = {
    type: 'about:blank',
    title: known?.title ?? 'Internal error',
    status: known?.status ?? 500,
    detail: known?.message ?? 'The request failed inside Headway; its log has the cause.',
    instance: c.req.path,
  };
  return new Response(`${JSON.stringify(body)}\n`, {
    status: body.status,
    headers: { 'content-type': 'application/problem+json' },
  });
}

/** A question that passed a limit of the store can be asked again, smaller; one that it did not get, later. */
function ofStore(error: Error): Problem | undefined {
  if (isUnreached(error))
    return new Problem(503, 'Tables away', 'The tables do not answer at the moment. Ask again later.');
  if (!(error instanceof StoreError) || !/^too_/.test(error.code)) return undefined;
  return new Problem(
    503,
    'Too much to read',
    `Reading this passed a limit of the store (${error.code}, settings store.*). Ask for a shorter range.`,
  );
}

/** Whether the caller can do something about it; what it cannot is for the log. */
export function isInternal(error: Error): boolean {
  return !(error instanceof Problem) && ofStore(error) === undefined;
}
