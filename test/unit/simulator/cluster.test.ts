import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../domain/events.ts';
import { silentLog } from '../../../platform/log.ts';
import { createSimulatedCluster } from '../../../simulator/cluster.ts';
import { SCENARIOS, type ScenarioName } from '../../../simulator/config.ts';
import { createVirtualTime } from '../../../simulator/scheduler.ts';

const START_US = 1_790_000_000_000_000;
const SCENARIO_NAMES = Object.keys(SCENARIOS) as ScenarioName[];

function simulate(scenario: ScenarioName, seed = 1) {
  const time = createVirtualTime(START_US);
  const received: RunEvent[] = [];
  const cluster = createSimulatedCluster(scenario, {
    seed,
    clock: time.clock,
    scheduler: time.scheduler,
    log: silentLog,
    send: async (events) => void received.push(...events),
  });
  return { time, cluster, received };
}

describe('a simulated cluster', () => {
  it.each(SCENARIO_NAMES)('tells the same story twice from one seed: %s', async (scenario) => {
    const [one, two] = [simulate(scenario), simulate(scenario)];
    for (const { cluster, time } of [one, two]) {
      cluster.start();
      await time.advanceTo(START_US + 120e6);
      await cluster.backfilled();
    }
    expect(one.received.length).toBeGreaterThan(500);
    expect(one.received).toEqual(two.received);
    expect(one.cluster.truth()).toEqual(two.cluster.truth());
  });

  it.each(SCENARIO_NAMES)('knows an account that closes: %s', async (scenario) => {
    const { cluster, time } = simulate(scenario);
    cluster.start();
    await time.advanceTo(START_US + 300e6);
    const truth = cluster.truth();
    const sum = Object.values(truth.buckets_s).reduce((total, seconds) => total + seconds, 0);
    expect(sum).toBeCloseTo(truth.horizon_s, 6);
    expect(truth.horizon_s).toBeCloseTo(900, 6);
  });

  it('fails once with a rollback in the xid79 scenario, and names the device', async () => {
    const { cluster, time, received } = simulate('xid79');
    cluster.start();
    await time.advanceTo(START_US + 200e6);
    const { incidents, buckets_s } = cluster.truth();
    expect(incidents).toHaveLength(1);
    expect(incidents[0]).toMatchObject({ cause: 'xid:79', node: expect.stringMatching(/^gpu-node-/) });
    expect(buckets_s['lost_work']).toBeGreaterThan(0);
    expect(received.filter(({ type }) => type === 'fault')).toHaveLength(1);
  });

  it('sends again what the receiver refused, in order and once', async () => {
    const time = createVirtualTime(START_US);
    const received: RunEvent[] = [];
    let refusals = 3;
    const cluster = createSimulatedCluster('healthy', {
      seed: 1,
      clock: time.clock,
      scheduler: time.scheduler,
      log: silentLog,
      send: async (events) => {
        if (refusals-- > 0) throw new Error('503');
        received.push(...events);
      },
    });
    cluster.start();
    await time.advanceTo(START_US + 30e6);
    await cluster.backfilled();
    const lines = received.map((event) => JSON.stringify(event));
    expect(new Set(lines).size).toBe(lines.length);
    expect(received[0]).toMatchObject({ type: 'job' });
  });

  it('shows the devices over HTTP as dcgm-exporter does, and the lost one no more', async () => {
    const { cluster, time } = simulate('xid79');
    const targets = await cluster.openPages();
    cluster.start();
    const page = async (target: string | undefined) => (await fetch(`http://${target}/metrics`)).text();
    const util = (text: string) => text.match(/^DCGM_FI_DEV_GPU_UTIL\{/gm)?.length ?? 0;
    const counts = [];
    for (let s = 0; s < 60; s += 2) {
      await time.advanceTo(START_US + s * 1e6);
      counts.push((await Promise.all(targets.map(page))).reduce((sum, text) => sum + util(text), 0));
    }
    await cluster.stop();
    expect(counts[0]).toBe(16);
    expect(Math.min(...counts)).toBe(15);
  });
});
