import type { Context } from 'hono';

/** Errors under `/v1` are RFC 9457 problem details: thrown anywhere in a route, rendered in one place. */
export class Problem extends Error {
  readonly status: 400 | 401 | 403 | 404 | 409 | 413 | 422 | 503;
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
  const known = error instanceof Problem;
  const body = {
    type: 'about:blank',
    title: known ? error.title : 'Internal error',
    status: known ? error.status : 500,
    detail: known ? error.message : 'The request failed inside Headway; its log has the cause.',
    instance: c.req.path,
  };
  return new Response(`${JSON.stringify(body)}\n`, {
    status: body.status,
    headers: { 'content-type': 'application/problem+json' },
  });
}
