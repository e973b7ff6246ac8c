import { type Context, Hono } from 'hono';
import { dashboardList, dashboardText } from './dashboards.ts';
import { renderMarkdown } from './markdown.ts';
import { runbookPage } from './runbook-page.ts';
import { createStaticFolder, type StaticFolder } from './static-folder.ts';

export interface WebRoutesOptions {
  /** The checkout: the page, the generated dashboards, the runbooks and uPlot are below it. Ends in a slash. */
  readonly root: URL;
}

/**
 * Nothing but our own files may run, style or be asked: what a log or a label says is data and stays data. uPlot
 * sets its positions through the style object, which is no inline style to the browser.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

/**
 * The built-in viewer: `/` draws the committed Grafana dashboards (`/dashboards`, `/dashboards/UID.json`) and the
 * alert rules (`/alerts.json`) from the query door of the same server; `/runbooks/NAME` is a runbook as HTML. Needs
 * no network beyond this server. A file that is not on a folder's own list is a 404, whatever its name contains.
 */
export function createWebRoutes({ root }: WebRoutesOptions): Hono {
  const page = createStaticFolder(new URL('services/api/web/page/', root), ['.html', '.js', '.css', '.svg']);
  const vendor = createStaticFolder(new URL('node_modules/uplot/dist/', root), ['.iife.min.js', '.min.css']);
  const generated = createStaticFolder(new URL('dashboards/generated/', root), ['.json']);
  const boards = createStaticFolder(new URL('dashboards/generated/dashboards/', root), ['.json']);
  const runbooks = createStaticFolder(new URL('docs/runbooks/', root), ['.md']);
  const app = new Hono();
  app.use(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) c.header(name, value);
  });
  app.get('/', (c) => answer(c, page, 'index.html'));
  app.get('/favicon.ico', (c) => answer(c, page, 'favicon.svg'));
  app.get('/page/vendor/:name', (c) => answer(c, vendor, c.req.param('name')));
  app.get('/page/:name', (c) => answer(c, page, c.req.param('name')));
  app.get('/alerts.json', (c) => answer(c, generated, 'alerts.json'));
  app.get('/dashboards', async (c) => c.json({ dashboards: await dashboardList(boards) }));
  app.get('/dashboards/:file', async (c) => {
    const text = await dashboardText(boards, c.req.param('file'));
    return text === null ? c.json(unknown('dashboard', '/dashboards'), 404) : c.body(text, 200, JSON_TYPE);
  });
  app.get('/runbooks/:name', async (c) => {
    const name = c.req.param('name');
    const file = await runbooks.read(`${name}.md`);
    if (file === null) return c.json(unknown('runbook', '/alerts.json'), 404);
    const job = c.req.query('job') ?? null;
    return c.html(runbookPage(name, renderMarkdown(file.body.toString('utf8'), { job })));
  });
  return app;
}

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-cache' };

function unknown(what: string, where: string): { readonly error: string } {
  return { error: `There is no such ${what}. ${where} lists the known ones.` };
}

/** The file, or 304 where the browser has this very version, or 404. */
async function answer(c: Context, folder: StaticFolder, name: string): Promise<Response> {
  const file = await folder.read(name);
  if (file === null) return c.json({ error: 'There is no such file.' }, 404);
  // `no-cache` is "ask before use": an upgrade shows at the next load, an unchanged file costs a 304.
  const headers = { 'content-type': file.type, 'cache-control': 'no-cache', etag: file.etag };
  if (c.req.header('if-none-match') === file.etag) return c.body(null, 304, headers);
  return c.body(new Uint8Array(file.body), 200, headers);
}
