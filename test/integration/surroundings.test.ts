import { afterEach, beforeEach, expect, it } from 'vitest';
import type { FaultEvent, NodeStateEvent, RunEvent } from '../../domain/events.ts';
import type { Store } from '../../platform/store/store.ts';
import { Surroundings } from '../../services/analyzer/metrics/surroundings.ts';
import { type AnalyzerBench, openAnalyzerBench } from '../support/analyzer-bench.ts';
import { storeEvents } from '../support/stored-events.ts';

let bench: AnalyzerBench;
let questions: number;
let store: Store;

beforeEach(async () => {
  bench = await openAnalyzerBench();
  questions = 0;
  const { store: real } = bench;
  store = Object.assign(Object.create(real) as Store, {
    query: (sql: string, parameters: Record<string, string>) => {
      questions++;
      return real.query(sql, parameters);
    },
  });
});
afterEach(async () => {
  await bench.close();
});

const BEGIN_US = 1_790_000_000_000_000;
const S = 1e6;
const fault = (node: string, at_s: number, job?: string): FaultEvent => ({
  type: 'fault',
  node,
  code: 'xid:79',
  time_us: BEGIN_US + at_s * S,
  ...(job === undefined ? {} : { job }),
});
const state = (node: string, at_s: number): NodeStateEvent => ({
  type: 'node_state',
  node,
  state: 'unhealthy',
  time_us: BEGIN_US + at_s * S,
});
const jobs = (nodes: Readonly<Record<string, readonly string[]>>) =>
  Object.entries(nodes).map(([job, own]) => ({ job, nodes: new Set(own), from_us: BEGIN_US }));
const put = (events: readonly RunEvent[], at_s: number) =>
  storeEvents(bench.store, events, BEGIN_US / 1000 + at_s * 1000);

it('asks for all jobs together, and then for what is new only', async () => {
  await put([fault('n1', 10), fault('n9', 5, 'b'), fault('n8', 6), fault('n1', -10), state('n2', 7)], 20);
  const around = new Surroundings(store);
  const both = jobs({ a: ['n1', 'n2'], b: ['n3'] });
  await around.refresh(both, BEGIN_US + 20 * S);
  expect(questions).toBe(1);
  expect(around.of('a', BEGIN_US + 20 * S)).toEqual({
    faults: [fault('n1', 10)],
    node_states: [state('n2', 7)],
  });
  expect(around.of('b', BEGIN_US + 20 * S).faults).toEqual([fault('n9', 5, 'b')]);
  expect(around.of('a', BEGIN_US + 9 * S).faults).toEqual([]);

  // late, repeated, of no job's nodes, and of a time that has not come
  await put([fault('n1', 8), fault('n1', 10), fault('n8', 22), fault('n2', 40)], 25);
  await around.refresh(both, BEGIN_US + 25 * S);
  expect(questions).toBe(2);
  expect(around.of('a', BEGIN_US + 25 * S).faults).toEqual([fault('n1', 8), fault('n1', 10)]);
  expect(around.of('a', BEGIN_US + 40 * S).faults.at(-1)).toEqual(fault('n2', 40));
});

it('reads a job again that runs on other machines, and all of them now and then', async () => {
  await put([fault('n1', 10), fault('n8', 6)], 20);
  const around = new Surroundings(store);
  await around.refresh(jobs({ a: ['n1'] }), BEGIN_US + 20 * S);
  await around.refresh(jobs({ a: ['n1', 'n8'] }), BEGIN_US + 25 * S);
  expect(around.of('a', BEGIN_US + 25 * S).faults).toEqual([fault('n8', 6), fault('n1', 10)]);
  // stored long after it was received
  await put([fault('n1', 12)], -600);
  await around.refresh(jobs({ a: ['n1', 'n8'] }), BEGIN_US + 30 * S);
  expect(around.of('a', BEGIN_US + 30 * S).faults).toHaveLength(2);
  await around.refresh(jobs({ a: ['n1', 'n8'] }), BEGIN_US + 630 * S);
  expect(around.of('a', BEGIN_US + 630 * S).faults).toHaveLength(3);
  around.keepOnly(new Set<string>());
  expect(around.of('a', BEGIN_US + 630 * S).faults).toEqual([]);
});
