import type { Hono } from 'hono';
import { type HttpServer, listen } from '../../platform/http-server.ts';
import type { HeadwayConfig } from '../all-in-one/config.ts';

/** One process of cluster mode. */
export interface Role {
  /**
   * Binds the configured address and resolves with the URL: health and metrics answer from here on. What needs Kafka or
   * the tables begins when they are reached. Throws ListenFailed.
   */
  listen(): Promise<string>;
  /** Rejects when the process cannot go on and has to be started anew; otherwise pending for ever. */
  readonly broken: Promise<never>;
  /** Orderly: no new work, what runs ends. What was acknowledged stays in any case. */
  stop(): Promise<void>;
}

/** What a role does behind its port. */
export interface RoleWork {
  /** Everything its port answers. */
  readonly app: Hono;
  /**
   * Begins once the port is bound. May wait for what is not reachable yet, until the signal; rejects when the process
   * cannot go on.
   */
  run(signal: AbortSignal): Promise<void>;
  /** Ends what keeps requests open, or makes new ones, before the port is closed. */
  endRequests(): Promise<void>;
  /** After the last request. */
  close(): Promise<void>;
}

export function createRole(config: Pick<HeadwayConfig, 'server'>, work: RoleWork): Role {
  const stopping = new AbortController();
  let server: HttpServer | undefined;
  let running: Promise<void> | undefined;
  let breakDown: (reason: unknown) => void = () => undefined;
  const broken = new Promise<never>((_, reject) => {
    breakDown = reject;
  });
  // whoever only stops never asks for it
  broken.catch(() => undefined);
  return {
    broken,
    async listen() {
      server = await listen(work.app, config.server);
      running = work.run(stopping.signal).catch(breakDown);
      return server.url;
    },
    async stop() {
      stopping.abort();
      await work.endRequests();
      await server?.close();
      await running;
      await work.close();
    },
  };
}
