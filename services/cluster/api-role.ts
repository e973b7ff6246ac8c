import { type Context, Hono } from 'hono';
import { type Clock, systemClock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import { createOperationRoutes } from '../../platform/telemetry/operation-routes.ts';
import { requireGuardedDoors } from '../all-in-one/access.ts';
import type { HeadwayConfig } from '../all-in-one/config.ts';
import { createApp } from '../all-in-one/routes.ts';
import { Problem, problemResponse } from '../api/problem.ts';
import { createCaughtUp } from './caught-up.ts';
import { openOwnTelemetry } from './own-telemetry.ts';
import { createRole, type Role } from './role.ts';
import { tablesOf } from './tables.ts';

/**
 * Answers from the tables: `/v1`, `/prom`, the stream and the page. Until the tables are reached every question is a 503.
 * Of Kafka it asks one thing only, and only for `consistent=true`: how far the tables are behind it.
 *
 * Throws OpenDoor.
 */
export function openApiRole(config: HeadwayConfig, log: Log, clock: Clock = systemClock): Role {
  requireGuardedDoors(config, ['read']);
  const own = openOwnTelemetry(config.telemetry, log);
  const tables = tablesOf(config, log);
  const caughtUp = createCaughtUp(config, log);
  const closing = new AbortController();
  const { telemetry } = own;
  const waiting = createWaitingApp(
    createOperationRoutes({
      prometheusText: telemetry.prometheusText,
      checks: { store: tables.readiness },
      readiness_timeout_s: config.telemetry.readiness_timeout_s,
    }),
  );
  let answering: Hono = waiting;
  const app = new Hono();
  app.all('*', (c) => answering.fetch(c.req.raw, c.env));
  return createRole(config, {
    app,
    async run(signal) {
      const store = await tables.open(signal);
      if (store === undefined || signal.aborted) return;
      const parts = { config, log, clock, store, telemetry, caughtUp: caughtUp.wait };
      answering = createApp({ ...parts, collector: undefined, closing: closing.signal });
    },
    async endRequests() {
      closing.abort();
      await caughtUp.close();
    },
    async close() {
      await tables.close();
      await own.close();
    },
  });
}

function createWaitingApp(operation: Hono): Hono {
  const app = new Hono();
  app.route('/', operation);
  app.notFound((c: Context) => {
    const detail = 'The tables were not reached yet; /readyz says why. Ask again later.';
    const response = problemResponse(new Problem(503, 'Not ready', detail), c);
    response.headers.set('Retry-After', '5');
    return response;
  });
  return app;
}
