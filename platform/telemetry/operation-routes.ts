import { Hono } from 'hono';
import { TELEMETRY_DEFAULTS } from './config.ts';

/** A check says yes, with what an operator should see to all the same, or no with the reason to act on. */
export type Readiness =
  | { readonly ok: true; readonly warning?: string }
  | { readonly ok: false; readonly reason: string };

export interface OperationRoutesOptions {
  /** Prometheus text of `GET /metrics`. */
  readonly prometheusText: () => Promise<string>;
  /** What must work before traffic may come (`store`, `bus`), by name. A check that throws or hangs has failed. */
  readonly checks?: Readonly<Record<string, () => Promise<Readiness>>>;
  readonly readiness_timeout_s?: number;
}

/**
 * `GET /healthz` (200 while the process answers), `GET /readyz` (503 and the reasons while a check fails) and
 * `GET /metrics` (Prometheus text 0.0.4), the three routes an orchestrator and a Prometheus ask for.
 */
export function createOperationRoutes(options: OperationRoutesOptions): Hono {
  const timeout_s = options.readiness_timeout_s ?? TELEMETRY_DEFAULTS.readiness_timeout_s;
  const checks = Object.entries(options.checks ?? {});
  const routes = new Hono();
  routes.use(async (context, next) => {
    await next();
    context.header('Cache-Control', 'no-store');
  });
  routes.get('/healthz', (context) => context.json({ status: 'ok' }));
  routes.get('/readyz', async (context) => {
    const results = await Promise.all(
      checks.map(async ([name, check]) => [name, await judged(check, timeout_s)] as const),
    );
    const ready = results.every(([, result]) => result.ok);
    return context.json(
      { status: ready ? 'ready' : 'not_ready', checks: Object.fromEntries(results) },
      ready ? 200 : 503,
    );
  });
  routes.get('/metrics', async (context) =>
    context.body(await options.prometheusText(), 200, {
      'Content-Type': 'text/plain; version=0.0.4; charset=utf-8',
    }),
  );
  return routes;
}

async function judged(check: () => Promise<Readiness>, timeout_s: number): Promise<Readiness> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Readiness>((resolve) => {
    timer = setTimeout(
      () => resolve({ ok: false, reason: `no answer within ${timeout_s} s` }),
      timeout_s * 1000,
    );
  });
  try {
    return await Promise.race([check(), late]);
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
