import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../domain/events.ts';
import { createPageTarget } from '../support/device-pages.ts';
import { openReadApi, type ReadApi } from '../support/read-api.ts';
import { attempt, endOf, llamaSpec, START_US } from '../support/training-events.ts';

type Row = Record<string, unknown>;

const FAILED_US = endOf() + 3e6;
const RESTART_US = FAILED_US + 60e6;
const second = { attempt: 2, start_us: RESTART_US, first: 8, nodes: ['n1', 'n2'] };
const NOW_US = endOf(second) + 1e6;

const EVENTS: RunEvent[] = [
  llamaSpec(),
  ...attempt({ nodes: ['n1', 'n2'] }),
  { type: 'placement', job: 'a', attempt: 1, rank: 3, node: 'n2', device: 3, from_us: START_US },
  { type: 'fault', node: 'n2', device: 3, code: 'xid:79', time_us: FAILED_US - 2e6 },
  { type: 'fault', node: 'n3', device: 0, code: 'xid:48', time_us: FAILED_US - 2e6 },
  { type: 'fail', job: 'a', attempt: 1, time_us: FAILED_US, cause: 'unknown' },
  { type: 'node_state', node: 'n2', time_us: FAILED_US + 5e6, state: 'draining' },
  ...attempt(second),
];

describe('the routes of jobs and nodes over the engine', () => {
  let api: ReadApi;
  beforeAll(async () => {
    api = await openReadApi({ now_us: () => NOW_US });
    await api.store_events(EVENTS);
    const page =
      'DCGM_FI_DEV_GPU_TEMP{gpu="3",UUID="GPU-3",device="nvidia3",modelName="NVIDIA H100 80GB HBM3",Hostname="n2"} 61\n';
    await createPageTarget(api.store, 'n2:9400').scrape(page, FAILED_US / 1000 - 15_000);
  });
  afterAll(() => api.close());

  const refused = async (path: string) => {
    const response = await api.app.request(path);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    return (await response.json()) as Row;
  };

  describe('/jobs/{job}/steps', () => {
    it('is every execution with what became of it', async () => {
      const { steps, next, quality } = (await api.json('/jobs/a/steps')) as {
        steps: Row[];
        next: null;
        quality: Row;
      };
      expect(steps).toHaveLength(20);
      expect(steps.map(({ fate }) => fate)).toEqual([
        ...Array.from({ length: 7 }, () => 'productive'),
        ...Array.from({ length: 3 }, () => 'lost_work'),
        ...Array.from({ length: 10 }, () => 'productive'),
      ]);
      expect(steps[0]).toMatchObject({
        attempt: 1,
        step: 1,
        start: new Date((START_US + 10e6) / 1000).toISOString(),
        net_s: 2,
        step_s: 2,
        tokens: 65_536,
        tokens_per_s: 32_768,
        devices: 8,
        kind: 'train',
      });
      const [first] = steps as unknown as [{ mfu_ratio: { mm_causal: number } }];
      const report = (await api.json('/jobs/a')) as { mfu_ratio: { mm_causal: number } };
      expect(first.mfu_ratio.mm_causal).toBeCloseTo(report.mfu_ratio.mm_causal, 12);
      expect(next).toBeNull();
      expect(quality).toHaveProperty('coverage_ratio');
    });

    it('takes filters, and refuses values that are none', async () => {
      expect((await api.json('/jobs/a/steps?fate=lost_work'))['steps']).toHaveLength(3);
      expect((await api.json('/jobs/a/steps?attempt=2&kind=train'))['steps']).toHaveLength(10);
      const from = START_US / 1e6 + 14;
      expect((await api.json(`/jobs/a/steps?from=${from}&to=${from + 4}`))['steps']).toHaveLength(2);
      expect(await refused('/jobs/a/steps?fate=eaten')).toMatchObject({ status: 400, title: 'Bad fate' });
      expect(await refused('/jobs/a/steps?attempt=x')).toMatchObject({ status: 400, title: 'Bad attempt' });
      expect(await refused('/jobs/a/steps?rank=1')).toMatchObject({
        status: 400,
        title: 'Unknown parameter',
      });
      expect(await refused('/jobs/a/steps?cursor=am9iczph')).toMatchObject({ title: 'Bad cursor' });
    });

    it('gives every step once, page by page, also when a late one arrives in between', async () => {
      const seen: string[] = [];
      let path: string | null = '/jobs/a/steps?limit=8';
      while (path !== null) {
        const { steps, next } = (await api.json(path)) as { steps: Row[]; next: string | null };
        seen.push(...steps.map(({ attempt, step }) => `${attempt}/${step}`));
        // a line of the first attempt that was late: it lies before the cursor and must shift nothing
        if (seen.length === 8) {
          const begin_us = START_US + 5e6;
          await api.store_events([
            { type: 'step', job: 'a', attempt: 1, step: 0, start_us: begin_us, end_us: begin_us + 2e6 },
          ]);
        }
        path = next === null ? null : `/jobs/a/steps?limit=8&cursor=${next}`;
      }
      expect(seen).toHaveLength(20);
      expect(new Set(seen).size).toBe(20);
    });
  });

  describe('/incidents/{id}', () => {
    it.each(['/incidents/a/1', '/incidents/a%2F1'])(
      'is the ladder, the cost and the faults around it at %s',
      async (path) => {
        const incident = await api.json(path);
        expect(incident).toMatchObject({
          id: 'a/1',
          job: 'a',
          kind: 'interruption',
          state: 'recovered',
          node: 'n2',
        });
        expect(incident['ladder']).toContainEqual(
          expect.objectContaining({ rung: 'processes_up', after_s: 60 }),
        );
        expect(incident['faults']).toMatchObject([{ code: 'xid:79', node: 'n2', before_failure_s: 2 }]);
        expect(incident['links']).toEqual({
          runbook: '/runbooks/HeadwayJobHung',
          job: '/v1/jobs/a',
          node: '/v1/nodes/n2',
        });
        const { buckets, total, weight } = incident['lost'] as {
          buckets: Record<string, number>;
          total: number;
          weight: string;
        };
        expect(weight).toBe('device_s');
        expect(buckets).toMatchObject({ down: 480 });
        expect(total).toBeCloseTo(
          Object.values(buckets).reduce((sum, s) => sum + s, 0),
          9,
        );
        expect(total).toBeCloseTo(incident['device_seconds'] as number, 9);
      },
    );

    it('explains itself, and looks as of then', async () => {
      expect(await api.json('/incidents/a/1?explain=1')).toHaveProperty('explain.formulas');
      expect(await api.json(`/incidents/a/1?at=${FAILED_US / 1e6 + 1}`)).toMatchObject({ state: 'open' });
    });

    it('that nobody knows is a 404 that says where they are listed', async () => {
      const unknown = await refused('/incidents/a/9');
      expect(unknown).toMatchObject({ status: 404, title: 'Unknown incident' });
      expect(unknown['detail']).toContain('/v1/jobs/a/incidents');
      expect(await refused('/incidents/nobody%2F1')).toMatchObject({ status: 404 });
      expect(await refused('/incidents/a')).toMatchObject({ status: 404 });
    });
  });

  describe('/nodes/{node}', () => {
    it('is its devices, faults, states, jobs and incidents', async () => {
      const node = await api.json('/nodes/n2');
      expect(node).toMatchObject({ node: 'n2', state: { state: 'draining' } });
      expect(node['devices']).toMatchObject([
        { device_index: 3, vendor: 'nvidia', values: { temperature_c: 61 }, is_gone: false },
      ]);
      const [device] = node['devices'] as { age_s: number }[];
      expect(device?.age_s).toBeCloseTo((NOW_US - FAILED_US) / 1e6 + 15, 6);
      expect(node['faults']).toMatchObject([{ code: 'xid:79', device: 3 }]);
      expect(node['states']).toMatchObject([{ state: 'draining' }]);
      expect(node['jobs']).toMatchObject([
        { job: 'a', attempt: 2, to: null, ranks: [] },
        {
          job: 'a',
          attempt: 1,
          to: new Date(FAILED_US / 1000).toISOString(),
          ranks: [{ rank: 3, device: '3' }],
        },
      ]);
      expect(node['incidents']).toMatchObject([{ id: 'a/1', job: 'a' }]);
    });

    it('says what is not known of it', async () => {
      expect(await api.json('/nodes/n1')).toMatchObject({
        state: null,
        devices: [],
        quality: { newest_sample_at: null, reasons: { devices: expect.stringContaining('no telemetry') } },
      });
      expect(await refused('/nodes/n99')).toMatchObject({ status: 404, title: 'Unknown node' });
      expect(await refused('/nodes/n1?limit=1')).toMatchObject({ status: 400, title: 'Unknown parameter' });
    });
  });

  describe('/catalog', () => {
    it('lists devices with their sources, one by any of its names', async () => {
      const { hardware } = (await api.json('/catalog/hardware?limit=500')) as { hardware: Row[] };
      expect(hardware.length).toBeGreaterThan(20);
      expect(hardware.every(({ source, read_on }) => source !== '' && read_on !== '')).toBe(true);
      const named = await api.json(`/catalog/hardware/${encodeURIComponent('NVIDIA H100 80GB HBM3')}`);
      expect(named).toMatchObject({ peak_flops: { bf16: 989e12 } });
      expect(await refused('/catalog/hardware/abacus')).toMatchObject({ status: 404 });
    });

    it('lists models, metrics, causes and fields', async () => {
      expect(await api.json('/catalog/models/llama3-8b')).toMatchObject({
        flops: { parameters: 8_030_261_248 },
      });
      expect((await api.json('/catalog/models'))['model_types']).toContain('llama');
      expect(await refused('/catalog/models/none')).toMatchObject({ status: 404, title: 'Unknown model' });
      const { metrics } = (await api.json('/catalog/metrics?limit=500')) as { metrics: Row[] };
      expect(metrics.map(({ name }) => name)).toContain('headway_job_goodput_ratio');
      const { causes } = (await api.json('/catalog/causes?limit=500')) as { causes: Row[] };
      expect(causes.find(({ code }) => code === 'xid:79')).toMatchObject({ role: 'cause' });
      const { fields } = (await api.json('/catalog/fields?vendor=amd&limit=1000')) as { fields: Row[] };
      expect(new Set(fields.map(({ vendor }) => vendor))).toEqual(new Set(['amd']));
      expect(await refused('/catalog/fields?vendor=abc')).toMatchObject({ status: 400, title: 'Bad vendor' });
    });
  });
});
