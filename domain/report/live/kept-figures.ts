import { IdealLearning } from '../ideal-step.ts';
import type { ResolvedSpec } from '../job-spec.ts';
import type { KeptWork } from '../kept-work.ts';
import { deviceRate, type LiveOptions, SPEEDS } from '../live-rates.ts';
import { SustainedWindows } from '../sustained.ts';
import type { KeptStep } from '../throughput.ts';

/** What figures of kept steps depend on beside them: they are made anew when it changes. */
export interface FigureScope {
  readonly spec: ResolvedSpec;
  readonly changed_at_us: number | undefined;
  readonly options: LiveOptions;
  /** Batch sizes that ideals tell apart. */
  readonly batch_sizes_max: number;
}

/** Best windows of steps on one number of devices. */
export interface Speeds {
  readonly tokens: SustainedWindows;
  readonly steps: SustainedWindows;
  /** Tokens per second per device. */
  readonly device: SustainedWindows;
}

/** Figures over all kept train steps, oldest first, as they come one by one. */
export class KeptFigures {
  readonly #scope: FigureScope;
  #steps = 0;
  #tokens: number | null = 0;
  #ideals: IdealLearning;
  #sizes: Set<number> = new Set();
  /** By devices, of all measured steps and of those of the present specification. */
  readonly #all = new Map<number | undefined, Speeds>();
  readonly #present = new Map<number | undefined, Speeds>();

  constructor(scope: FigureScope) {
    this.#scope = scope;
    const { spec, changed_at_us } = scope;
    this.#ideals = new IdealLearning({ spec, changed_at_us, isPerToken: false });
  }

  push(step: KeptStep, isMeasured: boolean): void {
    const { count, tokens } = step;
    this.#steps += count;
    this.#tokens = this.#tokens === null || tokens === undefined ? null : this.#tokens + tokens * count;
    if (!isMeasured) return;
    if (tokens !== undefined) this.#sizes.add(tokens);
    this.#ideals.push(step);
    this.#pushSpeeds(this.#all, step);
    const { changed_at_us } = this.#scope;
    if (changed_at_us !== undefined && step.start_us >= changed_at_us) this.#pushSpeeds(this.#present, step);
  }

  work(): KeptWork {
    return { steps: this.#steps, tokens: this.#steps === 0 ? null : this.#tokens };
  }

  /** Undefined where batches are of so many sizes that time is learned per token. */
  ideals(): ReturnType<IdealLearning['ideals']> | undefined {
    return this.#sizes.size > this.#scope.batch_sizes_max ? undefined : this.#ideals.ideals();
  }

  /** Of all measured steps, or of those of the present specification only. */
  speeds(devices: number | undefined, isPresent: boolean): Speeds | undefined {
    return (isPresent ? this.#present : this.#all).get(devices);
  }

  /** Another one that goes on from here. */
  clone(): KeptFigures {
    const figures = new KeptFigures(this.#scope);
    figures.#steps = this.#steps;
    figures.#tokens = this.#tokens;
    figures.#ideals = this.#ideals.clone();
    figures.#sizes = new Set(this.#sizes);
    for (const [devices, speeds] of this.#all) figures.#all.set(devices, cloneOf(speeds));
    for (const [devices, speeds] of this.#present) figures.#present.set(devices, cloneOf(speeds));
    return figures;
  }

  #pushSpeeds(of: Map<number | undefined, Speeds>, step: KeptStep): void {
    let speeds = of.get(step.devices);
    if (speeds === undefined) {
      const { window_steps, normal_steps_min } = this.#scope.options;
      const best = () => new SustainedWindows({ window_steps, steps_min: normal_steps_min, best: 'highest' });
      speeds = { tokens: best(), steps: best(), device: best() };
      of.set(step.devices, speeds);
    }
    speeds.tokens.push(step, SPEEDS.tokens(step));
    speeds.steps.push(step, SPEEDS.steps(step));
    speeds.device.push(step, deviceRate(step));
  }
}

function cloneOf({ tokens, steps, device }: Speeds): Speeds {
  return { tokens: tokens.clone(), steps: steps.clone(), device: device.clone() };
}
