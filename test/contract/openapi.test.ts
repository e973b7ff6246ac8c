import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { RunEvent } from '../../domain/events.ts';
import { openSpool } from '../../platform/bus/spool.ts';
import { systemClock } from '../../platform/clock.ts';
import { silentLog } from '../../platform/log.ts';
import { startTelemetry } from '../../platform/telemetry/telemetry.ts';
import { HEADWAY_DEFAULTS } from '../../services/all-in-one/config.ts';
import { createApp } from '../../services/all-in-one/routes.ts';
import { rulesOfFile } from '../../services/api/alerts/rule-file.ts';
import { createDocsRoutes } from '../../services/api/openapi/docs-routes.ts';
import { OPENAPI_FILE, openapiText } from '../../services/api/openapi/openapi-file.ts';
import { OPERATIONS } from '../../services/api/openapi/operations.ts';
import { createCollector } from '../../services/collector/collector.ts';
import { slowMember } from '../support/collective-records.ts';
import { createPageTarget } from '../support/device-pages.ts';
import { misfits } from '../support/json-schema.ts';
import { openReadApi, type ReadApi } from '../support/read-api.ts';
import { publishResults } from '../support/result-rows.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { attempt, endOf, llamaSpec, START_US } from '../support/training-events.ts';

const ROOT = new URL('../../', import.meta.url);
const RULES = 'dashboards/generated/headway.rules.prometheus.yml';

type Json = Record<string, unknown>;
interface Document {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<string, { operationId: string; responses: Json; parameters: { name: string; in: string }[] }>
      >
    >
  >;
  readonly components: { readonly schemas: Json };
}
const committed = readFileSync(new URL(OPENAPI_FILE, ROOT), 'utf8');
const document = JSON.parse(committed) as Document;

describe('the description of the API', () => {
  it('is what `npm run generate` makes of the types of the answers', { timeout: 60_000 }, () => {
    expect(committed === openapiText(fileURLToPath(ROOT)), `${OPENAPI_FILE} is old: npm run generate`).toBe(
      true,
    );
  });

  it('has every route under /v1 that the product answers, and no other', async () => {
    const store = {
      query: () => Promise.reject(new Error('asked')),
      command: () => Promise.reject(new Error('asked')),
      insertRows: () => Promise.reject(new Error('asked')),
      insertRowBinary: () => Promise.reject(new Error('asked')),
      close: async () => {},
    };
    const config = HEADWAY_DEFAULTS;
    const spool = await openSpool(await temporaryFolder(), config.spool, silentLog);
    const telemetry = startTelemetry(config.telemetry, { log: silentLog, version: 'test' });
    onTestFinished(async () => {
      await spool.close();
      await telemetry.shutdown();
    });
    const parts = { config, log: silentLog, clock: systemClock, store, telemetry, caughtUp: async () => {} };
    const collector = createCollector({
      config: config.collector,
      bus: spool.writer,
      clock: systemClock,
      log: silentLog,
    });
    const app = createApp({ ...parts, collector: collector.routes });
    const registered = app.routes
      .filter(({ method, path }) => method !== 'ALL' && path.startsWith('/v1/'))
      .map(({ method, path }) => `${method.toLowerCase()} ${path.replace(/:(\w+)(\{[^}]*\})?/g, '{$1}')}`);
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    expect([...new Set(registered)].sort()).toEqual(described.sort());
  });

  it('names the parameters that the routes take', () => {
    for (const { path, parameters } of OPERATIONS) {
      const operation = Object.values(document.paths[path] ?? {})[0];
      const named = operation?.parameters.filter((one) => one.in === 'query').map(({ name }) => name) ?? [];
      expect(
        named.filter((name) => name !== 'consistent'),
        path,
      ).toEqual([...parameters]);
    }
  });
});

const FAILED_US = endOf() + 3e6;
const second = { attempt: 2, start_us: FAILED_US + 60e6, first: 8, nodes: ['n1'] };
const EVENTS: RunEvent[] = [
  llamaSpec({ baseline: { job: 'small' } }),
  ...attempt({ nodes: ['n1', 'n2'] }),
  { type: 'placement', job: 'a', attempt: 1, rank: 3, node: 'n1', device: 3, from_us: START_US },
  { type: 'fault', node: 'n1', device: 3, code: 'xid:79', time_us: FAILED_US - 2e6, message: 'fell off' },
  { type: 'fail', job: 'a', attempt: 1, time_us: FAILED_US, cause: 'nccl_timeout', node: 'n1' },
  { type: 'node_state', node: 'n1', time_us: FAILED_US + 5e6, state: 'healthy' },
  ...attempt(second),
  ...slowMember('a', 8),
  llamaSpec({ job: 'small' }),
  ...attempt({ job: 'small', devices: 1, step_s: 14 }),
  ...attempt({ job: 'bare', steps: 2 }),
];
const NOW_US = endOf(second) + 400e6;

const ASKED: readonly (readonly [id: (typeof OPERATIONS)[number]['id'], path: string])[] = [
  ['listJobs', '/jobs?limit=1'],
  ['getJob', '/jobs/a'],
  ['getJob', '/jobs/a?windows=60&explain=1'],
  ['getJob', '/jobs/bare'],
  ['getLedger', '/jobs/a/ledger?windows=60'],
  ['getLedger', '/jobs/a/ledger?revision=1'],
  ['listRevisions', '/jobs/a/revisions'],
  ['getFleet', '/fleet?from=0'],
  ['listSteps', '/jobs/a/steps'],
  ['listSteps', '/jobs/bare/steps?limit=1'],
  ['listIncidents', '/jobs/a/incidents'],
  ['getEfficiency', '/jobs/a/efficiency'],
  ['getStragglers', '/jobs/a/stragglers'],
  ['getCollectives', '/jobs/a/collectives'],
  ['getCollectives', '/jobs/bare/collectives'],
  ['getLinearity', '/jobs/a/linearity'],
  ['getLinearity', '/jobs/bare/linearity'],
  ['getIncident', '/incidents/a/1'],
  ['getNode', '/nodes/n1'],
  ['getNode', '/nodes/n2'],
  ['listHardware', '/catalog/hardware?limit=1000'],
  ['getHardware', '/catalog/hardware/h100-sxm'],
  ['listModels', '/catalog/models'],
  ['getModel', '/catalog/models/llama3-8b'],
  ['listMetrics', '/catalog/metrics'],
  ['listCauses', '/catalog/causes?limit=1000'],
  ['listFields', '/catalog/fields?limit=1000'],
  ['listBaselines', '/catalog/baselines'],
  ['listAlerts', '/alerts'],
  ['listAlertHistory', '/alerts/history'],
];

describe('real answers', () => {
  let api: ReadApi;
  beforeAll(async () => {
    const rules = rulesOfFile(readFileSync(new URL(RULES, ROOT), 'utf8'), RULES);
    api = await openReadApi({ now_us: () => NOW_US, rules });
    await api.store_events(EVENTS);
    await publishResults(api.store, EVENTS, NOW_US);
    const page =
      'DCGM_FI_DEV_GPU_TEMP{gpu="3",UUID="GPU-3",device="nvidia3",modelName="NVIDIA H100 80GB HBM3",Hostname="n1"} 61\n';
    await createPageTarget(api.store, 'n1:9400').scrape(page, FAILED_US / 1000 - 15_000);
  });
  afterAll(() => api.close());

  it.each(ASKED)('of %s at %s are as described, and hold nothing else', async (id, path) => {
    const operation = Object.values(document.paths)
      .flatMap((methods) => Object.values(methods))
      .find((one) => one.operationId === id);
    const response = operation?.responses['200'] as { content: Record<string, { schema: Json }> } | undefined;
    const schema = response?.content['application/json']?.schema;
    if (schema === undefined) throw new Error(`${id} is not described`);
    expect(misfits(await api.json(path), schema, document.components.schemas)).toEqual([]);
  });

  it('that are problems are as described', async () => {
    for (const path of ['/jobs/nobody', '/jobs/a?wrong=1', '/incidents/a/7', '/nodes/n9']) {
      const body: unknown = await (await api.app.request(path)).json();
      const problem = document.components.schemas['Problem'] as Json;
      expect(misfits(body, problem, document.components.schemas), path).toEqual([]);
    }
  });

  it('of every operation are asked for here, but for streams and posts', () => {
    const asked = new Set<string>(ASKED.map(([id]) => id));
    const left = OPERATIONS.map(({ id }) => id).filter((id) => !asked.has(id));
    expect(left).toEqual(['stream', 'sendEvents']);
  });
});

describe('/docs', () => {
  it('draws every operation, without a script and without another host', async () => {
    const app = createDocsRoutes(ROOT);
    const response = await app.request('/docs');
    const html = await response.text();
    for (const { id } of OPERATIONS) expect(html).toContain(`<article id="${id}">`);
    expect(html).not.toMatch(/<script|https?:\/\//);
    expect(html).not.toContain('[object Object]');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await (await app.request('/openapi.json')).json()).toEqual(document);
    expect((await app.request('/docs/style.css')).headers.get('content-type')).toContain('text/css');
  });
});
