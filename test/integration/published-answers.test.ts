import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobScopedEvent, RunEvent } from '../../domain/events.ts';
import { openReadApi, type ReadApi } from '../support/read-api.ts';
import { publishResults } from '../support/result-rows.ts';
import { attempt, endOf, llamaSpec, START_US } from '../support/training-events.ts';

const FAIL_US = endOf({ steps: 30 }) + 7e6;
const AGAIN = { attempt: 2, start_us: FAIL_US + 95e6, first: 21, steps: 30, nodes: ['n1'], devices: 64 };
const STOP_US = endOf(AGAIN) + 2e6;
const THIRD = { attempt: 3, start_us: STOP_US + 40e6, first: 11, steps: 12, nodes: ['n1'], devices: 64 };
const NOW_US = endOf(THIRD) + 3e6;

/** Two failures, the second rolling back deeper; saves, an evaluation, a late restore, an exclusion. */
function eventful(job: string): JobScopedEvent[] {
  const first = attempt({ job, steps: 30, devices: 64, nodes: ['n1'] });
  return [
    llamaSpec({ job, device_count: 64 }),
    ...first,
    { type: 'span', job, attempt: 1, kind: 'ckpt_save', start_us: START_US + 31e6, end_us: START_US + 33e6 },
    { type: 'fail', job, attempt: 1, time_us: FAIL_US, cause: 'xid:79', node: 'n1' },
    { type: 'mark', job, kind: 'detect', time_us: FAIL_US + 4e6 },
    { type: 'mark', job, kind: 'nodes_ready', time_us: FAIL_US + 80e6 },
    ...attempt({ ...AGAIN, job }),
    {
      type: 'span',
      job,
      attempt: 2,
      kind: 'ckpt_restore',
      start_us: AGAIN.start_us,
      end_us: AGAIN.start_us + 6e6,
    },
    {
      type: 'step',
      job,
      attempt: 2,
      step: 50,
      kind: 'eval',
      start_us: endOf(AGAIN) - 30e6,
      end_us: endOf(AGAIN) - 28e6,
    },
    { type: 'fail', job, attempt: 2, time_us: STOP_US, cause: 'unknown' },
    ...attempt({ ...THIRD, job }),
    { type: 'exclude', job, start_us: START_US + 20e6, end_us: START_US + 24e6, reason: 'drill' },
  ];
}

const UNDER_WAY: JobScopedEvent = { type: 'step', job: 'open', attempt: 3, step: 23, start_us: endOf(THIRD) };
/** Its last step began long ago. */
const HUNG_US = NOW_US - 1000e6;
const hung = attempt({ job: 'hung', start_us: HUNG_US - 40e6, steps: 15 });
const LATE = attempt({ job: 'late', start_us: NOW_US - 60e6, steps: 13 });
const EVENTS: RunEvent[] = [
  llamaSpec({ job: 'hung' }),
  ...hung,
  { type: 'step', job: 'hung', attempt: 1, step: 16, start_us: HUNG_US },
  ...attempt({ job: 'down', start_us: NOW_US - 90e6, steps: 12 }),
  { type: 'fail', job: 'down', attempt: 1, time_us: NOW_US - 20e6, cause: 'oom' },
  ...LATE.slice(0, 13),
  ...eventful('open'),
  UNDER_WAY,
  ...eventful('over'),
  { type: 'attempt_end', job: 'over', attempt: 3, time_us: endOf(THIRD) + 1e6, clean: true },
  { type: 'fault', time_us: STOP_US - 3e6, node: 'n1', code: 'xid:48', message: 'dbe', source: 'kernel' },
  llamaSpec({ job: 'slow' }),
  ...attempt({ job: 'slow', steps: 60 }),
  ...slowSteps(),
];

/** Ten minutes of steps that take four times as long. */
function slowSteps(): JobScopedEvent[] {
  return attempt({ job: 'slow', steps: 80, first: 61, step_s: 8 }).flatMap((event) =>
    event.type === 'step'
      ? [{ ...event, start_us: event.start_us + 120e6, end_us: (event.end_us ?? 0) + 120e6 }]
      : [],
  );
}

let api: ReadApi;
beforeAll(async () => {
  api = await openReadApi({ now_us: () => NOW_US });
  await api.store_events(EVENTS);
  await publishResults(api.store, EVENTS, NOW_US);
  await api.store_events(LATE);
});
afterAll(() => api.close());

/** The answer off the tables, and that of all events as of the same time, without what says which it is. */
async function both(path: string, query = '') {
  const told = async (source: string) => {
    const { quality, ...rest } = await api.json(`${path}?${source}${query}`);
    return { quality: quality as Record<string, unknown>, rest };
  };
  return [await told('made_from=published'), await told(`made_from=events&at=${NOW_US}`)] as const;
}

async function problemOf(path: string) {
  const response = await api.app.request(path);
  return [response.status, ((await response.json()) as Record<string, unknown>)['detail']];
}

const RANGE = `&from=${(FAIL_US - 20e6) / 1e6}&to=${(STOP_US + 60e6) / 1e6}`;

describe('steps off the tables', () => {
  it.each([
    '',
    '&fate=lost_work',
    '&fate=productive&kind=train',
    '&kind=eval',
    '&attempt=2',
    RANGE,
    `${RANGE}&attempt=2`,
    '&limit=9',
  ])('are those of all events: %s', async (query) => {
    const [published, events] = await both('/jobs/over/steps', query);
    expect(published.rest).toEqual(events.rest);
    expect((published.rest['steps'] as unknown[]).length).toBeGreaterThan(0);
    expect(published.quality).toMatchObject({ made_from: 'published', revision: 1 });
  });

  it('are paged, also where one page is of the tables and the next of events', async () => {
    const pages = async (sources: readonly string[]) => {
      const steps: unknown[] = [];
      let cursor = '';
      for (let page = 0; page === 0 || cursor !== ''; page++) {
        const source = sources[page % sources.length];
        const answer = await api.json(`/jobs/over/steps?limit=7&made_from=${source}${cursor}`);
        steps.push(...(answer['steps'] as unknown[]));
        cursor = answer['next'] === null ? '' : `&cursor=${answer['next']}`;
      }
      return steps;
    };
    const all = await pages(['events']);
    expect(all.length).toBe(73);
    expect(await pages(['published'])).toEqual(all);
    expect(await pages(['published', 'events'])).toEqual(all);
  });

  it.each(['', '&limit=20', '&limit=73', '&fate=in_flight', '&fate=lost_work', '&kind=eval', '&attempt=3'])(
    'have the one under way among them: %s',
    async (query) => {
      const [published, events] = await both('/jobs/open/steps', query);
      expect(published.rest).toEqual(events.rest);
      expect((published.rest['steps'] as unknown[]).length).toBeGreaterThan(0);
    },
  );

  it('have one that hangs among them, and none of a job that is down', async () => {
    for (const [job, fate] of [
      ['hung', 'hang'],
      ['down', undefined],
    ]) {
      const [published, events] = await both(`/jobs/${job}/steps`);
      expect(published.rest, job).toEqual(events.rest);
      const steps = published.rest['steps'] as { fate: string }[];
      expect(steps.find((step) => step.fate === 'hang')?.fate, job).toBe(fate);
    }
  });

  it('are made of events where steps arrived late, and of large jobs off the tables by themselves', async () => {
    const refused = [400, expect.stringContaining('steps arrived since it was published')];
    expect(await problemOf('/jobs/late/steps?made_from=published')).toEqual(refused);
    const large = api.routes({ ledger_events_max: 10 }, () => NOW_US);
    const made = async (query: string) => {
      const body = (await (await large.request(`/jobs/${query}`)).json()) as Record<string, never>;
      return [body['quality']?.['made_from'], body['steps']?.['length']];
    };
    expect(await made('open/steps')).toEqual(['published', 74]);
    expect(await made('late/steps')).toEqual(['events', 13]);
  });
});

describe('a publication', () => {
  it('is told as long as a newer revision is being written', async () => {
    const ledger = async () => {
      const { quality, ...rest } = await api.json('/jobs/open/ledger?made_from=published');
      return [(quality as { revision: number }).revision, rest];
    };
    const before = await ledger();
    // what a writer leaves that was stopped in the middle: its revision, and a row of it
    const version = (NOW_US + 10e6) * 2;
    await api.store.insertRows('job_revisions', [
      {
        ...{ job: 'open', revision: 2, computed_at_us: NOW_US + 10e6, reason: 'late_data', version },
        ...{ changed_from_us: START_US, changed_to_us: NOW_US, moved_s: {} },
        ...{ goodput_before_ratio: null, goodput_after_ratio: null },
      },
    ]);
    const segment = {
      job: 'open',
      from_us: START_US,
      to_us: NOW_US,
      bucket: 'other',
      attempt: 1,
      devices: 64,
    };
    await api.store.insertRows('job_segments', [{ ...segment, revision: 2, version, deleted: 0 }]);
    expect(await ledger()).toEqual(before);
    expect(before[0]).toBe(1);
    const [published, events] = await both('/jobs/open/steps');
    expect(published.rest).toEqual(events.rest);
  });
});

describe('incidents off the tables', () => {
  it.each(['', RANGE, '&limit=1'])('are those of all events: %s', async (query) => {
    for (const job of ['over', 'open']) {
      const [published, events] = await both(`/jobs/${job}/incidents`, query);
      expect(published.rest, job).toEqual(events.rest);
      expect((published.rest['incidents'] as unknown[]).length).toBeGreaterThan(0);
      expect(published.quality).toMatchObject({ made_from: 'published' });
    }
  });

  it('are told one by one too', async () => {
    for (const id of ['over/1', 'over/2', 'open/2']) {
      const [published, events] = await both(`/incidents/${id}`);
      expect(published.rest, id).toEqual(events.rest);
      expect(published.quality).toMatchObject({ made_from: 'published' });
    }
  });

  it('are made of events where steps slowed down, and where a publication is old', async () => {
    const refused = [400, expect.stringContaining('what slow steps cost is in the steps')];
    expect(await problemOf('/jobs/slow/incidents?made_from=published')).toEqual(refused);
    const made = async (job: string, late_s: number) => {
      const app = api.routes({ ledger_events_max: 10 }, () => NOW_US + late_s * 1e6);
      const body = (await (await app.request(`/jobs/${job}/incidents`)).json()) as Record<string, never>;
      return body['quality']?.['made_from'];
    };
    expect(await made('slow', 0)).toBe('events');
    expect(await made('open', 0)).toBe('published');
    expect(await made('open', 600)).toBe('events');
    expect(await made('over', 600)).toBe('published');
  });
});
