import type { MiddlewareHandler } from 'hono';
import { bearerAuth } from 'hono/bearer-auth';
import type { HeadwayConfig } from './config.ts';

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

/** Without tokens only this machine may be answered. Throws {@link OpenDoor} with the settings that are missing. */
export function requireGuardedDoors({ server, api, collector }: HeadwayConfig): void {
  if (isLoopback(server.host)) return;
  const missing = [
    ...(api.read_token === null ? ['api.read_token'] : []),
    ...(collector.ingest_token === null ? ['collector.ingest_token'] : []),
  ];
  if (missing.length > 0) throw new OpenDoor(server.host, missing);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** Lets a request through when it carries the token, or when there is none to carry. */
export function tokenGuard(token: string | null): MiddlewareHandler {
  return token === null ? (_, next) => next() : bearerAuth({ token });
}
