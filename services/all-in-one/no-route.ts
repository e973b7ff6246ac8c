import type { Context, Hono, NotFoundHandler } from 'hono';
import { Problem, problemResponse } from '../api/problem.ts';
import { errorResponse } from '../api/promql/render.ts';
import { noPromRoute } from '../api/routes/prom.ts';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/**
 * What a request gets that no route takes, in the words of the door it knocked at: a problem document under `/v1`,
 * Prometheus's envelope under `/prom`, else a line of text. A path that has routes for other methods is a 405 with
 * `Allow`. To be set where everything is mounted: Hono asks only the outermost app.
 */
export function createNoRoute(app: Hono): NotFoundHandler {
  return (c) => {
    const allowed = methodsOf(app, c.req.path);
    const response = allowed.length > 0 ? methodNotAllowed(c, allowed) : notFound(c);
    if (allowed.length > 0) response.headers.set('Allow', allowed.join(', '));
    return response;
  };
}

type Door = 'v1' | 'prom' | 'other';

/** Whose way of telling errors holds for a path. */
export function doorOf(path: string): Door {
  if (/^\/v1(\/|$)/.test(path)) return 'v1';
  return /^\/prom(\/|$)/.test(path) ? 'prom' : 'other';
}

function notFound(c: Context): Response {
  const { path } = c.req;
  switch (doorOf(path)) {
    case 'v1':
      return problemResponse(
        new Problem(404, 'Not found', `${path} is no route. Begin with /v1/jobs, or send to /v1/events.`),
        c,
      );
    case 'prom':
      return noPromRoute(path);
    case 'other':
      return c.text('There is nothing here. / is the page, /v1/jobs the API, /prom the data source.\n', 404);
  }
}

function methodNotAllowed(c: Context, allowed: readonly string[]): Response {
  const { method, path } = c.req;
  const detail = `${path} does not take ${method}. It takes ${allowed.join(', ')}.`;
  switch (doorOf(path)) {
    case 'v1':
      return problemResponse(new Problem(405, 'Method not allowed', detail), c);
    case 'prom':
      return errorResponse(405, 'bad_data', detail);
    case 'other':
      return c.text(`${detail}\n`, 405);
  }
}

/** The methods that a route of the app takes at this path; middleware stands there for all methods and counts not. */
function methodsOf(app: Hono, path: string): string[] {
  const routes = app.routes.filter((route) => route.method !== 'ALL' && patternOf(route.path).test(path));
  const known = new Set(routes.map(({ method }) => method));
  const methods: string[] = METHODS.filter((method) => known.has(method));
  return known.has('GET') ? [...methods, 'HEAD'] : methods;
}

function patternOf(route: string): RegExp {
  const parts = route.split('/').map((part) => {
    if (!part.startsWith(':')) return escaped(part);
    return part.endsWith('{.+}') ? '.+' : '[^/]+';
  });
  return new RegExp(`^${parts.join('/')}$`);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
