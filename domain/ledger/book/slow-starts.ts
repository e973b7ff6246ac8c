import type { Execution } from '../executions.ts';
import { hasStartupInside } from '../executions.ts';
import { type Excess, excessOf, type Paintable } from '../paint.ts';
import { slowStart, usualFor } from '../program-startup.ts';
import type { FirstKept } from './chapter.ts';
import type { StepStatistics } from './step-statistics.ts';

interface Judged {
  readonly execution: Execution;
  readonly net_us: number;
  /** State of the attempt's step times, and the cause that start-up would carry. */
  readonly changes: number;
  readonly cause: string | undefined;
  readonly excess: Excess | undefined;
}

/** What of each attempt's first kept step is start-up. Of attempts that are over, judged once. */
export class SlowStarts {
  readonly #judged = new Map<number, Judged>();

  /** By attempt; `statistics` holds the steps of all of them. */
  of(
    stretch: Paintable,
    firsts: ReadonlyMap<number, Pick<FirstKept, 'execution' | 'net_us'>>,
    statistics: StepStatistics,
  ): Map<number, Excess> {
    const excesses = new Map<number, Excess>();
    for (const [launch, first] of firsts) {
      const { excess } = this.#known(launch, first, stretch, statistics);
      if (excess !== undefined) excesses.set(launch, excess);
    }
    return excesses;
  }

  #known(
    launch: number,
    { execution, net_us }: Pick<FirstKept, 'execution' | 'net_us'>,
    stretch: Paintable,
    statistics: StepStatistics,
  ): Judged {
    const known = this.#judged.get(launch);
    const changes = statistics.changesOf(launch);
    const cause = stretch.launches[launch - 1]?.fail?.cause;
    const isKnown =
      known?.execution === execution &&
      known.net_us === net_us &&
      known.changes === changes &&
      known.cause === cause &&
      // one whose line counts from the launch on is compared with other attempts too
      !hasStartupInside(execution);
    if (isKnown) return known;
    const slow = slowStart(execution, net_us, usualFor(execution, stretch.launches, statistics));
    const excess = slow === undefined ? undefined : excessOf(stretch, execution, slow);
    const judged: Judged = { execution, net_us, changes, cause, excess };
    this.#judged.set(launch, judged);
    return judged;
  }
}
