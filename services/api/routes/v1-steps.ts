import type { Context, Hono } from 'hono';
import { explainView } from '../../../domain/report/explain.ts';
import { reportOfView } from '../../../domain/report/job-report.ts';
import type { Quality } from '../../../domain/report/report-shape.ts';
import {
  type StepRow,
  stepExecutions,
  stepKey,
  stepRow,
  stepsAfter,
} from '../../../domain/report/step-rows.ts';
import { viewOf } from '../job-views.ts';
import { QUERY_PARAMETERS } from '../openapi/parameters.ts';
import { badCursor, namePage, pageFromQuery } from '../paging.ts';
import { isAsked } from '../parameters.ts';
import { Problem } from '../problem.ts';
import type { PublishedQuality } from '../published-job.ts';
import { publishedSteps } from '../published-steps.ts';
import { addRead } from '../read-routes.ts';
import { rangeText } from '../time-range.ts';
import type { V1Dependencies } from '../v1-dependencies.ts';

/** The answer of `/v1/jobs/{job}/steps`, beside `range` and `explain`. */
export interface StepsAnswer {
  readonly job: string;
  readonly steps: readonly StepRow[];
  /** `cursor` of the next page; null: this was the last. */
  readonly next: string | null;
  readonly quality: Quality | PublishedQuality;
}

/** `/v1/jobs/{job}/steps`: paged by place in time, so that steps that arrive meanwhile neither repeat nor shift any. */
export function addStepRoutes(app: Hono, deps: V1Dependencies): void {
  addRead(app, deps, 'listSteps', async (c) => {
    const filter = filterOf(c);
    const page = pageFromQuery(c.req.query(), 'steps', deps.config);
    const published = await publishedSteps(c, deps, filter, page);
    if (published !== undefined) return c.json(published);
    const explains = isAsked(c, 'explain');
    const view = await viewOf(c, deps, false);
    const all = stepExecutions(view, filter);
    const rest = page.after === '' ? all : stepsAfter(all, page.after);
    if (rest === undefined) throw badCursor();
    const shown = namePage('steps', rest.slice(0, page.limit), page, stepKey);
    const { quality } = reportOfView(view);
    return c.json({
      job: view.job,
      ...shown,
      steps: rest.slice(0, page.limit).map((step) => stepRow(step, view)),
      next: rest.length > page.limit ? shown.next : null,
      quality,
      range: rangeText(view),
      ...(explains ? { explain: explainView(view) } : {}),
    });
  });
}

function filterOf(c: Context) {
  const attempt = c.req.query('attempt');
  if (attempt !== undefined && !/^\d+$/.test(attempt)) {
    throw new Problem(400, 'Bad attempt', `attempt=${attempt} must be a whole number from 0.`);
  }
  return {
    fate: oneOf(c, 'fate'),
    kind: oneOf(c, 'kind'),
    attempt: attempt === undefined ? undefined : Number(attempt),
  };
}

function oneOf(c: Context, name: 'fate' | 'kind'): string | undefined {
  const text = c.req.query(name);
  const known: readonly string[] = QUERY_PARAMETERS[name].schema.enum;
  if (text === undefined || known.includes(text)) return text;
  throw new Problem(400, `Bad ${name}`, `${name}=${text} is not one of ${known.join(', ')}.`);
}
