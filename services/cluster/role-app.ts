import { Hono } from 'hono';
import { createCounters } from '../../platform/telemetry/counters.ts';
import { createHttpTelemetry } from '../../platform/telemetry/http-telemetry.ts';
import {
  createOperationRoutes,
  type OperationRoutesOptions,
} from '../../platform/telemetry/operation-routes.ts';
import type { Telemetry } from '../../platform/telemetry/telemetry.ts';
import { Problem, problemResponse } from '../api/problem.ts';

export interface RoleAppOptions {
  readonly role: 'collector' | 'analyzer';
  readonly telemetry: Telemetry;
  readonly checks: NonNullable<OperationRoutesOptions['checks']>;
  readonly readiness_timeout_s: number;
  /** What the role takes in; it guards its own door. */
  readonly receivers?: Hono;
}

/** What the port of a role answers that is not asked for answers: health, metrics, and what it takes in. */
export function createRoleApp(options: RoleAppOptions): Hono {
  const { role, telemetry, checks, readiness_timeout_s, receivers } = options;
  const app = new Hono();
  app.use(createHttpTelemetry(telemetry.tracer, createCounters(telemetry.meter, role)));
  app.route(
    '/',
    createOperationRoutes({ prometheusText: telemetry.prometheusText, checks, readiness_timeout_s }),
  );
  if (receivers !== undefined) app.route('/', receivers);
  app.notFound((c) =>
    problemResponse(new Problem(404, 'Not found', `${c.req.path} is no route. ${HINTS[role]}`), c),
  );
  return app;
}

const HINTS = {
  collector: 'This is a collector: send to POST /v1/events, and ask an API.',
  analyzer: 'This is an analyzer: send to a collector, and ask an API.',
} as const;
