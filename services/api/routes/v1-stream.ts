import type { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { Problem } from '../problem.ts';
import { addRead } from '../read-routes.ts';
import { StreamClosed } from '../stream.ts';
import type { V1Dependencies } from '../v1-dependencies.ts';

/**
 * `/v1/stream`: changes of jobs and incidents as server-sent events. A reader that comes back with the id of the last
 * event it saw gets what it missed; where that is gone, and at first, it gets a snapshot.
 */
export function addStreamRoutes(app: Hono, deps: V1Dependencies): void {
  addRead(app, deps, 'stream', async (c) => {
    const { stream: hub, config } = deps;
    if (hub === undefined) throw new Problem(503, 'No stream', 'This server follows no jobs.');
    const subscription = await hub.subscribe(c.req.header('last-event-id'), c.req.query('job'));
    if (subscription === undefined) {
      throw new Problem(
        503,
        'Too many listeners',
        `${config.stream_subscribers_max} listen already (api.stream_subscribers_max). Close one, or poll /v1/jobs.`,
      );
    }
    // a proxy that gathers an answer before it sends any would hold events back
    c.header('x-accel-buffering', 'no');
    return streamSSE(
      c,
      async (out) => {
        out.onAbort(() => subscription.close());
        try {
          await out.write(`retry: ${Math.ceil(config.stream_interval_s * 1000)}\n\n`);
          while (!out.aborted && !out.closed) {
            const event = await subscription.next(config.stream_heartbeat_s * 1000);
            if (event === undefined) {
              await out.write(': still here\n\n');
              continue;
            }
            const { type, data } = event.message;
            await out.writeSSE({ id: hub.idOf(event), event: type, data: JSON.stringify(data) });
          }
        } catch (error) {
          // ending the answer makes the reader come back, and then it gets a snapshot
          if (!(error instanceof StreamClosed)) throw error;
        } finally {
          subscription.close();
        }
      },
      async (error) => {
        deps.log?.error('a stream ended in an error', { error: error.message });
      },
    );
  });
}
