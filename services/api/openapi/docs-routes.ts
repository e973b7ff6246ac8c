import { readFileSync } from 'node:fs';
import { type Context, Hono } from 'hono';
import { docsPage } from './docs-page.ts';

/** Relative to the checkout; the same as what `npm run generate` writes. */
const DOCUMENT = 'docs/reference/openapi.json';

const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
};

/** `/openapi.json` and `/docs`, which is drawn from it and needs nothing but this server. `root` is the checkout. */
export function createDocsRoutes(root: URL): Hono {
  const text = readFileSync(new URL(DOCUMENT, root), 'utf8');
  const style = readFileSync(new URL('docs.css', import.meta.url), 'utf8');
  const page = docsPage(JSON.parse(text) as Record<string, unknown>);
  const app = new Hono();
  const answer = (c: Context, type: string, body: string) =>
    c.body(body, 200, { ...SECURITY_HEADERS, 'content-type': type });
  app.get('/openapi.json', (c) => answer(c, 'application/json; charset=utf-8', text));
  app.get('/docs', (c) => answer(c, 'text/html; charset=utf-8', page));
  app.get('/docs/style.css', (c) => answer(c, 'text/css; charset=utf-8', style));
  return app;
}
