import type { Context } from 'hono';
import { isJobScoped } from '../../domain/events.ts';
import type { StepExecution } from '../../domain/ledger/ledger-shape.ts';
import { devicesOf } from '../../domain/report/job-nodes.ts';
import { resolveSpec } from '../../domain/report/job-spec.ts';
import { specHistory } from '../../domain/report/spec-history.ts';
import {
  placeOfKey,
  type StepFilter,
  stepExecutions,
  stepKey,
  stepRow,
  stepsAfter,
} from '../../domain/report/step-rows.ts';
import { openSteps } from './open-step.ts';
import { badCursor, namePage, type Page } from './paging.ts';
import { onlyOfEvents, publishedJob, publishedLedgerOf, publishedQuality } from './published-job.ts';
import { resultsOf } from './result-reader.ts';
import type { StepsAnswer } from './routes/v1-steps.ts';
import { type RangeText, rangeFromQuery, rangeText } from './time-range.ts';
import type { V1Dependencies } from './v1-dependencies.ts';

/**
 * A page of a job's steps as they were last published, read as a page: the one that all events give as of
 * `accounted_until`. On the last page of a job that runs is its step under way, told from its newest steps. Undefined where
 * it has to be made of events: there, and where these say something else than what was published. Throws a problem.
 */
export async function publishedSteps(
  c: Context,
  deps: V1Dependencies,
  filter: StepFilter,
  page: Page,
): Promise<(StepsAnswer & { readonly range: RangeText }) | undefined> {
  const job = c.req.param('job') ?? '';
  const published = await publishedJob(c, deps, job);
  if (published === undefined) return undefined;
  const { row, account } = published;
  const range = rangeFromQuery(c.req.query(), deps.clock.now_us());
  const after = page.after === '' ? undefined : placeOfKey(page.after);
  if (page.after !== '' && after === undefined) throw badCursor();
  const asked = { ...filter, ...range, after, limit: page.limit + 1 };
  const [rest, small] = await Promise.all([
    resultsOf(deps).steps(row, asked),
    deps.jobs.smallEvents(job).then((events) => events.filter(isJobScoped)),
  ]);
  const open = rest.length > page.limit ? [] : await openSteps(deps, row, small);
  if (open === undefined) return onlyOfEvents(published, 'steps arrived since it was published');
  const running = stepExecutions({ account: { steps: open }, range }, filter);
  const shown = stepExecutions({ account: { steps: [...rest, ...later(running, page.after)] }, range }, {});
  const isLast = shown.length <= page.limit;
  const { merged } = specHistory(small);
  const devices = devicesOf(small, account.to_us, merged.device_count);
  const spec = resolveSpec(merged, devices, deps.site?.hardware_overrides);
  const steps = shown.slice(0, page.limit);
  const { next } = namePage('steps', steps, page, stepKey);
  return {
    job,
    steps: steps.map((step) => stepRow(step, { spec })),
    next: isLast ? null : next,
    quality: publishedQuality(published, publishedLedgerOf(published, range), {}),
    range: rangeText({ account, range }),
  };
}

function later(steps: readonly StepExecution[], after: string): readonly StepExecution[] {
  return after === '' ? steps : (stepsAfter(steps, after) ?? []);
}
