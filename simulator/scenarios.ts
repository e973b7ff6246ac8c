import type { Beat, Failure, Slowdown } from './beat.ts';
import type { ScenarioName } from './config.ts';
import type { Random } from './random.ts';
import type { TrainingRun } from './training-run.ts';

/** Share of a step that has passed when its collective stops moving. */
const HANGS_AFTER_RATIO = 0.4;

/**
 * The whole story of a scenario: a launch, history until `live_us`, the trouble soon after, then a life with milder
 * troubles for as long as anybody watches.
 */
export function* playScenario(
  name: ScenarioName,
  run: TrainingRun,
  random: Random,
  live_us: number,
): Generator<Beat> {
  const trouble_us = live_us + duration_us(run, run.config.trouble_after_s);
  yield* run.launch();
  yield* run.train(trouble_us);
  if (name === 'xid79') yield* deviceFault(run, random);
  if (name === 'hang') yield* silentHang(run);
  if (name === 'straggler') yield* slowNode(run, random, 'network');
  for (;;) {
    yield* run.train(run.now_us + duration_us(run, run.config.calm_s));
    if (name !== 'healthy') yield* slowNode(run, random, name === 'straggler' ? 'network' : 'thermal');
  }
}

function* deviceFault(run: TrainingRun, random: Random): Generator<Beat> {
  const device = run.fleet.devices[random.below(run.fleet.devices.length)];
  if (device === undefined) return;
  yield* interruption(run, run.config.fault_hang_s, { cause: 'xid:79', device });
}

function* silentHang(run: TrainingRun): Generator<Beat> {
  yield* interruption(run, run.config.watchdog_s, { cause: 'collective_timeout' });
}

function* interruption(run: TrainingRun, hang_s: number, failure: Failure): Generator<Beat> {
  // with nothing to lose there would be nothing to see of a rollback
  while (run.stepsAtRisk < run.config.minimum_rollback_steps) yield* run.train(run.now_us + 1);
  yield* run.hang(HANGS_AFTER_RATIO * run.config.step_s, hang_s, failure);
  yield* run.fail(failure);
  yield* run.launch();
}

function* slowNode(run: TrainingRun, random: Random, cause: Slowdown['cause']): Generator<Beat> {
  const { config, fleet } = run;
  const node = fleet.nodes[random.below(fleet.nodes.length)];
  if (node === undefined) return;
  const [ratio, seconds] =
    cause === 'network'
      ? [config.straggler_slowdown_ratio, config.straggler_s]
      : [config.mild_slowdown_ratio, config.mild_s];
  yield* run.train(run.now_us + duration_us(run, seconds), { cause, node, ratio });
}

function duration_us(run: TrainingRun, seconds: number): number {
  return Math.round((seconds * 1e6) / run.config.speed);
}
