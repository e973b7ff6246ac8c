import { expect, it } from 'vitest';
import type { JobScopedEvent } from '../../domain/events.ts';
import { createRandom } from '../../simulator/random.ts';
import { openAnalyzerBench } from '../support/analyzer-bench.ts';
import { contentOf } from '../support/result-rows.ts';
import { attempt, endOf, llamaSpec, START_US } from '../support/training-events.ts';

const FAIL_US = endOf({ steps: 12 }) + 3e6;
const AGAIN = { attempt: 2, start_us: FAIL_US + 40e6, first: 8, steps: 12 };
const EVENTS: readonly JobScopedEvent[] = [
  llamaSpec(),
  ...attempt({ steps: 12 }),
  {
    type: 'span',
    job: 'a',
    attempt: 1,
    kind: 'ckpt_save',
    start_us: START_US + 17e6,
    end_us: START_US + 18e6,
  },
  { type: 'fail', job: 'a', attempt: 1, time_us: FAIL_US, cause: 'nccl_timeout', node: 'n2' },
  { type: 'mark', job: 'a', kind: 'detect', time_us: FAIL_US + 5e6 },
  ...attempt(AGAIN),
  { type: 'exclude', job: 'a', start_us: START_US + 20e6, end_us: START_US + 22e6, reason: 'drill' },
  { type: 'attempt_end', job: 'a', attempt: 2, time_us: endOf(AGAIN), clean: true },
];

/** The tables after the events came in so many deliveries; `next` draws from [0, 1). Undefined: in order, at once. */
async function deliver(slices: number, next: (() => number) | undefined) {
  const bench = await openAnalyzerBench();
  try {
    let analyzer = bench.analyzer();
    await analyzer.tick();
    bench.now_us = START_US;
    const order =
      next === undefined
        ? EVENTS
        : EVENTS.map((event) => ({ event, at: next() }))
            .sort((a, b) => a.at - b.at)
            .map(({ event }) => event);
    const size = Math.ceil(order.length / slices);
    for (let from = 0; from < order.length; from += size) {
      const part = order.slice(from, from + size);
      const again = next === undefined ? [] : order.slice(0, from).filter(() => next() < 0.2);
      await bench.receive(analyzer, [...part, ...again]);
      await bench.pass(analyzer);
      if (next === undefined || next() < 0.7) continue;
      // another process takes over
      await analyzer.stop();
      analyzer = bench.analyzer();
    }
    bench.now_us = endOf(AGAIN) + 20e6;
    await bench.pass(analyzer);
    await bench.pass(analyzer);
    return await contentOf(bench.store, 'a');
  } finally {
    await bench.close();
  }
}

it.each([1, 2, 3, 4])(
  'late, repeated and shuffled events give the tables of one delivery in order (seed %i)',
  async (seed) => {
    const scratch = await deliver(1, undefined);
    expect(scratch.steps.length).toBe(24);
    const random = createRandom(seed);
    const incremental = await deliver(6, () => random.uniform());
    expect(incremental).toEqual(scratch);
  },
  60_000,
);
