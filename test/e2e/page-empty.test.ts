import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Headway, openAllInOne } from '../../cli/open.ts';
import { silentLog } from '../../platform/log.ts';
import { HEADWAY_DEFAULTS } from '../../services/all-in-one/config.ts';
import { describeWithChromium, launchChromium, openPage, widthOverflows } from '../support/chromium.ts';
import { makeFolder } from '../support/temporary-folder.ts';

const READ_TOKEN = 'read-me';

describeWithChromium('the page of a Headway that nobody has sent anything', () => {
  let browser: Browser;
  let headway: Headway;
  let url = '';
  const cleanUp: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    const folder = await makeFolder();
    cleanUp.push(folder.remove);
    const { server, api, analyzer } = HEADWAY_DEFAULTS;
    const config = {
      ...HEADWAY_DEFAULTS,
      data_dir: folder.path,
      server: { ...server, port: 0 },
      api: { ...api, read_token: READ_TOKEN },
      analyzer: { ...analyzer, interval_s: 1 },
    };
    headway = await openAllInOne(config, silentLog);
    cleanUp.push(headway.stop);
    url = await headway.listen();
    browser = await launchChromium();
    cleanUp.push(() => browser.close());
  });
  afterAll(async () => {
    for (const step of cleanUp.reverse()) await step();
  });

  it('asks for the token, says what to send, and fills when that very example is sent', async () => {
    const { page, complaints } = await openPage(browser);
    await page.goto(url);
    await page.locator('#token input').fill(READ_TOKEN);
    await page.locator('#token button').click();

    const empty = page.locator('#empty');
    await empty.waitFor();
    expect(await empty.textContent()).toContain('npm run demo');
    expect(await empty.textContent()).toContain(`npx headway import train.log --job my-job --url ${url}`);
    expect(await widthOverflows(page)).toEqual([]);
    const command = (await empty.locator('pre', { hasText: 'curl' }).textContent()) ?? '';
    const [, address, lines] = /curl -sS (\S+) --data-binary @- <<'EOF'\n([\s\S]*)\nEOF$/.exec(command) ?? [];
    const sent = await fetch(address ?? '', { method: 'POST', body: lines ?? '' });
    expect(await sent.json()).toMatchObject({ accepted: 6, rejected: [] });

    await headway.caughtUp();
    const state = page.locator('[data-panel="1"] .figure-value');
    await expect.poll(() => refreshed(page, () => state.textContent()), { timeout: 30_000 }).toBe('running');
    expect(await empty.count()).toBe(0);
    await expect
      .poll(() => page.locator('#variables select').inputValue(), { timeout: 30_000 })
      .toBe('my-job');
    await expect.poll(() => page.title(), { timeout: 30_000 }).toBe('my-job: running · Headway');
    await expect
      .poll(
        () => refreshed(page, () => page.locator('[data-panel="4"] .figure-value').first().textContent()),
        {
          timeout: 30_000,
        },
      )
      .toMatch(/^[34]\d\.\d.%$/);
    expect(complaints).toEqual([]);
  });

  /** What is there after one more refresh: the page would do it by itself, every ten seconds. */
  async function refreshed<T>(
    page: Awaited<ReturnType<typeof openPage>>['page'],
    look: () => Promise<T>,
  ): Promise<T> {
    await page.locator('#now').click();
    return look();
  }
});
