import type { Hono } from 'hono';
import { type CollectiveRow, collectivesOf } from '../../../domain/report/collectives.ts';
import { explainView } from '../../../domain/report/explain.ts';
import { reportOfView } from '../../../domain/report/job-report.ts';
import type { Quality } from '../../../domain/report/report-shape.ts';
import type { Stragglers } from '../../../domain/report/stragglers.ts';
import { viewOf } from '../job-views.ts';
import { isAsked } from '../parameters.ts';
import { addRead } from '../read-routes.ts';
import { rangeText } from '../time-range.ts';
import type { V1Dependencies } from '../v1-dependencies.ts';

/** The answer of `/v1/jobs/{job}/stragglers`, beside `range` and `explain`. */
export interface StragglersAnswer extends Stragglers {
  readonly job: string;
  /** Members of communicators that came last to most of their collectives; empty where no windows of them are known. */
  readonly late_members: readonly CollectiveRow[];
  readonly quality: Quality;
}

/** `/v1/jobs/{job}/stragglers`: ranks by slowdown, worst first, over the steps of the range. */
export function addStragglerRoutes(app: Hono, deps: V1Dependencies): void {
  addRead(app, deps, 'getStragglers', async (c) => {
    const explains = isAsked(c, 'explain');
    const view = await viewOf(c, deps, false);
    const { quality } = reportOfView(view);
    const found = view.stragglers();
    const from_us = view.range.from_us ?? 0;
    const to_us = view.range.to_us ?? Number.MAX_SAFE_INTEGER;
    const windows = (await deps.collectives?.windows(view.job, { from_us, to_us })) ?? [];
    const late_members = collectivesOf(windows, { ranks: view.spec.devices ?? undefined }).rows.filter(
      ({ late_group_rank }) => late_group_rank !== null,
    );
    const reasons = found.reason === null ? {} : { stragglers: found.reason };
    return c.json({
      job: view.job,
      ...found,
      late_members,
      quality: { ...quality, reasons: { ...quality.reasons, ...reasons } },
      range: rangeText(view),
      ...(explains ? { explain: explainView(view) } : {}),
    });
  });
}
