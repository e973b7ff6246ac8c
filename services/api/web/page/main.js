// @ts-check
import { readAddress, writeAddress } from './address.js';
import { byId, element, selectById, setText } from './dom.js';
import { failureNotice } from './notices.js';
import { Page } from './page.js';
import { onThemeChange } from './palette.js';
import { askJson } from './server.js';

/** A page that could not begin tries again: the server may be starting. */
const RETRY_MS = 5000;

/** @param {Page} page */
function listen(page) {
  byId('pause').addEventListener('click', () => page.pause(!page.paused));
  byId('now').addEventListener('click', () => void page.refresh());
  document.addEventListener('visibilitychange', () => {
    // Somebody looks again: what they see has to be of now.
    if (!document.hidden && !page.paused) void page.refresh();
  });
  addEventListener('popstate', () => {
    page.address = readAddress(location.search);
    page.restart();
  });
  onThemeChange(() => page.restart());
}

async function start() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  setText(byId('zone'), `Times are in ${zone}.`);
  const { dashboards } = /** @type {any} */ (await askJson('dashboards'));
  const asked = readAddress(location.search).dashboard;
  const known = dashboards.find((/** @type {any} */ one) => one.uid === asked) ?? dashboards[0];
  if (known === undefined) throw new Error('The server has no dashboard.');
  const select = selectById('dashboard');
  select.replaceChildren(
    ...dashboards.map((/** @type {any} */ one) => element('option', { value: one.uid }, one.title)),
  );
  select.value = known.uid;
  select.addEventListener('change', () => {
    location.search = writeAddress({ ...readAddress(location.search), dashboard: select.value });
  });
  byId('dashboard-choice').hidden = dashboards.length < 2;
  const page = new Page(
    /** @type {import('./page.js').Dashboard} */ (
      await askJson(`dashboards/${encodeURIComponent(known.uid)}.json`)
    ),
  );
  listen(page);
  await page.refresh();
}

start().catch((error) => {
  byId('notices').replaceChildren(failureNotice(error instanceof Error ? error.message : String(error)));
  document.title = 'not reachable \u00b7 Headway';
  setTimeout(() => location.reload(), RETRY_MS);
});
