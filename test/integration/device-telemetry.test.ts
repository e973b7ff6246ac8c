import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JobScopedEvent, PlacementEvent } from '../../domain/events.ts';
import { reportOfView } from '../../domain/report/job-report.ts';
import { jobView } from '../../domain/report/job-view.ts';
import { SITE_DEFAULTS } from '../../domain/report/site.ts';
import { silentLog } from '../../platform/log.ts';
import { STORE_DEFAULTS } from '../../platform/store/config.ts';
import { DEVICE_TELEMETRY_DEFAULTS } from '../../platform/store/device-telemetry.ts';
import { openEmbeddedStore } from '../../platform/store/embedded.ts';
import { migrate } from '../../platform/store/migrate.ts';
import type { Store } from '../../platform/store/store.ts';
import { createDeviceReader } from '../../services/api/device-reader.ts';
import type { Activity, Beat } from '../../simulator/beat.ts';
import { SIMULATOR_DEFAULTS } from '../../simulator/config.ts';
import { renderDcgmPage } from '../../simulator/dcgm-page.ts';
import { createDeviceModel } from '../../simulator/device-model.ts';
import { createFleet } from '../../simulator/fleet.ts';
import { createPageTarget, type PageTarget } from '../support/device-pages.ts';
import { describeWithFixtures, fixturePath } from '../support/fixtures.ts';
import { makeFolder } from '../support/temporary-folder.ts';
import { attempt, llamaSpec, START_US } from '../support/training-events.ts';

const START_MS = START_US / 1000;
/** Ten seconds to start up, then twenty steps of two seconds. */
const STEPS = { startup_s: 10, steps: 20, step_s: 2 } as const;
const END_S = 50;

let store: Store;
let remove: () => Promise<void>;
beforeEach(async () => {
  const folder = await makeFolder();
  remove = folder.remove;
  store = await openEmbeddedStore(folder.path, STORE_DEFAULTS, silentLog);
  await migrate(store);
});
afterEach(async () => {
  await store.close();
  await remove();
});

/** Job `a`, its report, its devices read from the tables. */
async function reportOf(
  events: readonly JobScopedEvent[],
  range: { from_us?: number; to_us?: number } = {},
  power = SITE_DEFAULTS.power,
) {
  const site = { ...SITE_DEFAULTS, power };
  const view = jobView(events, { job: 'a', now_us: START_US + END_S * 1e6, site, ...range });
  const reader = createDeviceReader(store, DEVICE_TELEMETRY_DEFAULTS, silentLog);
  return reportOfView({ ...view, telemetry: await reader.telemetry(view, events) });
}

function placed(node: string, device: string | number, rank: number): PlacementEvent {
  return { type: 'placement', job: 'a', attempt: 1, rank, node, device, from_us: START_US };
}

/** A page of dcgm-exporter with what a test names, one line a quantity of each device. */
function page(node: string, devices: Readonly<Record<string, Readonly<Record<string, number>>>>): string {
  return Object.entries(devices)
    .flatMap(([uid, fields], index) =>
      Object.entries(fields).map(
        ([name, value]) => `DCGM_FI_${name}{gpu="${index}",UUID="${uid}",Hostname="${node}"} ${value}`,
      ),
    )
    .join('\n')
    .concat('\n');
}

async function scrapeEach(target: PageTarget, at_s: readonly number[], text: (s: number) => string | null) {
  for (const s of at_s) await target.scrape(text(s), START_MS + s * 1000);
}

const EVERY_TEN = [-10, 0, 10, 20, 30, 40, 50, 60];
const ENERGY = 'DEV_TOTAL_ENERGY_CONSUMPTION';

describe('energy of a job, over the engine', () => {
  const events = (...more: JobScopedEvent[]) => [
    llamaSpec(),
    ...attempt({ ...STEPS, devices: 2, nodes: ['n1'] }),
    ...more,
  ];

  it('counters are read by time and bucket: 100 W while starting up, 300 W while training', async () => {
    // joules in the millijoules that the exporter prints
    const at = (s: number) => 5e6 + 1000 * (s <= 10 ? 100 * s : 1000 + 300 * (s - 10));
    await scrapeEach(createPageTarget(store, 'n1:9400'), EVERY_TEN, (s) =>
      page('n1', { 'GPU-0': { [ENERGY]: at(s) }, 'GPU-1': { [ENERGY]: at(s) + 7e9 } }),
    );
    const { energy, telemetry, quality } = await reportOf(events());
    expect(telemetry).toMatchObject({
      devices: 2,
      placed_by: 'nodes',
      is_ambiguous: false,
      coverage_ratio: 1,
    });
    expect(energy).toMatchObject({ source: 'counter', coverage_ratio: 1, counter_resets: 0 });
    expect(energy?.joules).toBeCloseTo(2 * (10 * 100 + 40 * 300), 3);
    expect(energy?.joules_by_bucket['startup']).toBeCloseTo(2 * 1000, 3);
    expect(energy?.joules_lost).toBeCloseTo(2 * 1000, 3);
    expect(energy?.joules_by_bucket['productive']).toBeCloseTo(2 * 12_000, 3);
    expect(energy?.joules_per_step).toBeCloseTo(24_000 / 20, 6);
    expect(energy?.joules_per_token).toBeCloseTo(24_000 / (20 * 65_536), 9);
    expect(energy?.joules_per_token_of_run).toBeCloseTo(26_000 / (20 * 65_536), 9);
    expect(energy?.device_power_w).toBeCloseTo(13_000 / 50, 6);
    expect(energy?.facility_joules).toBeNull();
    expect(quality.reasons['telemetry']).toContain('all 2 devices');
  });

  it('a reset counter: what it shows afterwards was drawn since; a device that never answers lowers the coverage', async () => {
    const at = (s: number) => (s < 30 ? 9e9 + 1000 * 200 * s : 1000 * 200 * (s - 25));
    await scrapeEach(createPageTarget(store, 'n1:9400'), EVERY_TEN, (s) =>
      page('n1', { 'GPU-0': { [ENERGY]: at(s) } }),
    );
    const { energy, quality } = await reportOf(events());
    // five of the ten seconds around the reset were not counted by the device
    expect(energy?.joules).toBeCloseTo(200 * 45, 3);
    expect(energy?.counter_resets).toBe(1);
    expect(energy?.coverage_ratio).toBeCloseTo(0.5, 9);
    expect(energy?.joules_per_step).toBeNull();
    expect(quality.reasons['energy']).toContain('50.0 %');
  });

  it('a gap in the scrapes: the counter went on counting, gauges are not known over it', async () => {
    const at_s = [-10, 0, 10, 600, 610];
    await scrapeEach(createPageTarget(store, 'n1:9400'), at_s, (s) =>
      page('n1', {
        'GPU-0': { [ENERGY]: 1e9 + 1000 * 250 * s, DEV_POWER_USAGE: 250 },
        'GPU-1': { DEV_POWER_USAGE: 250 },
      }),
    );
    const { energy, telemetry } = await reportOf(events());
    expect(energy?.source).toBe('counter and power');
    // one device by its counter all along, the other by its power for the ten seconds before the gap
    expect(energy?.joules).toBeCloseTo(250 * 50 + 250 * 10, 3);
    expect(energy?.coverage_ratio).toBeCloseTo(60 / 100, 9);
    expect(telemetry?.coverage_ratio).toBeCloseTo(20 / 100, 9);
  });

  it('power that rises is integrated as it rises, and a frozen counter is not believed', async () => {
    await scrapeEach(createPageTarget(store, 'n1:9400'), EVERY_TEN, (s) =>
      page('n1', { 'GPU-0': { [ENERGY]: 4e9, DEV_POWER_USAGE: 200 + s }, 'GPU-1': { DEV_POWER_USAGE: 100 } }),
    );
    const { energy } = await reportOf(events());
    expect(energy?.source).toBe('power');
    expect(energy?.joules).toBeCloseTo(50 * 225 + 50 * 100, 3);
  });

  it('devices of another job on the same node do not count', async () => {
    const all = { 'GPU-0': 100, 'GPU-1': 200, 'GPU-2': 400, 'GPU-3': 800 };
    await scrapeEach(createPageTarget(store, 'n1:9400'), EVERY_TEN, (s) =>
      page(
        'n1',
        Object.fromEntries(
          Object.entries(all).map(([uid, w]) => [uid, { [ENERGY]: 1e9 + 1000 * w * s, DEV_FB_USED: w }]),
        ),
      ),
    );
    // by uid and by index; twice the same device is one
    const mine = [placed('n1', 'GPU-1', 0), placed('n1', 2, 1), placed('n1', 2, 2)];
    const { energy, telemetry, memory } = await reportOf(events(...mine));
    expect(telemetry).toMatchObject({ devices: 2, placed_by: 'placement', coverage_ratio: 1 });
    expect(energy?.joules).toBeCloseTo(50 * 600, 3);
    expect(memory?.measured?.used_max_bytes).toBe(400 * 2 ** 20);
    // without placements nobody can say which two of the four devices are the job's
    const { energy: none, telemetry: whole, ofu_ratio, quality } = await reportOf(events());
    expect(whole).toMatchObject({ devices: 4, is_ambiguous: true });
    expect(none).toBeNull();
    expect(ofu_ratio).toBeNull();
    expect(quality.reasons['energy']).toContain('placement');
  });

  it('a device that pods share is one device, and so is one that two exporters tell of', async () => {
    const line = (s: number, pod: string) =>
      `DCGM_FI_${ENERGY}{gpu="0",UUID="GPU-0",Hostname="n1",pod="${pod}"} ${1e9 + 1000 * 100 * s}\n`;
    await scrapeEach(createPageTarget(store, 'n1:9400'), EVERY_TEN, (s) => line(s, 'x') + line(s, 'y'));
    await scrapeEach(createPageTarget(store, 'n1:9500'), [0, 13, 29, 50], (s) => line(s, ''));
    const { energy, telemetry } = await reportOf(events(placed('n1', 0, 0)));
    expect(telemetry?.devices).toBe(1);
    expect(energy?.joules).toBeCloseTo(50 * 100, 3);
  });

  it('the PUE that a meter told over the run goes into what the facility drew', async () => {
    await scrapeEach(createPageTarget(store, 'n1:9400'), EVERY_TEN, (s) =>
      page('n1', {
        'GPU-0': { [ENERGY]: 1e9 + 1000 * 100 * s },
        'GPU-1': { [ENERGY]: 1e9 + 1000 * 100 * s },
      }),
    );
    const series = {
      series_id: '7',
      name: 'site_pue',
      labels: {},
      source: 'point',
      labels_id: '0',
      field: '',
      scale: 1,
    };
    await store.insertRows('series', [series]);
    const point = (s: number, value: number, version: number) => {
      return { series_id: '7', ts: new Date(START_MS + s * 1000).toISOString(), value, version };
    };
    // 1.2 at first, then it rises to 1.4 over the fifty seconds; an earlier writing of a point does not count
    await store.insertRows('series_points', [
      point(-100, 1.2, 1),
      point(0, 9, 1),
      point(0, 1.2, 2),
      point(50, 1.4, 1),
    ]);
    const power = { pue: 2, pue_series: 'site_pue' };
    const { energy } = await reportOf(events(), {}, power);
    expect(energy?.pue_source).toBe('measured');
    expect(energy?.pue).toBeCloseTo(1.3, 9);
    expect(energy?.facility_joules).toBeCloseTo(2 * 50 * 100 * 1.3, 3);
    const { energy: other } = await reportOf(events(), {}, { ...power, pue_series: 'nobody_tells_it' });
    expect(other).toMatchObject({ pue: 2, pue_source: 'configured' });
  });

  it('a range takes its part of what lies between two scrapes', async () => {
    await scrapeEach(createPageTarget(store, 'n1:9400'), EVERY_TEN, (s) =>
      page('n1', {
        'GPU-0': { [ENERGY]: 1e9 + 1000 * 100 * s },
        'GPU-1': { [ENERGY]: 1e9 + 1000 * 100 * s },
      }),
    );
    const { energy } = await reportOf(events(), { from_us: START_US + 14e6, to_us: START_US + 17e6 });
    expect(energy?.joules).toBeCloseTo(2 * 3 * 100, 3);
    expect(energy?.coverage_ratio).toBeCloseTo(1, 9);
  });
});

describe('what the devices did on kept step time', () => {
  it('the simulated exporters: OFU is tensor activity times clock over that of the peak, 0.44 while training', async () => {
    const config = { ...SIMULATOR_DEFAULTS, nodes: 2, devices_per_node: 2 };
    const fleet = createFleet(config, 1);
    const models = fleet.devices.map(createDeviceModel);
    const targets = new Map(fleet.nodes.map((node) => [node, createPageTarget(store, `${node}:9400`)]));
    for (let s = -5; s < END_S + 10; s += 5) {
      const activity: Activity = s < 10 ? 'launching' : 'training';
      const [from_us, to_us] = [START_US + s * 1e6, START_US + (s + 5) * 1e6];
      const account = { kind: 'bucket', bucket: 'startup' } as const;
      const beat: Beat = { from_us, to_us, activity, account, events: [] };
      for (const model of models) model.pass(beat, from_us, to_us);
      for (const [node, target] of targets) {
        const own = models.filter(({ device }) => device.node === node);
        await target.scrape(renderDcgmPage(own, config), to_us / 1000);
      }
    }
    const places = fleet.devices.map(({ node, uid, rank }) => placed(node, uid, rank));
    const spec = llamaSpec({ tokens_per_step: 4 * 2 * 7700 });
    const steps = attempt({ ...STEPS, devices: 4, nodes: fleet.nodes });
    const report = await reportOf([spec, ...steps, ...places]);
    expect(report.telemetry).toMatchObject({ devices: 4, placed_by: 'placement', is_ambiguous: false });
    expect(report.telemetry?.activity.coverage_ratio).toBeCloseTo(1, 9);
    // the five seconds that end in training begin while it launched: a twelfth of the kept time is half of it
    expect(report.ofu_ratio).toBeGreaterThan(0.41);
    expect(report.ofu_ratio).toBeLessThan(0.45);
    expect(report.mfu_ratio?.mm_causal).toBeGreaterThan(0.39);
    expect(report.mfu_ratio?.mm_causal).toBeLessThan((report.ofu_ratio ?? 0) + 0.05);
    expect(report.energy).toMatchObject({ source: 'counter', coverage_ratio: 1 });
    expect(report.energy?.device_power_w).toBeGreaterThan(400);
    expect(report.memory?.measured?.total_bytes).toBe(81_559 * 2 ** 20);
  });

  it('cycle counters go before the gauge: they miss nothing between scrapes', async () => {
    const cycles = (s: number) => ({
      PROF_SM_CYCLES_ELAPSED_TOTAL: 1e12 + s * 1.83e9,
      PROF_MMA_CYCLES_ACTIVE_TOTAL: 4e11 + s * 1.83e9 * 0.3,
      // the gauge of a moment that says little of the ten seconds
      PROF_PIPE_TENSOR_ACTIVE: 0.9,
      DEV_SM_CLOCK: 1830,
    });
    await scrapeEach(createPageTarget(store, 'n1:9400'), EVERY_TEN, (s) =>
      page('n1', { 'GPU-0': cycles(s) }),
    );
    const events = [llamaSpec(), ...attempt({ ...STEPS, devices: 1, nodes: ['n1.cluster.example'] })];
    const { ofu_ratio, telemetry } = await reportOf(events);
    expect(telemetry?.activity.tensor_active_ratio).toBeCloseTo(0.3, 6);
    expect(ofu_ratio).toBeCloseTo(0.3, 6);
  });

  it('a device that tells no clock with its activity has no OFU, with the reason', async () => {
    await scrapeEach(createPageTarget(store, 'n1:9400'), EVERY_TEN, () =>
      page('n1', { 'GPU-0': { PROF_PIPE_TENSOR_ACTIVE: 0.5 } }),
    );
    const events = [llamaSpec(), ...attempt({ ...STEPS, devices: 1, nodes: ['n1'] })];
    const { ofu_ratio, telemetry, quality } = await reportOf(events);
    expect(telemetry?.activity.tensor_active_ratio).toBeCloseTo(0.5, 9);
    expect(ofu_ratio).toBeNull();
    expect(quality.reasons['ofu_ratio']).toContain('clock');
  });

  it('nothing was ever scraped: no telemetry, and the report says so', async () => {
    const { telemetry, energy, ofu_ratio, memory, quality } = await reportOf([
      llamaSpec(),
      ...attempt({ ...STEPS, nodes: ['n1'] }),
    ]);
    expect([telemetry, energy, ofu_ratio, memory?.measured]).toEqual([null, null, null, null]);
    expect(quality.reasons['ofu_ratio']).toContain('no device telemetry');
  });
});

describeWithFixtures('real pages', () => {
  const events = (node: string, devices: number) => [
    llamaSpec({ hardware: 'NVIDIA L4' }),
    ...attempt({ ...STEPS, devices, nodes: [node] }),
  ];

  it('eight H100 of a node, four of them of the job: what its page does not tell is not known', async () => {
    const text = readFileSync(fixturePath('dcgm/02_h100x8_k8s_pods_no_help_lines.prom'), 'utf8');
    await scrapeEach(createPageTarget(store, 'gpu-node-1:9400'), EVERY_TEN, () => text);
    const places = [0, 1, 2, 3].map((index) => placed('gpu-node-1', index, index));
    const report = await reportOf([...events('gpu-node-1', 4), ...places]);
    expect(report.telemetry?.devices).toBe(4);
    expect(report.telemetry?.is_ambiguous).toBe(false);
    expect(report.ofu_ratio).toBeNull();
    expect(report.quality.reasons['ofu_ratio']).toContain('tensor activity');
    const whole = await reportOf(events('gpu-node-1', 4));
    expect(whole.telemetry).toMatchObject({ devices: 8, is_ambiguous: true });
  });

  it('the L4, idle: 16.365 W drawn, no tensor activity, its memory', async () => {
    const text = readFileSync(fixturePath('dcgm/01_l4_full_default_csv.prom'), 'utf8');
    const target = createPageTarget(store, 'l4:9400');
    await scrapeEach(target, EVERY_TEN, () => text);
    const report = await reportOf(events('i-030791dc5a37cd257', 1));
    expect(report.telemetry?.devices).toBe(1);
    // the same page again and again: its counter never moves, its power is told all the time
    expect(report.energy?.source).toBe('power');
    expect(report.energy?.joules).toBeCloseTo(16.365 * 50, 6);
    expect(report.telemetry?.activity).toMatchObject({ tensor_active_ratio: 0, sm_clock_hz: 210e6 });
    expect(report.memory?.measured).toEqual({
      used_max_bytes: 0,
      reserved_bytes: 470 * 2 ** 20,
      total_bytes: (22_563 + 470) * 2 ** 20,
    });
  });
});
