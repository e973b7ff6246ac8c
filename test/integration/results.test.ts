import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JobScopedEvent } from '../../domain/events.ts';
import { type AnalyzerBench, openAnalyzerBench } from '../support/analyzer-bench.ts';
import { resultsOf } from '../support/result-rows.ts';
import { attempt, endOf, llamaSpec, START_US } from '../support/training-events.ts';

let bench: AnalyzerBench;

beforeEach(async () => {
  bench = await openAnalyzerBench();
});
afterEach(async () => {
  await bench.close();
});

/** Ten steps of 2 s from second 10, a failure at 31 s, again from step 6 at 60 s. */
const FIRST = attempt({ steps: 10 });
const FAIL: JobScopedEvent = {
  type: 'fail',
  job: 'a',
  attempt: 1,
  time_us: START_US + 31e6,
  cause: 'xid:79',
  node: 'n1',
};
const SECOND = attempt({ attempt: 2, start_us: START_US + 60e6, first: 6, steps: 10 });

describe('the result tables', () => {
  it('classify the past anew under a new revision, and still tell what was reported', async () => {
    const analyzer = bench.analyzer();
    await analyzer.tick();
    bench.now_us = endOf();
    await bench.receive(analyzer, [llamaSpec(), ...FIRST]);
    await bench.pass(analyzer);
    await bench.pass(analyzer);
    const reported = await resultsOf(bench.store, 'a');
    expect(reported.revisions.map(({ revision, reason }) => [revision, reason])).toEqual([[1, 'first']]);
    expect(reported.seconds).toMatchObject({ startup: 10, productive: 20 });
    await bench.receive(analyzer, [FAIL, ...SECOND]);
    bench.now_us = endOf({ start_us: START_US + 60e6 });
    await bench.pass(analyzer);
    const revised = await resultsOf(bench.store, 'a');
    expect(revised.revisions.at(-1)).toMatchObject({
      revision: 2,
      reason: 'rollback',
      moved_s: { 'productive>lost_work': 10 },
    });
    // other: the second from the last step to the failure, and the five since the last step of all
    expect(revised.seconds).toEqual({ lost_work: 10, other: 6, productive: 30, down: 29, startup: 20 });
    expect((await resultsOf(bench.store, 'a', 1)).seconds).toEqual(reported.seconds);
    expect(revised.incidents).toMatchObject([{ id: 'a/1', cause: 'xid:79', lost_steps: 5, revision: 2 }]);
  });

  it('count no revision while a job only goes on, and few rows', async () => {
    const analyzer = bench.analyzer();
    await analyzer.tick();
    const events = attempt({ steps: 40 });
    bench.now_us = endOf({ steps: 2 });
    await bench.receive(analyzer, [llamaSpec(), ...events.slice(0, 3)]);
    for (let index = 3; index < events.length; index += 2) {
      await bench.pass(analyzer, 4);
      await bench.receive(analyzer, events.slice(index, index + 2));
    }
    await bench.pass(analyzer);
    const { revisions, steps, segments } = await resultsOf(bench.store, 'a');
    expect(revisions).toHaveLength(1);
    expect(steps).toHaveLength(40);
    expect(segments.map(({ bucket }) => bucket)).toEqual(['startup', 'productive', 'other']);
  });

  it('name an exclusion, a late event and a cause that became known as what they are', async () => {
    const analyzer = bench.analyzer();
    await analyzer.tick();
    bench.now_us = endOf();
    await bench.receive(analyzer, [llamaSpec(), ...FIRST]);
    await bench.pass(analyzer);
    await bench.pass(analyzer);
    const reasons: (string | undefined)[] = [];
    const late: JobScopedEvent[] = [
      { type: 'exclude', job: 'a', start_us: START_US + 10e6, end_us: START_US + 14e6, reason: 'drill' },
      { type: 'span', job: 'a', kind: 'data_wait', start_us: START_US + 20e6, end_us: START_US + 21e6 },
      llamaSpec({ device_count: 16, time_us: START_US + 1 }),
    ];
    for (const event of late) {
      await bench.receive(analyzer, [event]);
      await bench.pass(analyzer);
      reasons.push((await resultsOf(bench.store, 'a')).revisions.at(-1)?.reason);
    }
    expect(reasons.slice(0, 2)).toEqual(['exclusion', 'late_events']);
  });

  it('are taken up by another process without a new revision', async () => {
    const first = bench.analyzer();
    await first.tick();
    bench.now_us = endOf();
    await bench.receive(first, [llamaSpec(), ...FIRST, FAIL]);
    await bench.pass(first);
    await bench.pass(first);
    const before = await resultsOf(bench.store, 'a');
    await first.stop();
    const second = bench.analyzer();
    await bench.pass(second, 40);
    const after = await resultsOf(bench.store, 'a');
    expect(after.revisions).toEqual(before.revisions);
    expect(after.steps).toEqual(before.steps);
    expect(after.seconds['down']).toBe((before.seconds['down'] ?? 0) + 40);
  });
});
