import { expect, it } from 'vitest';
import type { Counters } from '../../../../platform/telemetry/counters.ts';
import { createAnalyzerCounters } from '../../../../services/analyzer/analyzer-counters.ts';

it('measures under one name each, and says nothing of no points', () => {
  const told: string[] = [];
  const gauges = new Map<string, () => unknown>();
  const counters: Counters = {
    counter: (noun) => ({
      add: (amount = 1, labels) => told.push(`${noun} ${amount} ${JSON.stringify(labels ?? {})}`),
    }),
    histogram: (noun) => ({ record: (value) => told.push(`${noun} ${value}`) }),
    observedCounter: () => undefined,
    gauge: (noun, _, read) => gauges.set(noun, read),
  };
  const own = createAnalyzerCounters(counters);
  own.watch(() => ({ jobs: 2, events: 70 }));
  own.wrote(0);
  own.wrote(5);
  own.ticked(0.25);
  own.failed('job');
  expect(told).toEqual([
    'written_points 5 {}',
    'ticks 1 {}',
    'tick_duration_seconds 0.25',
    'failures 1 {"stage":"job"}',
  ]);
  expect([...gauges].map(([noun, read]) => [noun, read()])).toEqual([
    ['followed_jobs', 2],
    ['kept_events', 70],
  ]);
});
