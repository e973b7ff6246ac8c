import type { Context, MiddlewareHandler } from 'hono';
import { bearerAuth } from 'hono/bearer-auth';
import { HTTPException } from 'hono/http-exception';
import { Problem, problemResponse } from '../api/problem.ts';
import { errorResponse } from '../api/promql/render.ts';
import type { HeadwayConfig } from './config.ts';
import { doorOf } from './no-route.ts';

/** The configuration opens a door to the network that nobody guards. */
export class OpenDoor extends Error {
  constructor(host: string, missing: readonly string[]) {
    super(
      `server.host is ${host}, which others can reach, but ${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} not set. ` +
        'Set the token, or listen on 127.0.0.1.',
    );
    this.name = 'OpenDoor';
  }
}

/** What a process lets in: questions, or data. */
export type GuardedDoor = 'read' | 'ingest';

/** Without tokens only this machine may be answered. Throws {@link OpenDoor} with the settings that are missing. */
export function requireGuardedDoors(
  { server, api, collector }: HeadwayConfig,
  doors: readonly GuardedDoor[] = ['read', 'ingest'],
): void {
  if (isLoopback(server.host)) return;
  const missing = [
    ...(doors.includes('read') && api.read_token === null ? ['api.read_token'] : []),
    ...(doors.includes('ingest') && collector.ingest_token === null ? ['collector.ingest_token'] : []),
  ];
  if (missing.length > 0) throw new OpenDoor(server.host, missing);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** Lets a request through when it carries the token, or when there is none to carry; else a 401 in the door's words. */
export function tokenGuard(token: string | null): MiddlewareHandler {
  if (token === null) return (_, next) => next();
  const isToken = bearerAuth({ token });
  return async (c, next) => {
    try {
      return await isToken(c, next);
    } catch (error) {
      if (!(error instanceof HTTPException)) throw error;
      return refused(c, error.getResponse());
    }
  };
}

/** 401 without or with a wrong token, 400 for a header that is none: with what the guard says in WWW-Authenticate. */
function refused(c: Context, { status, headers }: Response): Response {
  const detail = 'Send `Authorization: Bearer <token>` with the token of api.read_token.';
  const response =
    doorOf(c.req.path) === 'prom'
      ? errorResponse(status, 'unauthorized', detail)
      : problemResponse(new Problem(status === 400 ? 400 : 401, 'Unauthorized', detail), c);
  const scheme = headers.get('www-authenticate');
  if (scheme !== null) response.headers.set('WWW-Authenticate', scheme);
  return response;
}
