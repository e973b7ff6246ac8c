import type { Hono } from 'hono';
import { isJobScoped } from '../../../domain/events.ts';
import { type Collectives, collectivesOf } from '../../../domain/report/collectives.ts';
import { devicesOf } from '../../../domain/report/job-nodes.ts';
import { specHistory } from '../../../domain/report/spec-history.ts';
import { timeText } from '../../../domain/report/time-text.ts';
import { COLLECTIVE_READER_LIMITS } from '../collective-reader.ts';
import { readView } from '../job-views.ts';
import { Problem } from '../problem.ts';
import { addRead } from '../read-routes.ts';
import { rangeFromQuery } from '../time-range.ts';
import type { V1Dependencies } from '../v1-dependencies.ts';

/** The answer of `/v1/jobs/{job}/collectives`. */
export interface CollectivesAnswer extends Collectives {
  readonly job: string;
  /** Windows that the rows are made of. */
  readonly windows: number;
  readonly range: { readonly from: string | null; readonly to: string | null };
  /** Why something is not in it. */
  readonly quality: { readonly reasons: Readonly<Record<string, string>> };
}

/** `/v1/jobs/{job}/collectives`: collectives of the range by communicator, operation and size; who came late. */
export function addCollectiveRoutes(app: Hono, deps: V1Dependencies): void {
  addRead(app, deps, 'getCollectives', async (c) => {
    const { collectives, clock } = deps;
    if (collectives === undefined)
      throw new Problem(503, 'No collectives', 'This Headway reads no windows of collectives.');
    const job = c.req.param('job') ?? '';
    const { from_us, to_us } = rangeFromQuery(c.req.query(), clock.now_us());
    const range = { from_us: from_us ?? 0, to_us: to_us ?? Number.MAX_SAFE_INTEGER };
    const told = await collectives.windows(job, range);
    // answers 404 for a job that nobody knows
    if (told.length === 0) await readView(deps, job, {});
    const windows = told.slice(0, COLLECTIVE_READER_LIMITS.windows_max);
    const reasons = {
      ...(told.length === 0
        ? {
            collectives: 'no window of collectives arrived: import the files of NCCL Inspector, or send them',
          }
        : {}),
      ...(told.length > windows.length
        ? { windows: `only the newest ${windows.length} windows are in it: ask for a shorter range` }
        : {}),
    };
    return c.json({
      job,
      ...collectivesOf(windows, { ranks: await ranksOf(deps, job) }),
      windows: windows.length,
      range: { from: textOf(from_us), to: textOf(to_us) },
      quality: { reasons },
    } satisfies CollectivesAnswer);
  });
}

/** One rank a device. */
async function ranksOf({ results, clock }: V1Dependencies, job: string): Promise<number | undefined> {
  const told = ((await results?.declarations(job)) ?? []).filter(isJobScoped);
  const { merged } = specHistory(told);
  return devicesOf(told, clock.now_us(), merged.device_count) ?? undefined;
}

function textOf(us: number | undefined): string | null {
  return us === undefined ? null : timeText(us);
}
