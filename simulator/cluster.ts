import type { RunEvent } from '../domain/events.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import { type ScenarioName, SIMULATOR_DEFAULTS, type SimulatorConfig } from './config.ts';
import { renderDcgmPage } from './dcgm-page.ts';
import { createDeviceModel, type DeviceModel } from './device-model.ts';
import { type ExporterServer, startExporterServer } from './exporter-server.ts';
import { createFleet, type Fleet } from './fleet.ts';
import { createOutbox } from './outbox.ts';
import { createRandom } from './random.ts';
import { playScenario } from './scenarios.ts';
import { createTimerScheduler, type Scheduler } from './scheduler.ts';
import { createTimeline, type Timeline } from './timeline.ts';
import { TrainingRun } from './training-run.ts';
import { type ClusterTruth, trueAccount } from './truth.ts';

export interface SimulatedClusterOptions {
  /** The same seed gives the same machines and the same story. */
  readonly seed: number;
  readonly clock: Clock;
  /** Resolves when the events are safe with the receiver; a rejection is tried again. */
  readonly send: (events: RunEvent[]) => Promise<void>;
  readonly log: Log;
  readonly scheduler?: Scheduler;
  readonly config?: Partial<SimulatorConfig>;
}

export interface SimulatedCluster {
  readonly job: string;
  /** Opens the pages; returns `host:port` of the dcgm-exporter of each node. Their devices idle until `start`. */
  openPages(): Promise<readonly string[]>;
  /** Begins to tell the story, history first; does not wait for the receiver. */
  start(): void;
  /** Resolves when everything that happened before the start has been acknowledged. */
  backfilled(): Promise<void>;
  /** Closes the pages and falls silent, as a cluster does whose network is cut: no event says so. */
  stop(): Promise<void>;
  /** What really happened until now. Throws before `start`. */
  truth(): ClusterTruth;
}

/** A cluster that trains, fails and recovers as its scenario says, and knows its own true account. */
export function createSimulatedCluster(
  scenario: ScenarioName,
  options: SimulatedClusterOptions,
): SimulatedCluster {
  const { clock } = options;
  const config: SimulatorConfig = { ...SIMULATOR_DEFAULTS, ...options.config };
  const scheduler = options.scheduler ?? createTimerScheduler(clock);
  const fleet = createFleet(config, options.seed);
  const models = fleet.devices.map(createDeviceModel);
  const outbox = createOutbox({ ...options, scheduler, config });
  const servers: ExporterServer[] = [];
  let timeline: Timeline | undefined;
  let timer: { cancel(): void } | undefined;

  const live = (): void => {
    if (timeline === undefined) return;
    timeline.advanceTo(clock.now_us());
    outbox.put(timeline.takeReports());
    timer = scheduler.at(timeline.next_us(), live);
  };
  return {
    job: config.job,
    async openPages() {
      for (const node of fleet.nodes) {
        const own = models.filter(({ device }) => device.node === node);
        servers.push(await startExporterServer(() => pageNow(timeline, own, clock, config)));
      }
      return servers.map(({ target }) => target);
    },
    start() {
      timeline ??= storyOf(scenario, { config, fleet, models, seed: options.seed, now_us: clock.now_us() });
      live();
    },
    backfilled: () => outbox.flushed(),
    async stop() {
      timer?.cancel();
      outbox.stop();
      await Promise.all(servers.map((server) => server.close()));
    },
    truth() {
      if (timeline === undefined) throw new Error('The simulated cluster has not been started.');
      return trueAccount(config.job, fleet.devices.length, timeline.stretches(), clock.now_us());
    },
  };
}

interface Story {
  readonly config: SimulatorConfig;
  readonly fleet: Fleet;
  readonly models: readonly DeviceModel[];
  readonly seed: number;
  readonly now_us: number;
}

/** The story begins `backfill_s` before now, and the devices live through it. */
function storyOf(scenario: ScenarioName, { config, fleet, models, seed, now_us }: Story): Timeline {
  const begin_us = now_us - Math.round((config.backfill_s * 1e6) / config.speed);
  const random = createRandom(seed);
  const run = new TrainingRun(config, fleet, random, begin_us);
  return createTimeline(playScenario(scenario, run, random, now_us), (beat, from_us, to_us) => {
    for (const model of models) model.pass(beat, from_us, to_us);
  });
}

function pageNow(
  timeline: Timeline | undefined,
  models: readonly DeviceModel[],
  clock: Clock,
  config: SimulatorConfig,
): string {
  timeline?.advanceTo(clock.now_us());
  return renderDcgmPage(models, config);
}
