import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../../../domain/events.ts';
import { LIVE_DEFAULTS } from '../../../../../domain/ledger/ledger-shape.ts';
import { createLog } from '../../../../../platform/log.ts';
import { Unreached } from '../../../../../platform/store/server-errors.ts';
import { StoreError } from '../../../../../platform/store/store.ts';
import { API_DEFAULTS } from '../../../../../services/api/config.ts';
import { createV1Routes } from '../../../../../services/api/routes/v1.ts';
import { memoryReader } from '../../../../support/memory-reader.ts';
import { attempt, endOf, llamaSpec, START_US } from '../../../../support/training-events.ts';

const NOW_US = endOf() + 1e6;

const small = [llamaSpec({ job: 'small' }), ...attempt({ job: 'small', step_s: 1.6 })];
const training = [llamaSpec({ baseline: { job: 'small' } }), ...attempt()];

function ask(path: string, events: readonly RunEvent[] = [...training, ...small]): Promise<Response> {
  const app = createV1Routes({
    config: { ...API_DEFAULTS, windows_max: 100 },
    jobs: memoryReader(events),
    clock: { now_us: () => NOW_US },
    live: LIVE_DEFAULTS,
    caughtUp: async () => {},
  });
  return Promise.resolve(app.request(path));
}

type Json = Record<string, unknown>;

async function answer(path: string, events?: readonly RunEvent[]): Promise<Json> {
  const response = await ask(path, events);
  expect(response.status, path).toBe(200);
  return (await response.json()) as Json;
}

async function problem(path: string): Promise<Json> {
  const response = await ask(path);
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  const body = (await response.json()) as Json;
  expect(body['status']).toBe(response.status);
  return body;
}

const b64 = (text: string) => Buffer.from(text).toString('base64url');

describe('/jobs', () => {
  it('is a list in pages, each with the cursor of the next', async () => {
    const first = await answer('/jobs?limit=1');
    expect(first['jobs']).toMatchObject([
      { job: 'a', newest_event_at: new Date(START_US / 1000).toISOString() },
    ]);
    const second = await answer(`/jobs?limit=1&cursor=${String(first['next'])}`);
    expect(second['jobs']).toMatchObject([{ job: 'small' }]);
  });

  it('refuses a limit and a cursor that are none', async () => {
    expect(await problem('/jobs?limit=0')).toMatchObject({ status: 400, title: 'Bad limit' });
    for (const cursor of [
      '',
      '%20',
      'bm8',
      'Zm9vYmFy',
      '%F0%9F%98%80',
      `${b64('incidents:a')}`,
      `${b64('jobs:')}`,
    ]) {
      const refused = await problem(`/jobs?cursor=${cursor}`);
      expect(refused, cursor).toMatchObject({ status: 400, title: 'Bad cursor' });
    }
  });
});

describe('/jobs/{job}', () => {
  it('is the report, with the range it resolved', async () => {
    const report = await answer('/jobs/a');
    expect(report).toMatchObject({
      job: 'a',
      state: 'running',
      steps: 10,
      devices: 8,
      step_s: { median: 2 },
      quality: { ranks_expected: 8, spec_version: 1, baseline: 'job small' },
      range: { from: new Date(START_US / 1000).toISOString(), to: new Date(NOW_US / 1000).toISOString() },
    });
  });

  it('takes a range and a moment, in any of the spellings of time', async () => {
    const from = new Date((START_US + 14e6) / 1000).toISOString();
    expect(await answer(`/jobs/a?from=${from}&to=now`)).toMatchObject({ steps: 8 });
    expect(await answer(`/jobs/a?at=${START_US / 1e6 + 16}`)).toMatchObject({ steps: 3, last_step: 3 });
    expect(await answer('/jobs/a?at=now-11s')).toMatchObject({ steps: 5 });
  });

  it('finds a job whatever it is called', async () => {
    const events = attempt({ job: 'team/run 1?' });
    expect(await answer('/jobs/team%2Frun%201%3F', events)).toMatchObject({ job: 'team/run 1?', steps: 10 });
  });

  it('explains its figures by their inputs', async () => {
    const { explain } = (await answer('/jobs/a?explain=1')) as { explain: Json };
    expect(explain['newest_steps']).toHaveLength(10);
    expect(explain).toMatchObject({ spec: { model: 'llama3-8b' }, peak_flops: 989e12 });
    expect(await answer('/jobs/a')).not.toHaveProperty('explain');
  });

  it('answers a problem for an unknown job and an unreadable time', async () => {
    expect(await problem('/jobs/nobody')).toMatchObject({ status: 404, title: 'Unknown job' });
    expect(await problem('/jobs/a?from=yesterday')).toMatchObject({ status: 400, title: 'Bad time' });
    expect(await problem('/jobs/a?from=now&to=now-1h')).toMatchObject({ status: 400, title: 'Empty range' });
  });
});

describe('/jobs/{job}/ledger', () => {
  it('is the ledger in windows that add up', async () => {
    const ledger = await answer('/jobs/a/ledger?windows=10');
    expect(ledger).toMatchObject({ job: 'a', horizon_s: 31, buckets_s: { productive: 20, startup: 10 } });
    const windows = ledger['windows'] as { buckets_s: { productive?: number } }[];
    expect(windows).toHaveLength(4);
    expect(windows.reduce((sum, { buckets_s }) => sum + (buckets_s.productive ?? 0), 0)).toBe(20);
    expect(ledger).toHaveProperty('quality.coverage_ratio');
  });

  it('refuses windows that are no length, or too many', async () => {
    expect(await problem('/jobs/a/ledger?windows=-1')).toMatchObject({ status: 400, title: 'Bad windows' });
    expect(await problem('/jobs/a/ledger?windows=0.1')).toMatchObject({ title: 'Too many windows' });
  });
});

describe('/jobs/{job}/incidents', () => {
  const fail = { type: 'fail', job: 'a', attempt: 1, time_us: endOf(), cause: 'unknown' } as const;
  const fault = { type: 'fault', time_us: endOf() - 1e6, node: 'n1', device: 2, code: 'xid:79' } as const;

  it('lists them in pages, named by the faults of their nodes', async () => {
    const events = [...training, fail, fault];
    expect(await answer('/jobs/a/incidents', events)).toMatchObject({
      incidents: [{ kind: 'interruption', state: 'open', cause: 'xid:79', node: 'n1', device: '2' }],
      mttr: { count: 0 },
      next: null,
    });
  });

  it('refuses a cursor past the end, and one of another list', async () => {
    for (const cursor of [b64('incidents:99'), b64('incidents:x'), b64('incidents:-1'), b64('jobs:a')]) {
      const refused = await problem(`/jobs/a/incidents?cursor=${cursor}`);
      expect(refused, cursor).toMatchObject({ status: 400, title: 'Bad cursor' });
    }
  });
});

describe('/jobs/{job}/efficiency', () => {
  it('is the object of flops with the measured rates in it', async () => {
    const efficiency = await answer('/jobs/a/efficiency');
    expect(efficiency).toMatchObject({
      model: 'llama3-8b',
      parameters: 8_030_261_248,
      peak_flops: 989e12,
      tokens_per_s: 32_768,
      sequence_length: 8192,
    });
    expect(efficiency['mfu_ratio']).toEqual((efficiency['mfu_ratio_by_peak'] as Json)['bf16']);
  });
});

describe('/jobs/{job}/linearity', () => {
  it('compares with the baseline that the job names', async () => {
    expect(await answer('/jobs/a/linearity')).toMatchObject({
      definition: 'tokens',
      baseline: { job: 'small', devices: 8 },
      points: [
        { job: 'small', linearity_ratio: 1 },
        { job: 'a', linearity_ratio: 0.8 },
      ],
    });
  });

  it('takes other jobs and another definition', async () => {
    expect(await answer('/jobs/small/linearity?with=a&definition=step_time')).toMatchObject({
      definition: 'step_time',
      baseline: { job: 'small' },
    });
    expect(await problem('/jobs/a/linearity?definition=luck')).toMatchObject({ status: 400 });
    expect(await problem('/jobs/a/linearity?with=nobody')).toMatchObject({ status: 404 });
  });

  it('takes a job to compare with, which wins over the one that the job names', async () => {
    const other = [llamaSpec({ job: 'other' }), ...attempt({ job: 'other', step_s: 1 })];
    const events = [...training, ...small, ...other];
    expect(await answer('/jobs/a/linearity?baseline=other', events)).toMatchObject({
      baseline: { job: 'other' },
      points: [
        { job: 'other', linearity_ratio: 1 },
        { job: 'a', linearity_ratio: 0.5 },
      ],
    });
    expect(await answer('/jobs/a/linearity?baseline=a', events)).toMatchObject({
      baseline: { job: 'a' },
      points: [{ job: 'a', linearity_ratio: 1 }],
    });
    expect(await problem('/jobs/a/linearity?baseline=nobody')).toMatchObject({
      status: 404,
      title: 'Unknown job',
    });
  });
});

describe('parameters', () => {
  const PATHS = ['', '/ledger', '/incidents', '/efficiency', '/linearity'];

  it.each(PATHS)('of /jobs/{job}%s are known by name', async (path) => {
    const refused = await problem(`/jobs/a${path}?form=now-1h`);
    expect(refused).toMatchObject({ status: 400, title: 'Unknown parameter' });
    expect(refused['detail']).toMatch(/"form".*from, to, at, explain/);
    expect(await problem(`/jobs/a${path}?from=1&from=2`)).toMatchObject({ title: 'Parameter given twice' });
    expect(await problem(`/jobs/a${path}?explain=yes`)).toMatchObject({ status: 400, title: 'Bad explain' });
    expect(await problem(`/jobs/a${path}?consistent=2`)).toMatchObject({ title: 'Bad consistent' });
    expect(await answer(`/jobs/a${path}?from=now-1h&to=now&at=now&explain=0&consistent=1`)).toHaveProperty(
      'range',
    );
  });

  it.each(PATHS)('let /jobs/{job}%s explain itself', async (path) => {
    const { explain } = (await answer(`/jobs/a${path}?explain=1`)) as { explain: Json };
    expect(explain).toMatchObject({ lines_kept: 10, spec: { model: 'llama3-8b' }, peak_flops: 989e12 });
    expect(await answer(`/jobs/a${path}?explain=true`)).toHaveProperty('explain.formulas');
  });

  it('of the list are its pages only', async () => {
    expect(await problem('/jobs?job=a')).toMatchObject({ status: 400, title: 'Unknown parameter' });
    expect(await answer('/jobs?consistent=true&limit=5')).toHaveProperty('jobs');
  });

  it('cut the ledger of a report into windows too', async () => {
    const { ledger, quality } = (await answer('/jobs/a?windows=10')) as { ledger: Json; quality: Json };
    expect(ledger['windows']).toHaveLength(4);
    expect(ledger).not.toHaveProperty('quality');
    expect(quality).toHaveProperty('coverage_ratio');
  });
});

describe('what fails', () => {
  const failing = (error: Error) => {
    const lines: string[] = [];
    const app = createV1Routes({
      config: API_DEFAULTS,
      jobs: { ...memoryReader([]), list: () => Promise.reject(error) },
      clock: { now_us: () => NOW_US },
      live: LIVE_DEFAULTS,
      caughtUp: async () => {},
      log: createLog('error', (line) => void lines.push(line)),
    });
    return { lines, answer: () => app.request('/jobs') };
  };

  it('inside Headway is in its log, not in the answer', async () => {
    const { lines, answer } = failing(new Error('secret path'));
    const response = await answer();
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret path');
    expect(lines.join('')).toContain('secret path');
  });

  it('because the tables are away can be asked again later', async () => {
    const cause = new Unreached('ClickHouse at http://secret:8123 could not be reached', false, null);
    const { lines, answer } = failing(new StoreError('failed', cause.message, { cause }));
    const response = await answer();
    expect(response.status).toBe(503);
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ title: 'Tables away', status: 503 });
    expect(text).not.toContain('secret');
    expect(lines).toEqual([]);
  });

  it('at a limit of the store can be asked again, smaller', async () => {
    const { lines, answer } = failing(new StoreError('too_slow', 'it took 31 s'));
    const response = await answer();
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ title: 'Too much to read', status: 503 });
    expect(lines).toEqual([]);
  });
});
