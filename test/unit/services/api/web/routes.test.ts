import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createWebRoutes } from '../../../../../services/api/web/routes.ts';

const ROOT = new URL('../../../../../', import.meta.url);
const routes = createWebRoutes({ root: ROOT });

const PAGE = readdirSync(new URL('services/api/web/page/', ROOT)).filter((name) =>
  /\.(js|css|svg)$/.test(name),
);

describe('the files of the page', () => {
  it('/ is HTML that runs only files of this server', async () => {
    const response = await routes.request('/');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toContain('unsafe');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    const html = await response.text();
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|https?:\/\//);
  });

  it('answers every address that / and the runbooks ask for', async () => {
    const html = await (await routes.request('/')).text();
    const wanted = [...html.matchAll(/(?:src|href)="(page\/[^"]+)"/g)].map(([, path = '']) => path);
    expect(wanted.length).toBeGreaterThan(4);
    for (const path of wanted) expect([path, (await routes.request(`/${path}`)).status]).toEqual([path, 200]);
  });

  it.each([
    ['main.js', 'text/javascript; charset=utf-8'],
    ['style.css', 'text/css; charset=utf-8'],
    ['favicon.svg', 'image/svg+xml'],
    ['vendor/uPlot.iife.min.js', 'text/javascript; charset=utf-8'],
    ['vendor/uPlot.min.css', 'text/css; charset=utf-8'],
  ])('%s has the type %s', async (name, type) => {
    const response = await routes.request(`/page/${name}`);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, type]);
  });

  it('answers an unchanged file with 304, and always has it asked for', async () => {
    const first = await routes.request('/page/main.js');
    expect(first.headers.get('cache-control')).toBe('no-cache');
    const etag = first.headers.get('etag') ?? '';
    const again = await routes.request('/page/main.js', { headers: { 'if-none-match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    const other = await routes.request('/page/main.js', { headers: { 'if-none-match': '"other"' } });
    expect(other.status).toBe(200);
  });

  it.each([
    '/page/../routes.ts',
    '/page/..%2froutes.ts',
    '/page/%2e%2e%2froutes.ts',
    '/page/..%5croutes.ts',
    '/page/tsconfig.json',
    '/page/main.js%00.css',
    '/page/',
    '/page/vendor/..%2fpackage.json',
    '/page/vendor/uPlot.esm.js',
    '/dashboards/..%2falerts.json',
    '/runbooks/..%2fdecisions%2f0001-typescript-without-a-build',
    '/runbooks/%2e%2e%2f%2e%2e%2fREADME',
  ])('has nothing at %s', async (path) => {
    expect((await routes.request(path)).status).toBe(404);
  });

  it('imports only files that it serves', () => {
    for (const name of PAGE.filter((one) => one.endsWith('.js'))) {
      const text = readFileSync(new URL(`services/api/web/page/${name}`, ROOT), 'utf8');
      const imports = [...text.matchAll(/^import .*?from '([^']+)'/gms)].map(([, target = '']) => target);
      for (const target of imports) expect(PAGE).toContain(target.replace(/^\.\//, ''));
    }
  });

  it('puts no data into markup', () => {
    for (const name of PAGE.filter((one) => one.endsWith('.js'))) {
      const text = readFileSync(new URL(`services/api/web/page/${name}`, ROOT), 'utf8');
      expect([
        name,
        /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function/.test(text),
      ]).toEqual([name, false]);
    }
  });
});

describe('dashboards and alerts', () => {
  it('lists the dashboards and gives each as committed', async () => {
    expect(await (await routes.request('/dashboards')).json()).toMatchObject({
      dashboards: [
        { uid: 'headway-job-overview', title: 'Job overview' },
        { uid: 'headway-job-why', title: 'Job: cost and why' },
        { uid: 'headway-pipeline', title: 'Pipeline' },
      ],
    });
    const response = await routes.request('/dashboards/headway-job-overview.json');
    const committed = new URL('dashboards/generated/dashboards/headway-job-overview.json', ROOT);
    expect(await response.text()).toBe(readFileSync(committed, 'utf8'));
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
  });

  it('gives the alert rules', async () => {
    const rules = await (await routes.request('/alerts.json')).json();
    expect(rules).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: 'HeadwayJobHung', severity: 'page', unit: 's', for_s: 0 }),
      ]),
    );
  });

  it('says of an unknown dashboard where the known ones are', async () => {
    const response = await routes.request('/dashboards/nope.json');
    expect(response.status).toBe(404);
    expect(await response.text()).toContain('/dashboards lists the known ones');
  });
});

describe('runbooks', () => {
  it('are HTML with the job in the queries', async () => {
    const response = await routes.request('/runbooks/HeadwayJobHung?job=run-1');
    expect(response.headers.get('content-type')).toContain('text/html');
    const html = await response.text();
    expect(html).toContain('<h1>HeadwayJobHung</h1>');
    expect(html).toContain('headway_job_state{job=&quot;run-1&quot;}');
    expect(html).not.toContain('JOB&quot;');
  });

  it('let no name of a job become markup or end a PromQL string', async () => {
    const job = '<script>alert(1)</script>"}';
    const response = await routes.request(`/runbooks/HeadwayJobHung?job=${encodeURIComponent(job)}`);
    const html = await response.text();
    expect(html).not.toContain('<script');
    expect(html).toContain('{job=&quot;&lt;script&gt;alert(1)&lt;/script&gt;\\&quot;}&quot;}');
  });
});
