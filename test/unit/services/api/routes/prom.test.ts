import { describe, expect, it } from 'vitest';
import { silentLog } from '../../../../../platform/log.ts';
import { Unreached } from '../../../../../platform/store/server-errors.ts';
import { StoreError } from '../../../../../platform/store/store.ts';
import { PROMQL_DEFAULTS } from '../../../../../services/api/promql/config.ts';
import type { SeriesSource } from '../../../../../services/api/promql/series-source.ts';
import { createPromRoutesOver } from '../../../../../services/api/routes/prom.ts';
import { createMemorySource } from '../../../../support/prometheus-memory-series.ts';

const NOW_S = 1_769_900_000;
const clock = { now_us: () => NOW_S * 1e6 };

function appOver(source: SeriesSource, config = PROMQL_DEFAULTS) {
  return createPromRoutesOver(source, { clock, config, log: silentLog });
}

const app = appOver(
  createMemorySource([
    { name: 'up', labels: { job: 'dcgm' }, samples: [{ ts_ms: NOW_S * 1000, value: 1 }] },
    {
      name: 'odd',
      labels: { job: 'x' },
      samples: [{ ts_ms: NOW_S * 1000, value: Number.POSITIVE_INFINITY }],
    },
  ]),
);

const form = { 'content-type': 'application/x-www-form-urlencoded' };
const get = async (path: string) => (await app.request(`/api/v1/${path}`)).json();

describe('what Grafana, vmalert and Perses send', () => {
  it("Grafana's health check: a time of 1970", async () => {
    const response = await app.request('/api/v1/query', {
      method: 'POST',
      headers: form,
      body: 'query=1%2B1&time=4',
    });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe(
      '{"status":"success","data":{"resultType":"scalar","result":[4,"2"]}}',
    );
  });

  it('vmalert: everything in the URL of a POST, with an empty JSON body', async () => {
    const response = await app.request(`/api/v1/query?query=up&step=300s&time=${NOW_S}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });
    expect(await response.json()).toEqual({
      status: 'success',
      data: {
        resultType: 'vector',
        result: [{ metric: { __name__: 'up', job: 'dcgm' }, value: [NOW_S, '1'] }],
      },
    });
  });

  it('a form goes before the URL', async () => {
    const response = await app.request('/api/v1/query?query=1&time=5', {
      method: 'POST',
      headers: form,
      body: 'query=2',
    });
    expect(await response.json()).toMatchObject({ data: { result: [5, '2'] } });
  });

  it.each(['15', '15.0', '15s', '0.25m'.replace('0.25m', '15000ms')])('step %s', async (step) => {
    const answer = await get(`query_range?query=up&start=${NOW_S}&end=${NOW_S + 40}&step=${step}`);
    expect(answer).toMatchObject({
      data: {
        resultType: 'matrix',
        result: [
          {
            values: [
              [NOW_S, '1'],
              [NOW_S + 15, '1'],
              [NOW_S + 30, '1'],
            ],
          },
        ],
      },
    });
  });

  it.each([
    [String(NOW_S), NOW_S],
    [`${NOW_S}.5`, NOW_S + 0.5],
    ['2026-01-31T22:53:20Z', NOW_S],
    ['2026-01-31T23:53:20.250+01:00', NOW_S + 0.25],
  ])('time %s', async (time, want) => {
    expect(await get(`query?query=time()&time=${encodeURIComponent(time)}`)).toMatchObject({
      data: { result: [want, String(want)] },
    });
  });

  it('no time is now', async () => {
    expect(await get('query?query=time()')).toMatchObject({ data: { result: [NOW_S, String(NOW_S)] } });
  });

  it('values that JSON has no number for', async () => {
    expect(await get('query?query=odd')).toMatchObject({ data: { result: [{ value: [NOW_S, '+Inf'] }] } });
    expect(await get('query?query=-odd')).toMatchObject({ data: { result: [{ value: [NOW_S, '-Inf'] }] } });
    expect(await get('query?query=odd-odd')).toMatchObject({ data: { result: [{ value: [NOW_S, 'NaN'] }] } });
  });

  it('buildinfo without a map of features', async () => {
    const answer = (await get('status/buildinfo')) as { data: Record<string, unknown> };
    expect(answer.data['version']).toBe('2.42.0');
    expect(answer.data).not.toHaveProperty('features');
  });

  it('rules, alerts and exemplars are empty, whatever unit their times are in', async () => {
    expect(await get('rules')).toEqual({ status: 'success', data: { groups: [] } });
    expect(await get('alerts')).toEqual({ status: 'success', data: { alerts: [] } });
    expect(await get('query_exemplars?query=test&start=1769900000000&end=1769900000001')).toEqual({
      status: 'success',
      data: [],
    });
  });

  it('metadata of derived metrics and of device fields', async () => {
    const { data } = (await get('metadata?limit=40000')) as {
      data: Record<string, { type: string; help: string }[]>;
    };
    expect(data['headway_job_mfu_ratio']?.[0]).toMatchObject({
      type: 'gauge',
      help: expect.stringMatching(/./),
    });
    expect(data['DCGM_FI_DEV_GPU_UTIL']?.[0]?.type).toBe('gauge');
    expect(Object.keys(((await get('metadata?limit=2')) as { data: object }).data)).toHaveLength(2);
    const one = (await get('metadata?metric=headway_job_devices')) as { data: object };
    expect(Object.keys(one.data)).toEqual(['headway_job_devices']);
  });
});

describe("errors keep Prometheus's envelope", () => {
  it.each([
    ['query?query=', 400, 'bad_data', 'unexpected end of input'],
    ['query?query=nope(up)', 400, 'bad_data', 'unknown function with name "nope"'],
    ['query?query=up&time=yesterday', 400, 'bad_data', 'invalid parameter "time"'],
    ['query?query=up&timeout=long', 400, 'bad_data', 'invalid parameter "timeout"'],
    ['query?query=topk(NaN,up)', 422, 'execution', 'overflows int64'],
    ['query?query=up&timeout=0', 503, 'timeout', 'timed out'],
    ['query_range?query=up&start=1&end=2', 400, 'bad_data', 'invalid parameter "step"'],
    ['query_range?query=up&start=1&end=2&step=0', 400, 'bad_data', 'zero or negative'],
    ['query_range?query=up&start=1&end=2&step=0.0001', 400, 'bad_data', 'zero or negative'],
    ['query_range?query=up&start=2&end=1&step=1', 400, 'bad_data', 'must not be before'],
    [
      'query_range?query=up&start=0&end=11001&step=1',
      400,
      'bad_data',
      'exceeded maximum resolution of 11,000 points',
    ],
    ['query_range?query=up&start=&end=1&step=1', 400, 'bad_data', 'invalid parameter "start"'],
    ['query_range?query="text"&start=0&end=1&step=1', 400, 'bad_data', 'invalid expression type "string"'],
    ['series', 400, 'bad_data', 'no match[] parameter provided'],
    ['labels?limit=many', 400, 'bad_data', 'invalid parameter "limit"'],
    ['nothing', 404, 'not_found', 'not part of this Prometheus-compatible API'],
  ])('%s', async (path, status, errorType, message) => {
    const response = await movingApp().request(`/api/v1/${path}`);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({
      status: 'error',
      errorType,
      error: expect.stringContaining(message),
    });
  });

  it('a form above the limit, counted as it arrives', async () => {
    const small = appOver(createMemorySource([]), { ...PROMQL_DEFAULTS, body_bytes_max: 10 });
    const response = await small.request('/api/v1/query', {
      method: 'POST',
      headers: form,
      body: 'query=1%2B1%2B1',
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: expect.stringContaining('config promql.body_bytes_max'),
    });
  });

  it.each([
    ['too_slow', 503, 'timeout'],
    ['too_many_rows', 422, 'execution'],
    ['too_much_memory', 422, 'execution'],
    ['failed', 500, 'internal'],
  ] as const)('the store says %s', async (code, status, errorType) => {
    const source: SeriesSource = {
      ...createMemorySource([]),
      select: () => Promise.reject(new StoreError(code, 'secret of the engine')),
    };
    const response = await appOver(source).request('/api/v1/query?query=up');
    expect(response.status).toBe(status);
    const answer = (await response.json()) as { errorType: string; error: string };
    expect(answer.errorType).toBe(errorType);
    expect(answer.error).not.toContain('secret');
  });

  it('the tables are away', async () => {
    const cause = new Unreached('secret address', true, null);
    const source: SeriesSource = {
      ...createMemorySource([]),
      select: () => Promise.reject(new StoreError('failed', 'secret address', { cause })),
    };
    const response = await appOver(source).request('/api/v1/query?query=up');
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({
      errorType: 'unavailable',
      error: expect.not.stringContaining('secret'),
    });
  });
});

/** Its clock moves at every look, so that a timeout of 0 is passed. */
function movingApp() {
  let now_us = NOW_S * 1e6;
  return createPromRoutesOver(createMemorySource([]), {
    clock: { now_us: () => (now_us += 1) },
    config: PROMQL_DEFAULTS,
    log: silentLog,
  });
}
