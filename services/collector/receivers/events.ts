import { type Context, Hono } from 'hono';
import { readEventLine } from '../../../domain/event-reader.ts';
import type { RunEvent } from '../../../domain/events.ts';
import { BusRefused, type BusWriter } from '../../../platform/bus/bus.ts';
import { encodeRunEvents } from '../../../platform/bus/run-event-batch.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { CollectorCounters } from '../collector-counters.ts';
import type { EventsLimits } from '../config.ts';
import { type DecodedEvents, decodeEventLines } from '../decoders/event-lines.ts';
import { showsToken } from './bearer-token.ts';
import { BodyRefused, type InflightBytes, readBody } from './request-body.ts';

export interface EventsDependencies {
  readonly bus: BusWriter;
  readonly clock: Clock;
  readonly limits: EventsLimits;
  /** Bearer token that senders must show; null lets everyone in. */
  readonly ingest_token: string | null;
  readonly counters: CollectorCounters;
}

/**
 * `POST /v1/events`: NDJSON, one run event a line (`spec/events.md` 1), optionally gzip or zstd.
 * Answers `{"accepted": n, "rejected": [{"line", "code", "message"}]}`: 200 if any line was accepted, 400 if none, and
 * not before the events are durable. Everything else is a problem document: 401, 413, 415, 429, 503.
 *
 * @example
 * const app = createEventsReceiver(deps);
 * await app.request('/v1/events', { method: 'POST', body: '{"type":"job","job":"a"}' });
 */
export function createEventsReceiver(deps: EventsDependencies): Hono {
  const inflight: InflightBytes = { bytes: 0, bytes_max: deps.limits.inflight_bytes_max };
  const app = new Hono();
  app.post('/v1/events', async (c) => {
    try {
      return await receive(c, deps, inflight);
    } catch (error) {
      return refusal(c, deps, error);
    }
  });
  app.all('/v1/events', (c) => {
    c.header('Allow', 'POST');
    return problem(c, 405, 'Method not allowed', 'Events are sent with POST, one JSON object a line.');
  });
  return app;
}

async function receive(c: Context, deps: EventsDependencies, inflight: InflightBytes): Promise<Response> {
  const { limits, ingest_token, counters } = deps;
  if (ingest_token !== null && !showsToken(c.req.header('authorization'), ingest_token)) {
    counters.requestRefused('unauthorized');
    c.header('WWW-Authenticate', 'Bearer');
    return problem(c, 401, 'Unauthorized', 'Send `Authorization: Bearer <token>` (collector.ingest_token).');
  }
  requireLines(c.req.header('content-type'));
  const body = await readBody(c.req.raw, limits.body_bytes_max, inflight);
  try {
    const read = decodeEventLines(body.bytes, limits, readEventLine);
    if (read.lines === 0)
      throw new BodyRefused(400, 'empty', 'the body has no line; send one JSON object a line');
    await publish(read.events, deps);
    counters.events(read.events.length, read.rejected_count, body.bytes.length);
    return c.json(answerOf(read), read.events.length > 0 ? 200 : 400);
  } finally {
    body.release();
  }
}

async function publish(
  events: readonly RunEvent[],
  { bus, clock, limits }: EventsDependencies,
): Promise<void> {
  const received_at_ms = Math.round(clock.now_us() / 1000);
  for (let from = 0; from < events.length; from += limits.publish_events_max) {
    await bus.publish(encodeRunEvents(events.slice(from, from + limits.publish_events_max), received_at_ms));
  }
}

function answerOf({ events, rejected, rejected_count }: DecodedEvents): Record<string, unknown> {
  const more = rejected_count - rejected.length;
  return { accepted: events.length, rejected, ...(more > 0 ? { rejected_not_named: more } : {}) };
}

/** curl's `--data-binary` calls everything a form; what certainly is something else is refused. */
function requireLines(content_type: string | undefined): void {
  const type = (content_type ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const isText =
    type === '' || type.startsWith('text/') || /^application\/(.*json.*|octet-stream)$/.test(type);
  if (isText || type === 'application/x-www-form-urlencoded') return;
  throw new BodyRefused(
    415,
    'content_type',
    `content type ${type} is not read here; send application/x-ndjson`,
  );
}

function refusal(c: Context, { counters, limits }: EventsDependencies, error: unknown): Response {
  if (error instanceof BodyRefused) {
    counters.requestRefused(error.reason);
    if (error.status === 429) c.header('Retry-After', String(Math.ceil(limits.retry_after_s)));
    return problem(c, error.status, TITLES[error.status], error.message);
  }
  if (!(error instanceof BusRefused)) throw error;
  counters.requestRefused(error.code);
  if (!error.retryable) return problem(c, 413, TITLES[413], `${error.message}; send fewer lines at a time`);
  c.header('Retry-After', String(Math.ceil(error.retryAfter_s ?? limits.retry_after_s)));
  return problem(
    c,
    503,
    'Not stored',
    `${error.message}. Nothing is acknowledged: send the same lines again.`,
  );
}

const TITLES = { 400: 'Bad body', 413: 'Body too large', 415: 'Not readable', 429: 'Too busy' } as const;

function problem(c: Context, status: 400 | 401 | 405 | 413 | 415 | 429 | 503, title: string, detail: string) {
  c.header('Content-Type', 'application/problem+json');
  const body = { type: 'about:blank', title, status, detail, instance: c.req.path };
  return c.body(`${JSON.stringify(body)}\n`, status);
}
