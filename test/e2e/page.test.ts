import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Demo, startDemo } from '../../cli/demo.ts';
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

const WAIT = { timeout: 60_000, interval: 250 };

/** A name that would run if any of it were taken for markup, and end a PromQL string if it were not escaped. */
const EVIL_JOB = `<img src=x onerror="alert('job')">"} or vector(1) #\\`;

describeWithChromium("the page while the demo's device falls off the bus", () => {
  const cleanUp: (() => Promise<unknown>)[] = [];
  let browser: Browser;
  let demo: Demo;
  let watched: WatchedPage;
  let page: Page;

  beforeAll(async () => {
    const folder = await makeFolder();
    cleanUp.push(folder.remove);
    browser = await launchChromium();
    cleanUp.push(() => browser.close());
    const config = {
      ...HEADWAY_DEFAULTS,
      data_dir: folder.path,
      server: { ...HEADWAY_DEFAULTS.server, port: 0 },
    };
    demo = await startDemo(config, {
      scenario: 'xid79',
      seed: 1,
      log: silentLog,
      // The trouble comes when the tests of the quiet time are over, and stays long enough to be looked at.
      simulator: { backfill_s: 180, trouble_after_s: 25, wait_nodes_s: 20, calm_s: 3600 },
    });
    cleanUp.push(() => demo.stop());
    watched = await openPage(browser);
    page = watched.page;
  });
  afterAll(async () => {
    for (const step of cleanUp.reverse()) await step();
  });

  const panel = (id: number) => page.locator(`[data-panel="${id}"]`);
  const figure = (id: number) => panel(id).locator('.figure-value').first();

  /** What there is after one more refresh; the page would do it by itself, every ten seconds. */
  async function refreshed<T>(look: () => Promise<T>): Promise<T> {
    await page.locator('#now').click();
    return look();
  }

  it('fills by itself: state, goodput, MFU, linearity and the account of the job', async () => {
    await page.goto(demo.url);
    await expect.poll(() => figure(1).textContent(), WAIT).toBe('running');
    await expect.poll(() => figure(4).textContent(), WAIT).toMatch(/^(39|40|41)\.\d.%$/);
    expect(await figure(5).textContent()).toMatch(/^9[67]\.\d.%$/);
    expect(await figure(3).textContent()).toMatch(/^\d\d\.\d.%$/);
    await expect.poll(() => page.title(), WAIT).toBe(`${demo.cluster.job}: running · Headway`);
    expect(new URL(page.url()).searchParams.get('job')).toBe(demo.cluster.job);
  });

  it('draws a waterfall that closes, from paid to productive', async () => {
    await expect.poll(() => panel(10).locator('.bar-name').allTextContents(), WAIT).toContain('productive');
    const names = await panel(10).locator('.bar-name').allTextContents();
    expect([names.at(0), names.at(-1)]).toEqual(['paid device-hours', 'productive']);
    expect(names.length).toBeGreaterThan(3);
    expect(await panel(10).textContent()).not.toContain('miss the whole');
    const boxes = await panel(10)
      .locator('.bar-fill')
      .evaluateAll((fills) =>
        fills.map((fill) => [fill.getBoundingClientRect().left, fill.getBoundingClientRect().right]),
      );
    for (const [index, [, right]] of boxes.slice(2).entries()) {
      const above = boxes[index + 1]?.[0] ?? Number.NaN;
      expect(Math.abs((right ?? 0) - above)).toBeLessThan(3);
    }
  });

  it('draws lines and says them in words', async () => {
    const plot = panel(20).locator('.plot');
    expect(await plot.getAttribute('aria-label')).toMatch(/MFU last (39|40|41)\.\d.%, lowest/);
    const painted = await page.evaluate<number>(`(() => {
      const canvas = document.querySelector('[data-panel="20"] canvas');
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return data.filter((value, index) => index % 4 === 3 && value > 0).length;
    })()`);
    expect(painted).toBeGreaterThan(1000);
    await expect
      .poll(() => panel(30).locator('.legend').textContent(), WAIT)
      .toMatch(/gpu-node-1.*gpu-node-2/);
  });

  it('shows every chart at the moment that the keyboard points at in one', async () => {
    await panel(20).locator('.plot').focus();
    await page.keyboard.press('End');
    for (let press = 0; press < 3; press += 1) await page.keyboard.press('ArrowLeft');
    expect(await panel(20).locator('.legend-value').textContent()).toMatch(/%$/);
    expect(await panel(21).locator('.legend-value').first().textContent()).toMatch(/%$/);
    expect(await page.locator('.strip-cursor').isVisible()).toBe(true);
    await page.keyboard.press('Escape');
    expect(await page.locator('.strip-cursor').isVisible()).toBe(false);
  });

  it('fits the width of a small window, in light and in dark', async () => {
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await widthOverflows(page)).toEqual([]);
    }
  });

  it('says on top what is wrong: job, since when, who, cost, what to do; and in the tab', {
    timeout: 120_000,
  }, async () => {
    const card = page.locator('.alert.page');
    await expect.poll(() => refreshed(() => card.count()), { ...WAIT, timeout: 100_000 }).toBe(1);
    const text = (await card.textContent()) ?? '';
    const [incident] = demo.cluster.truth().incidents;
    expect(text).toContain(`${demo.cluster.job} makes no progress`);
    expect(text).toMatch(/since \d\d:\d\d:\d\d/);
    expect(text).toContain(incident?.node ?? 'a node');
    expect(text).toContain('xid:79');
    expect(text).toMatch(/\d device-hours so far, and growing, 16 devices held/);
    await expect.poll(() => page.title(), WAIT).toMatch(/^‼ .*: down · Headway$/);
    expect(await page.locator('#spoken').textContent()).toContain('makes no progress');
    await expect.poll(() => refreshed(() => figure(1).textContent()), WAIT).toBe('down');
    await expect.poll(() => panel(11).textContent(), WAIT).toContain('xid:79');
    await picture(page, 'failure');

    const runbook = await page.context().newPage();
    await runbook.goto(
      new URL((await card.locator('a', { hasText: 'Runbook' }).getAttribute('href')) ?? '', demo.url).href,
    );
    expect(await runbook.locator('h1').textContent()).toBe('HeadwayJobHung');
    expect(await runbook.textContent('main')).toContain(`{job="${demo.cluster.job}"}`);
    await runbook.close();
  });

  it('takes the banner away when the job is back, and keeps the incident', { timeout: 120_000 }, async () => {
    await expect
      .poll(() => refreshed(() => page.locator('.alert.page').count()), { ...WAIT, timeout: 100_000 })
      .toBe(0);
    await expect.poll(() => refreshed(() => figure(1).textContent()), WAIT).toBe('running');
    expect(await panel(11).locator('tbody tr').count()).toBe(1);
    await expect.poll(() => page.title(), WAIT).not.toContain('‼');
  });

  it('shows the whole run of a job of the past, whatever its name contains', async () => {
    const at_us = (Date.now() - 5 * 86_400_000) * 1000;
    const step = (index: number) => ({
      type: 'step',
      job: EVIL_JOB,
      attempt: 0,
      step: index,
      start_us: at_us + index * 60_000_000,
      end_us: at_us + (index + 1) * 60_000_000,
    });
    const events = [
      { type: 'attempt_start', job: EVIL_JOB, attempt: 0, time_us: at_us, device_count: 4 },
      ...Array.from({ length: 60 }, (_, index) => step(index)),
      { type: 'attempt_end', job: EVIL_JOB, attempt: 0, time_us: at_us + 3_600_000_000, clean: true },
    ];
    const body = events.map((event) => JSON.stringify(event)).join('\n');
    const sent = await fetch(`${demo.url}/v1/events`, { method: 'POST', body });
    expect(await sent.json()).toMatchObject({ accepted: 62 });
    await demo.headway.caughtUp();

    await page.goto(`${demo.url}/?${new URLSearchParams({ job: EVIL_JOB })}`);
    await expect.poll(() => page.locator('.notice').textContent(), WAIT).toContain('Its whole run is shown');
    expect(await page.locator('[data-from="run"]').getAttribute('aria-pressed')).toBe('true');
    await expect
      .poll(() => refreshed(() => panel(7).locator('.legend').textContent()), WAIT)
      .toMatch(/running (1 h|59 min).*ended/);
    await expect
      .poll(() => refreshed(() => panel(22).locator('.legend').textContent()), WAIT)
      .toContain('1 min');
    expect(await page.locator('#variables select').inputValue()).toBe(EVIL_JOB);
    expect(await page.locator('img').count()).toBe(0);
  });

  it('shows a job that has been stuck for long as it is now, not as it was when it was last heard', async () => {
    const begin_us = (Date.now() - 3_600_000) * 1000;
    const events = [
      { type: 'attempt_start', job: 'stuck', attempt: 0, time_us: begin_us, device_count: 8 },
      ...Array.from({ length: 20 }, (_, index) => ({
        type: 'step',
        job: 'stuck',
        attempt: 0,
        step: index,
        start_us: begin_us + index * 60_000_000,
        end_us: begin_us + (index + 1) * 60_000_000,
      })),
    ];
    await fetch(`${demo.url}/v1/events`, {
      method: 'POST',
      body: events.map((event) => JSON.stringify(event)).join('\n'),
    });
    await demo.headway.caughtUp();
    await page.goto(`${demo.url}/?job=stuck`);
    await expect.poll(() => refreshed(() => figure(1).textContent()), WAIT).toBe('silent');
    expect(await page.locator('[data-from="now-15m"]').getAttribute('aria-pressed')).toBe('true');
    expect(await figure(2).textContent()).toMatch(/^(39|4\d) min/);
    expect(await page.locator('.notice').count()).toBe(0);
    await expect
      .poll(() => page.locator('.alert.page').textContent(), WAIT)
      .toContain('stuck makes no progress');
  });

  it('keeps a range in the address, so that a link and "back" show the same view', async () => {
    await page.goto(`${demo.url}/?job=${demo.cluster.job}`);
    await page.locator('[data-from="now-1h"]').click();
    expect(new URL(page.url()).searchParams.get('from')).toBe('now-1h');
    await page.goBack();
    await expect
      .poll(() => page.locator('[data-from="now-15m"]').getAttribute('aria-pressed'), WAIT)
      .toBe('true');
    await page.goto(`${demo.url}/?var-job=${demo.cluster.job}&from=now-6h&to=now`);
    await expect
      .poll(() => page.locator('[data-from="now-6h"]').getAttribute('aria-pressed'), WAIT)
      .toBe('true');
    await expect.poll(() => figure(1).textContent(), WAIT).toBe('running');
  });

  it('shows what the query door says against an expression, in its panel and only there', async () => {
    const odd = await openPage(browser);
    await odd.page.route('**/dashboards/*.json', async (route) => {
      const dashboard = await (await route.fetch()).json();
      dashboard.panels[1].targets[0].expr = 'no_such_function(headway_job_state)';
      await route.fulfill({ json: dashboard });
    });
    await odd.page.goto(`${demo.url}/?job=${demo.cluster.job}`);
    const notice = odd.page.locator('[data-panel="2"] .panel-notice');
    await expect.poll(() => notice.textContent(), WAIT).toContain('unknown function');
    await expect
      .poll(() => odd.page.locator('[data-panel="1"] .figure-value').textContent(), WAIT)
      .toBe('running');
    expect(await odd.page.locator('.stale').count()).toBe(1);
    await odd.page.context().close();
  });

  it('complained of nothing so far, and asked no other server', () => {
    expect(watched.complaints).toEqual([]);
  });

  it('lets no figure look fresh when the server is gone', async () => {
    const panels = await page.locator('.panel').count();
    await expect.poll(() => page.title(), WAIT).toMatch(/: \w+ · Headway$/);
    await demo.stop();
    await expect.poll(() => refreshed(() => page.locator('.stale').count()), WAIT).toBe(panels);
    expect(await panel(1).locator('.panel-notice').textContent()).toMatch(
      /STALE since \d\d:\d\d:\d\d \(.*\): Headway cannot be reached/,
    );
    expect(await page.locator('.alert.blind').textContent()).toContain('The alerts are not known since');
    await expect.poll(() => page.title(), WAIT).toBe('no full answer · Headway');
    await picture(page, 'gone');
  });
});
