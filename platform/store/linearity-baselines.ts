import type { LearnedBaseline } from '../../domain/report/learned-baseline.ts';
import { namedQuery } from './named-queries.ts';
import { type Store, StoreError } from './store.ts';

const TABLE = 'linearity_baselines';

/** ClickHouse's UNKNOWN_TABLE: tables that an earlier version left. */
const UNKNOWN_TABLE = 60;

/**
 * Every learned baseline, also of jobs that are long gone: one a specification, number of devices and job. Null where
 * the tables are of an earlier version, which learned none and has no place for them.
 */
export async function readLinearityBaselines(store: Store): Promise<readonly LearnedBaseline[] | null> {
  try {
    const rows = await store.query<LearnedBaseline>(namedQuery('linearity_baselines'));
    return rows.map((row) => ({
      ...row,
      sequence_length: Number(row.sequence_length),
      devices: Number(row.devices),
      window_steps: Number(row.window_steps),
      from_us: Number(row.from_us),
      to_us: Number(row.to_us),
    }));
  } catch (error) {
    if (error instanceof StoreError && error.engine_code === UNKNOWN_TABLE) return null;
    throw error;
  }
}

/** Keeps a baseline; the last one kept of a specification, number of devices and job holds. */
export async function keepLinearityBaseline(
  store: Store,
  baseline: LearnedBaseline,
  now_us: number,
): Promise<void> {
  await store.insertRows(TABLE, [{ ...baseline, version: now_us }]);
}
