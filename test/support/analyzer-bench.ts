import type { RunEvent } from '../../domain/events.ts';
import { type Log, silentLog } from '../../platform/log.ts';
import { createSeriesEncoder } from '../../platform/series/series-encoder.ts';
import { STORE_DEFAULTS } from '../../platform/store/config.ts';
import { openEmbeddedStore } from '../../platform/store/embedded.ts';
import { migrate } from '../../platform/store/migrate.ts';
import type { Store } from '../../platform/store/store.ts';
import type { Counters } from '../../platform/telemetry/counters.ts';
import { type Analyzer, createAnalyzer } from '../../services/analyzer/analyzer.ts';
import { ANALYZER_DEFAULTS, type AnalyzerConfig } from '../../services/analyzer/config.ts';
import { storeEvents } from './stored-events.ts';
import { makeFolder } from './temporary-folder.ts';
import { START_US } from './training-events.ts';

export interface Point {
  /** Seconds since START_US. */
  readonly at_s: number;
  /** Null: the series ends there. */
  readonly value: number | null;
}

/** Analyzers over the real engine; only the clock is the test's. */
export class AnalyzerBench {
  now_us = START_US;
  readonly store: Store;
  readonly #remove: () => Promise<void>;

  constructor(store: Store, remove: () => Promise<void>) {
    this.store = store;
    this.#remove = remove;
  }

  /** Another process over the same store, as it were. */
  analyzer(
    config: Partial<AnalyzerConfig> = {},
    { log = silentLog, counters }: { log?: Log; counters?: Counters } = {},
  ): Analyzer {
    return createAnalyzer({
      store: this.store,
      clock: { now_us: () => this.now_us },
      // the clock is the test's: how long the machine really took must not put a job off
      config: { ...ANALYZER_DEFAULTS, job_time_ratio_max: Number.POSITIVE_INFINITY, ...config },
      log,
      encoder: createSeriesEncoder(),
      ...(counters === undefined ? {} : { counters }),
    });
  }

  async receive(analyzer: Analyzer, events: readonly RunEvent[]): Promise<void> {
    analyzer.touch(await storeEvents(this.store, events, this.now_us / 1000));
  }

  /** Time passes by one interval, and the analyzer does its work. */
  async pass(analyzer: Analyzer, seconds: number = ANALYZER_DEFAULTS.interval_s): Promise<void> {
    this.now_us += seconds * 1e6;
    await analyzer.tick();
  }

  /** The points of the series of a name, of all of them or of those with a label, in order of time. */
  async pointsOf(
    name: string,
    label?: readonly [string, string],
    other?: readonly [string, string],
  ): Promise<Point[]> {
    const rows = await this.store.query<{ ts_ms: number; value: number | null }>(
      `SELECT toUnixTimestamp64Milli(ts) AS ts_ms, value FROM series_points FINAL
       WHERE series_id IN (SELECT series_id FROM series WHERE name = {name:String}
         AND ({key:String} = '' OR labels[{key:String}] = {text:String})
         AND ({key2:String} = '' OR labels[{key2:String}] = {text2:String}))
       ORDER BY ts_ms`,
      {
        name,
        key: label?.[0] ?? '',
        text: label?.[1] ?? '',
        key2: other?.[0] ?? '',
        text2: other?.[1] ?? '',
      },
    );
    return rows.map(({ ts_ms, value }) => ({ at_s: ts_ms / 1000 - START_US / 1e6, value }));
  }

  async close(): Promise<void> {
    await this.store.close();
    await this.#remove();
  }
}

export async function openAnalyzerBench(): Promise<AnalyzerBench> {
  const { path, remove } = await makeFolder();
  const store = await openEmbeddedStore(path, STORE_DEFAULTS, silentLog);
  await migrate(store);
  return new AnalyzerBench(store, remove);
}
