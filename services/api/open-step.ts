import { isJobScoped, type JobScopedEvent } from '../../domain/events.ts';
import { accountOf } from '../../domain/ledger/account.ts';
import type { StepExecution } from '../../domain/ledger/ledger-shape.ts';
import { type PublishedRow, resultsOf } from './result-reader.ts';
import type { V1Dependencies } from './v1-dependencies.ts';

/** Steps before the open one that are read with it, to see that what was published of them still holds. */
const READ_BEFORE = 64;

/**
 * Steps of a published job that are under way: they have no outcome yet, and so are in no table. They are told from the
 * newest of its steps alone. Undefined where that cannot be: steps arrived since that were over then, or none is told
 * although the account says that one runs.
 *
 * @param small everything that the job said beside steps
 */
export async function openSteps(
  deps: V1Dependencies,
  row: PublishedRow,
  small: readonly JobScopedEvent[],
): Promise<readonly StepExecution[] | undefined> {
  const { job, to_us, state, open_attempt } = row;
  if (open_attempt === null) return [];
  const known = await resultsOf(deps).newestSteps(row, READ_BEFORE);
  const from_us = known.at(-1)?.start_us ?? row.segments[0]?.from_us ?? to_us;
  const events = [...small, ...(await deps.jobs.stepsSince(job, from_us)).filter(isJobScoped)];
  const { steps } = accountOf(events, { job, at_us: to_us, live: deps.live });
  const isOpen = ({ fate }: StepExecution) => fate === 'in_flight' || fate === 'hang';
  const keyOf = ({ start_us, attempt, step, end_us, count, fate }: (typeof known)[number]) =>
    [start_us, attempt, step, end_us, count, fate].join(' ');
  const over = steps.filter((step) => !isOpen(step)).map(keyOf);
  const isSame = [...over].sort().join() === known.map(keyOf).sort().join();
  const open = steps.filter(isOpen);
  const runs = row.segments.at(-1)?.bucket === 'in_flight' || state === 'hang';
  if (!isSame || (runs && open.length === 0)) return undefined;
  // whether it hangs was judged with all steps of the job
  const fate = state === 'hang' || state === 'silent' ? ('hang' as const) : ('in_flight' as const);
  return open.map((step) => ({ ...step, fate }));
}
