import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Headway, openAllInOne } from '../../cli/open.ts';
import { silentLog } from '../../platform/log.ts';
import { HEADWAY_DEFAULTS } from '../../services/all-in-one/config.ts';
import {
  describeWithChromium,
  launchChromium,
  openPage,
  picture,
  type WatchedPage,
  widthOverflows,
} from '../support/chromium.ts';
import { makeFolder } from '../support/temporary-folder.ts';

const WAIT = { timeout: 30_000, interval: 250 };

const LONG_JOB = `train-${'x'.repeat(294)}`;
const NODE = 'gpu-node-17.rack-4.cluster.example.com';
const DEVICE = 'GPU-1a2b3c4d-bbbb-cccc-dddd-eeeeeeeeeeee';

const S_US = 1e6;
const NOW_US = Date.now() * 1000;
const ago = (seconds: number) => NOW_US - seconds * S_US;

/** A run of steps of 10 s that began so many seconds ago; without `device_count` nobody says how many it holds. */
function run(job: string, began_s: number, steps: number, fields: Record<string, unknown> = {}) {
  return [
    { type: 'attempt_start', job, attempt: 0, time_us: ago(began_s), ...fields },
    ...Array.from({ length: steps }, (_, index) => ({
      type: 'step',
      job,
      attempt: 0,
      step: index,
      start_us: ago(began_s - index * 10),
      end_us: ago(began_s - index * 10 - 10),
    })),
  ];
}

const ENDED_UNCLEAN = { type: 'attempt_end', attempt: 0, clean: false };

const EVENTS = [
  ...run(LONG_JOB, 600, 58, { device_count: 8 }),
  { type: 'attempt_start', job: 'fresh', attempt: 0, time_us: ago(30), device_count: 64 },
  ...run('counts-unknown', 1800, 60),
  { type: 'fail', job: 'counts-unknown', attempt: 0, time_us: ago(1100), cause: 'xid:79' },
  { ...ENDED_UNCLEAN, job: 'counts-unknown', time_us: ago(1099) },
  { type: 'attempt_start', job: 'counts-unknown', attempt: 1, time_us: ago(1000) },
  ...run('counts-unknown', 900, 88)
    .slice(1)
    .map((event) => ({ ...event, attempt: 1 })),
  ...run('fallen', 3600, 250, { device_count: 32 }),
  {
    type: 'fail',
    job: 'fallen',
    attempt: 0,
    time_us: ago(1000),
    cause: 'xid:79',
    node: NODE,
    device: DEVICE,
  },
  { ...ENDED_UNCLEAN, job: 'fallen', time_us: ago(999) },
  ...run('hung', 3600, 200, { device_count: 8 }),
  { type: 'step', job: 'hung', attempt: 0, step: 200, start_us: ago(1600) },
  ...run('unheard', 3600, 100, { device_count: 8 }),
  ...run('over', 3000, 200, { device_count: 16 }),
  { type: 'attempt_end', job: 'over', attempt: 0, time_us: ago(990), clean: true },
];

describeWithChromium('the page of several jobs, most of them in trouble', () => {
  const cleanUp: (() => Promise<unknown>)[] = [];
  let browser: Browser;
  let headway: Headway;
  let url = '';
  let watched: WatchedPage;
  let page: Page;

  beforeAll(async () => {
    const folder = await makeFolder();
    cleanUp.push(folder.remove);
    const { server, analyzer } = HEADWAY_DEFAULTS;
    headway = await openAllInOne(
      {
        ...HEADWAY_DEFAULTS,
        data_dir: folder.path,
        server: { ...server, port: 0 },
        analyzer: { ...analyzer, interval_s: 1 },
      },
      silentLog,
    );
    cleanUp.push(headway.stop);
    url = await headway.listen();
    const body = EVENTS.map((event) => JSON.stringify(event)).join('\n');
    const sent = await fetch(`${url}/v1/events`, { method: 'POST', body });
    expect(await sent.json()).toMatchObject({ accepted: EVENTS.length, rejected: [] });
    await headway.caughtUp();
    browser = await launchChromium();
    cleanUp.push(() => browser.close());
    watched = await openPage(browser);
    page = watched.page;
  });
  afterAll(async () => {
    for (const step of cleanUp.reverse()) await step();
  });

  const panel = (id: number) => page.locator(`[data-panel="${id}"]`);
  const body = (id: number) => panel(id).locator('.panel-body').textContent();

  /** Opens the page on a job and waits until it says the state. */
  async function open(job: string, state: string): Promise<void> {
    await page.goto(`${url}/?${new URLSearchParams({ job })}`);
    await expect
      .poll(async () => {
        await page.locator('#now').click();
        return panel(1).locator('.figure-value').textContent();
      }, WAIT)
      .toBe(state);
    await expect.poll(() => page.locator('#panels').getAttribute('aria-busy'), WAIT).toBe('false');
  }

  it('says in every state no figure that is not of now', async () => {
    await open('fresh', 'starting');
    expect(await body(2)).toBe('no step yet, or the job has ended');
    await open('hung', 'hanging');
    expect(await body(2)).toMatch(/^2[6-9] min/);
    expect(await body(4)).toContain('no kept step now');
    expect(await body(6)).toBe('nothing was repaired yet');
    await open('unheard', 'silent');
    expect(await body(2)).toMatch(/^4[3-6] min/);
    await open('fallen', 'down');
    expect(await body(4)).toContain('no kept step now');
    await open('over', 'ended');
    expect(await body(2)).toBe('no step yet, or the job has ended');
    await open('counts-unknown', 'running');
    expect(await body(6)).toMatch(/3 min 20 s.*3 min 20 s.*1/);
  });

  it('draws wall-clock hours, and says so, where nobody said how many devices there are', async () => {
    await open('counts-unknown', 'running');
    await expect.poll(() => panel(10).locator('.bar-name').allTextContents(), WAIT).toContain('productive');
    const names = await panel(10).locator('.bar-name').allTextContents();
    expect([names.at(0), names.at(-1)]).toEqual(['wall-clock (device count unknown)', 'productive']);
    expect(names).not.toContain('paid device-hours');
    expect(await panel(10).textContent()).not.toContain('miss the whole');
    expect(await body(12)).toContain('xid:79');
    await open('fallen', 'down');
    await expect
      .poll(() => panel(10).locator('.bar-name').first().textContent(), WAIT)
      .toBe('paid device-hours');
    expect(await body(10)).not.toContain('wall-clock');
  });

  it('shows all columns of the incidents in a window of 1200 px, and the whole text of what is elided', async () => {
    await open('fallen', 'down');
    await expect.poll(() => body(11), WAIT).toContain('xid:79');
    for (const width of [1200, 1440]) {
      await page.setViewportSize({ width, height: 900 });
      const hidden = await panel(11)
        .locator('.table-scroll')
        .evaluate((node) => node.scrollWidth - node.clientWidth);
      expect([width, hidden]).toEqual([width, 0]);
    }
    expect(await panel(11).locator('th').allTextContents()).toEqual([
      'Began',
      'State',
      'Cause',
      'Node',
      'Device',
      'Detected in',
      'Repaired in',
    ]);
    expect(await panel(11).locator(`td[title="${DEVICE}"]`).count()).toBe(1);
    expect(await panel(11).locator(`td[title="${NODE}"]`).count()).toBe(1);
    await open('hung', 'hanging');
    await expect.poll(() => body(11), WAIT).toContain('not known (hang)');
  });

  it('shows the alert of the job on the screen in full, and the other jobs in lines that lead to them', async () => {
    await open('unheard', 'silent');
    const card = page.locator('.alert[data-alert]');
    await expect.poll(() => card.textContent(), WAIT).toContain('unheard makes no progress');
    expect(await card.textContent()).toContain('Look at the sender and the network first');
    await expect.poll(() => page.title(), WAIT).toBe('‼ unheard: silent · Headway');
    const others = page.locator('.others li');
    const lines = (await others.allTextContents()).join('\n');
    expect(lines).toMatch(new RegExp(`fallen makes no progress since .*, down · ${NODE}.*xid:79`));
    expect(lines).toMatch(/hung makes no progress since .*, hanging · no node is named/);
    expect(lines).toMatch(/counts-unknown had a low goodput/);
    expect(lines).not.toContain('unheard');
    await picture(page, 'several-jobs');

    await others.locator('a', { hasText: 'fallen' }).click();
    await expect.poll(() => card.first().textContent(), WAIT).toContain('fallen makes no progress');
    expect(new URL(page.url()).searchParams.get('job')).toBe('fallen');
    expect(await card.first().textContent()).toContain(`${NODE}, device ${DEVICE}: xid:79`);
    await open('over', 'ended');
    await expect.poll(() => card.first().textContent(), WAIT).toContain('makes no progress');
  });

  it('is no wider than the window, however long the name of the job', async () => {
    await open(LONG_JOB, 'running');
    expect(await widthOverflows(page)).toEqual([]);
    await page.goto(`${url}/runbooks/HeadwayJobHung?${new URLSearchParams({ job: LONG_JOB })}`);
    expect(await widthOverflows(page)).toEqual([]);
    expect(watched.complaints).toEqual([]);
  });
});
