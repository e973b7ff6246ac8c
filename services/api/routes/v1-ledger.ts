import type { Hono } from 'hono';
import { explainView } from '../../../domain/report/explain.ts';
import { ledgerOfView } from '../../../domain/report/job-report.ts';
import { viewOf } from '../job-views.ts';
import { rangeOf, windowsOf } from '../ledger-windows.ts';
import { isAsked } from '../parameters.ts';
import { publishedLedger } from '../published-ledger.ts';
import { addRead } from '../read-routes.ts';
import { rangeText } from '../time-range.ts';
import type { V1Dependencies } from '../v1-dependencies.ts';
import { reportedLedger } from './v1-revisions.ts';

/** `/v1/jobs/{job}/ledger`: as it is, as it was reported, and of large jobs as it was last published. */
export function addLedgerRoute(app: Hono, deps: V1Dependencies): void {
  addRead(app, deps, 'getLedger', async (c) => {
    const explains = isAsked(c, 'explain');
    const published = await publishedLedger(c, deps);
    if (published !== undefined) return c.json(published);
    const view = await viewOf(c, deps, false);
    const windows_us = windowsOf(c, deps.config, rangeOf(view));
    return c.json({
      ...ledgerOfView(view, windows_us),
      ...(await reportedLedger(c, deps, view, windows_us)),
      range: rangeText(view),
      ...(explains ? { explain: explainView(view) } : {}),
    });
  });
}
