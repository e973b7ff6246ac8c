import type { Counters } from '../../platform/telemetry/counters.ts';

export interface AnalyzerSize {
  readonly jobs: number;
  readonly events: number;
}

/** What the analyzer measures of itself. */
export interface AnalyzerCounters {
  /**
   * Jobs it follows and events it keeps of them, read when the page is asked for and summed over all that are watched.
   * Returns what ends it.
   */
  watch(read: () => AnalyzerSize): () => void;
  ticked(duration_s: number): void;
  wrote(points: number): void;
  /**
   * `job`: one job could not be accounted; `start`: what an earlier process followed could not be read; `results`: the
   * rows of a tick could not be written.
   */
  failed(stage: 'job' | 'start' | 'results'): void;
}

export const NO_COUNTERS: AnalyzerCounters = {
  watch: () => () => undefined,
  ticked() {},
  wrote() {},
  failed() {},
};

export function createAnalyzerCounters(counters: Counters): AnalyzerCounters {
  const duration = counters.histogram(
    'tick_duration_seconds',
    'From beginning to account the jobs that are due to the last of their points written.',
  );
  const ticks = counters.counter('ticks', 'Rounds over all followed jobs.');
  const points = counters.counter(
    'written_points',
    'Points of derived series written, ends of series included.',
  );
  const failures = counters.counter('failures', 'What could not be done and is tried again, by stage.');
  const watched = new Set<() => AnalyzerSize>();
  const sum = (of: (size: AnalyzerSize) => number) => () =>
    [...watched].reduce((total, read) => total + of(read()), 0);
  counters.gauge(
    'followed_jobs',
    'Jobs whose series are being written.',
    sum(({ jobs }) => jobs),
  );
  counters.gauge(
    'kept_events',
    'Run events of the followed jobs in memory.',
    sum(({ events }) => events),
  );
  return {
    watch(read) {
      watched.add(read);
      return () => void watched.delete(read);
    },
    ticked(duration_s) {
      ticks.add();
      duration.record(duration_s);
    },
    wrote(count) {
      if (count > 0) points.add(count);
    },
    failed(stage) {
      failures.add(1, { stage });
    },
  };
}
