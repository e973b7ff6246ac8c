import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../domain/events.ts';
import { openReadApi, type ReadApi } from '../support/read-api.ts';
import { attempt, endOf, llamaSpec, START_US } from '../support/training-events.ts';

const FIRST = { steps: 10, step_s: 10, nodes: ['n1', 'n2'] };
const FAILED_US = endOf(FIRST);
const SECOND = { ...FIRST, attempt: 2, start_us: FAILED_US + 90e6, first: 11 };

/** Ten steps, a save, a failure, a node that was out for 70 s and one that still is, ten steps. */
const RUN: readonly RunEvent[] = [
  llamaSpec({ goodput_target_ratio: 0.9 }),
  ...attempt(FIRST),
  {
    type: 'span',
    job: 'a',
    attempt: 1,
    kind: 'ckpt_save',
    tier: 'persistent',
    phase: 'blocking',
    step: 5,
    bytes: 4096,
    start_us: START_US + 60e6,
    end_us: START_US + 62e6,
  },
  { type: 'fail', job: 'a', attempt: 1, time_us: FAILED_US, cause: 'xid:79', node: 'n2' },
  { type: 'node_state', node: 'n2', time_us: FAILED_US + 5e6, state: 'unhealthy' },
  { type: 'node_state', node: 'n2', time_us: FAILED_US + 75e6, state: 'healthy' },
  { type: 'node_state', node: 'n1', time_us: FAILED_US + 200e6, state: 'unhealthy' },
  { type: 'node_state', node: 'n7', time_us: FAILED_US + 5e6, state: 'unhealthy' },
  ...attempt(SECOND),
];

describe('/v1/jobs/{job} over the engine', () => {
  let api: ReadApi;
  let report: Record<string, unknown>;

  beforeAll(async () => {
    api = await openReadApi({ now_us: () => FAILED_US + 300e6 });
    await api.store_events(RUN);
    report = await api.json('/jobs/a');
  });
  afterAll(() => api.close());

  it('tells the repair of the nodes that the job ran on', () => {
    expect(report).toMatchObject({
      node_repair: { count: 1, mean_s: 70, open: [{ node: 'n1', state: 'unhealthy', for_s: 100 }] },
    });
  });

  it('tells failures, the phases of the repair, and the saves as they were sent', () => {
    expect(report).toMatchObject({
      mttr: { count: 1, mean_s: 100, phases: { detect: { mean_s: 5 }, nodes_ready: { mean_s: 70 } } },
      reliability: {
        interruptions: { all: 1, unplanned: 1, node_attributed: 1 },
        mtbf: { running_time: { mtbf_s: 200 }, node: { mtbf_s: 400 } },
      },
      checkpoints: {
        saves: { count: 1, bytes: 4096, by_phase: { blocking: { blocking_s: 2 } } },
        last_saved_step: 5,
      },
      slo: { target_ratio: 0.9, source: 'job' },
      progress: { last_productive_step: 20, disruptions: 1 },
    });
  });
});
