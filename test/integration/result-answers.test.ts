import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isJobScoped, type JobScopedEvent } from '../../domain/events.ts';
import { accountOf } from '../../domain/ledger/account.ts';
import { ledgerOf } from '../../domain/ledger/ledger.ts';
import { jobReport } from '../../domain/report/job-report.ts';
import { namedQuery } from '../../platform/store/named-queries.ts';
import { openReadApi, type ReadApi } from '../support/read-api.ts';
import { publishResults } from '../support/result-rows.ts';
import { attempt, endOf, llamaSpec, START_US } from '../support/training-events.ts';

const FAIL_US = endOf({ steps: 30 }) + 7e6;
const AGAIN = { attempt: 2, start_us: FAIL_US + 95e6, first: 21, steps: 30, nodes: ['n1'] };
const SMALL = { job: 'b', devices: 8, steps: 15, step_s: 3 };
const FIRST: JobScopedEvent[] = [llamaSpec({ device_count: 64 }), ...attempt({ steps: 30, devices: 64 })];
const EVENTS: JobScopedEvent[] = [
  ...FIRST,
  { type: 'fail', job: 'a', attempt: 1, time_us: FAIL_US, cause: 'xid:79', node: 'n1' },
  { type: 'mark', job: 'a', kind: 'detect', time_us: FAIL_US + 4e6 },
  ...attempt({ ...AGAIN, devices: 64 }),
  { type: 'capacity', job: 'a', time_us: AGAIN.start_us + 20e6, stepping: 48, available: 64, total: 64 },
  {
    type: 'span',
    job: 'a',
    attempt: 2,
    kind: 'ckpt_save',
    start_us: AGAIN.start_us + 31e6,
    end_us: AGAIN.start_us + 33e6,
  },
  {
    type: 'span',
    job: 'a',
    attempt: 2,
    kind: 'ckpt_save',
    start_us: AGAIN.start_us + 33e6,
    end_us: AGAIN.start_us + 39e6,
    blocking: false,
  },
  { type: 'exclude', job: 'a', start_us: START_US + 20e6, end_us: START_US + 24e6, reason: 'drill' },
  llamaSpec({ job: 'b', baseline: { job: 'a' } }),
  ...attempt(SMALL),
];
const REPORTED_US = endOf({ steps: 30 });
const NOW_US = endOf(AGAIN) + 3e6;
const account = accountOf(EVENTS, { job: 'a', at_us: NOW_US });

let api: ReadApi;
beforeAll(async () => {
  api = await openReadApi({ now_us: () => NOW_US });
  await api.store_events(EVENTS);
  await publishResults(api.store, FIRST, REPORTED_US);
  await publishResults(api.store, EVENTS, NOW_US);
});
afterAll(() => api.close());

const range = { job: 'a', from_us: START_US + 13e6, to_us: NOW_US - 11e6 };

describe('questions to the result tables', () => {
  it('answer windows that are those of the ledger, to the microsecond, and add up', async () => {
    const size_us = 17e6;
    const rows = await api.store.query<{ window_from_us: number; bucket: string; wall_us: number }>(
      namedQuery('results_goodput_windows'),
      { ...range, size_us },
    );
    const ledger = ledgerOf(account, { ...range, windows_us: { size_us, count_max: 1000 } });
    const told = ledger.windows.flatMap(({ from_us, buckets_s }) =>
      Object.entries(buckets_s).map(([bucket, seconds]) => [from_us, bucket, Math.round(seconds * 1e6)]),
    );
    const asked = rows.map(({ window_from_us, bucket, wall_us }) => [window_from_us, bucket, wall_us]);
    expect(asked.sort()).toEqual(told.sort());
    expect(rows.reduce((sum, { wall_us }) => sum + wall_us, 0)).toBe(range.to_us - range.from_us);
  });

  it('answer device-seconds by bucket and cause, the missing devices of an elastic job apart', async () => {
    const rows = await api.store.query<{ bucket: string; cause: string; device_us: number }>(
      namedQuery('results_cost_by_cause'),
      range,
    );
    const ledger = ledgerOf(account, range);
    const sums: Record<string, number> = {};
    const causes: Record<string, number> = {};
    for (const { bucket, cause, device_us } of rows) {
      sums[bucket] = (sums[bucket] ?? 0) + device_us / 1e6;
      if (cause !== '') causes[cause] = (causes[cause] ?? 0) + device_us / 1e6;
    }
    expect(sums).toEqual(ledger.device_seconds);
    expect(causes).toEqual(ledger.cost_by_cause_device_seconds);
    expect(sums['elastic_slice_down']).toBeGreaterThan(0);
  });

  it('answer MFU as a join of steps and specification: over one job of even steps that of the report', async () => {
    const [row] = await api.store.query<Record<string, number>>(namedQuery('results_mfu_windows'), {
      job: 'b',
      from_us: START_US,
      to_us: NOW_US,
      size_us: NOW_US - START_US,
    });
    const { mfu_ratio } = jobReport(
      EVENTS.filter((event) => event.job === 'b'),
      { job: 'b' },
    );
    expect(row?.['steps']).toBe(15);
    expect(row?.['mfu_mm_causal']).toBeCloseTo(mfu_ratio?.mm_causal ?? Number.NaN, 12);
    expect(row?.['mfu_six_n']).toBeCloseTo(mfu_ratio?.six_n ?? Number.NaN, 12);
  });
});

describe('answers from the result tables', () => {
  it('are the ledger as it was reported, and as it is now', async () => {
    const { revisions } = await api.json('/jobs/a/revisions');
    expect(revisions).toMatchObject([{ revision: 1, reason: 'first' }, { revision: 2 }]);
    const before = ledgerOf(accountOf(FIRST, { job: 'a', at_us: REPORTED_US }));
    const reported = await api.json('/jobs/a/ledger?revision=1');
    expect(reported).toMatchObject({ revision: 1, goodput_ratio: before.goodput_ratio });
    expect(reported['buckets_s']).toEqual(before.buckets_s);
    const at = new Date(REPORTED_US / 1000).toISOString();
    expect((await api.json(`/jobs/a/ledger?as_reported_at=${at}`))['buckets_s']).toEqual(before.buckets_s);
    const now = await api.json('/jobs/a/ledger?revision=2');
    const plain = await api.json('/jobs/a/ledger');
    for (const field of ['buckets_s', 'device_seconds', 'incidents', 'cost_by_cause_device_seconds']) {
      expect(now[field], field).toEqual(plain[field]);
    }
  });

  it('are the ledger that all events give as of the publication, in any range and windows', async () => {
    const as_of = `made_from=events&at=${NOW_US}`;
    const inner = `from=${range.from_us}&to=${range.to_us}`;
    for (const job of ['a', 'b']) {
      for (const query of ['', `&${inner}`, `&${inner}&windows=17`, '&windows=60']) {
        const { quality, ...published } = await api.json(`/jobs/${job}/ledger?made_from=published${query}`);
        const { quality: _, ...events } = await api.json(`/jobs/${job}/ledger?${as_of}${query}`);
        expect(published, `${job} ${query}`).toEqual(events);
        expect(quality).toMatchObject({ made_from: 'published', accounted_until: expect.any(String) });
      }
    }
    const { overlapped_s, capacity } = await api.json('/jobs/a/ledger?made_from=published');
    expect([overlapped_s, capacity]).toEqual([{ ckpt_save: 6 }, expect.any(Object)]);
  });

  it('are those of large jobs by themselves, unless they are old or more is asked for', async () => {
    const large = { ledger_events_max: 10, ledger_age_max_s: 60 };
    const made = async (query: string, late_s = 0) => {
      const app = api.routes(large, () => NOW_US + late_s * 1e6);
      const body = (await (await app.request(`/jobs/a/ledger${query}`)).json()) as Record<string, unknown>;
      return (body['quality'] as Record<string, unknown>)['made_from'];
    };
    expect(await made('')).toBe('published');
    expect(await made('', 61)).toBe('events');
    for (const query of [
      '?made_from=events',
      '?explain=1',
      '?consistent=1',
      `?at=${NOW_US}`,
      '?revision=1',
    ]) {
      expect(await made(query), query).toBe('events');
    }
    const status = async (path: string) => (await api.app.request(path)).status;
    expect(await status('/jobs/a/ledger?made_from=published&explain=1')).toBe(400);
    expect(await status('/jobs/a/ledger?made_from=guess')).toBe(400);
    expect(await status('/jobs/nobody/ledger?made_from=published')).toBe(404);
    expect((await api.json('/jobs/a/ledger'))['quality']).toMatchObject({ made_from: 'events' });
  });

  it('account the scaling of a job against the job that it names', async () => {
    const factors = async (job: string) => {
      const { effective_compute } = await api.json(`/jobs/${job}`);
      return (effective_compute as { factors: { factor: string; is_known: boolean; ratio: number }[] })
        .factors;
    };
    const [a, b] = [await api.json('/jobs/a'), await api.json('/jobs/b')];
    const told = (await factors('b')).find(({ factor }) => factor === 'linearity');
    expect(told?.is_known).toBe(true);
    const rates = [b, a].map((report) => Number(report['tokens_per_s_per_device']));
    expect(told?.ratio).toBeCloseTo((rates[0] ?? 0) / (rates[1] ?? 0), 2);
    expect((await factors('a')).find(({ factor }) => factor === 'linearity')?.is_known).toBe(false);
  });

  it('are problems with a mend for a revision, a time and a job that are not there', async () => {
    const status = async (path: string) => (await api.app.request(path)).status;
    expect(await status('/jobs/a/ledger?revision=7')).toBe(400);
    expect(await status('/jobs/a/ledger?as_reported_at=1970-01-01T00:00:00Z')).toBe(400);
    expect(await status('/jobs/nobody/revisions')).toBe(404);
  });

  it('are the fleet as one, weighted by devices, with the plain mean beside', async () => {
    const from = START_US / 1000;
    const fleet = await api.json(`/fleet?from=${from}&to=${NOW_US / 1000}`);
    const b = accountOf(EVENTS.filter(isJobScoped), { job: 'b', at_us: NOW_US });
    const ledgers = [account, b].map((one) => ledgerOf(one, { from_us: START_US, to_us: NOW_US }));
    const held = (one: (typeof ledgers)[number]) =>
      Object.values(one.device_seconds).reduce((sum, value) => sum + value, 0) -
      (one.device_seconds.excluded ?? 0);
    const productive = ledgers.reduce((sum, one) => sum + (one.device_seconds.productive ?? 0), 0);
    const whole = ledgers.reduce((sum, one) => sum + held(one), 0);
    expect(fleet['goodput_ratio']).toBeCloseTo(productive / whole, 12);
    const mean = ledgers.reduce((sum, one) => sum + (one.goodput_ratio ?? 0), 0) / 2;
    expect(fleet['unweighted_goodput_ratio']).toBeCloseTo(mean, 12);
    expect(fleet['quality']).toEqual({ jobs_without_devices: [], jobs_seen: 2 });
  });
});
