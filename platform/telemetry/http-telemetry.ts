import { context, propagation, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import type { Context, MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { Counters } from './counters.ts';

/** Asked for every few seconds by machines: measured, but not worth a trace each. */
const UNTRACED: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);

/**
 * One span and one duration for each HTTP request. Both carry the route's pattern (`/v1/jobs/:job`), never the path,
 * so that a caller cannot create series; requests that match no route share `unmatched`. A `traceparent` header is
 * continued. Attribute names are OpenTelemetry's HTTP semantic conventions.
 */
export function createHttpTelemetry(tracer: Tracer, counters: Counters): MiddlewareHandler {
  const duration = counters.histogram('http_request_duration_seconds', 'Time to answer HTTP requests.');
  return async (request, next) => {
    const began = performance.now();
    const { method, path } = request.req;
    const run = async () => {
      await next();
      const route = routeOf(request);
      const labels = { method, route, status: String(request.res.status) };
      duration.record((performance.now() - began) / 1000, labels);
      return route;
    };
    if (UNTRACED.has(path)) {
      await run();
      return;
    }
    const parent = propagation.extract(context.active(), request.req.header());
    const span = tracer.startSpan(method, { kind: SpanKind.SERVER }, parent);
    try {
      const route = await context.with(trace.setSpan(parent, span), run);
      span.updateName(`${method} ${route}`);
      span.setAttributes({
        'http.request.method': method,
        'http.route': route,
        'http.response.status_code': request.res.status,
      });
      // Hono turns a throw of a handler into an answer; the error is kept beside it
      if (request.error !== undefined) span.recordException(request.error);
      if (request.res.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    } finally {
      span.end();
    }
  };
}

function routeOf(request: Context): string {
  const handler = matchedRoutes(request).findLast((route) => route.method !== 'ALL');
  return handler?.path ?? 'unmatched';
}
