import type { Context, Hono } from 'hono';
import { type OperationId, operation } from './openapi/operations.ts';
import { isAsked, takeOnly } from './parameters.ts';
import type { V1Dependencies } from './v1-dependencies.ts';

type Handler = (c: Context) => Response | Promise<Response>;

/**
 * Puts a described operation at its path of an app that is mounted at `/v1`. It takes the parameters of its
 * description and no other; `consistent` is answered for all.
 */
export function addRead(
  app: Hono,
  { caughtUp }: Pick<V1Dependencies, 'caughtUp'>,
  id: OperationId,
  handler: Handler,
): void {
  const { path, parameters } = operation(id);
  app.get(honoPath(path), async (c) => {
    takeOnly(c, parameters);
    if (isAsked(c, 'consistent')) await caughtUp();
    return handler(c);
  });
}

/** `/v1/jobs/{job}` is `/jobs/:job` inside. An incident's id holds a slash, which may come as it is. */
export function honoPath(path: string): string {
  return path
    .replace(/^\/v1/, '')
    .replace('{id}', ':id{.+}')
    .replace(/\{(\w+)\}/g, ':$1');
}
