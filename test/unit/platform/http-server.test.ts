import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { HTTP_SERVER_DEFAULTS, ListenFailed, listen } from '../../../platform/http-server.ts';

describe('the HTTP server', () => {
  const app = new Hono().get('/', (c) => c.text('here'));

  it('takes a free port when asked for 0 and says where it listens', async () => {
    const server = await listen(app, { ...HTTP_SERVER_DEFAULTS, port: 0 });
    expect(await (await fetch(server.url)).text()).toBe('here');
    await server.close();
    await expect(fetch(server.url)).rejects.toThrow();
  });

  it('says that a port is taken, which one, and what to do', async () => {
    const first = await listen(app, { ...HTTP_SERVER_DEFAULTS, port: 0 });
    const port = Number(new URL(first.url).port);
    const failure = await listen(app, { ...HTTP_SERVER_DEFAULTS, port }).catch((error: unknown) => error);
    await first.close();
    expect(failure).toBeInstanceOf(ListenFailed);
    expect(String(failure)).toContain(`127.0.0.1:${port}`);
    expect(String(failure)).toContain('--port');
  });

  it('lets a request under way finish before it closes', async () => {
    let release = () => {};
    let enter = () => {};
    const entered = new Promise<void>((resolve) => {
      enter = resolve;
    });
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow = new Hono().get('/', async (c) => {
      enter();
      await held;
      return c.text('finished');
    });
    const server = await listen(slow, { ...HTTP_SERVER_DEFAULTS, port: 0 });
    const answer = fetch(server.url).then((response) => response.text());
    await entered;
    const closed = server.close();
    release();
    expect(await answer).toBe('finished');
    await closed;
  });
});
