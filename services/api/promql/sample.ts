import { executionFailed } from './errors.ts';
import type { Labels } from './labels.ts';

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

export type Vector = readonly Sample[];

/** Refuses a vector in which two samples have the same labels, in Prometheus's words. */
export function distinct(vector: Vector): Vector {
  if (vector.length < 2) return vector;
  const seen = new Set<string>();
  for (const { labels } of vector) seen.add(labels.key);
  if (seen.size < vector.length) throw sameLabels();
  return vector;
}

function sameLabels(): Error {
  return executionFailed('vector cannot contain metrics with the same labelset');
}

/**
 * Two series that fall together when labels are dropped are refused even if they never have a sample at the same step,
 * as Prometheus does where it works series by series.
 */
export class DistinctSeries {
  readonly #owner = new Map<string, string>();
  check(result: Labels, source: Labels): void {
    const owner = this.#owner.get(result.key);
    if (owner === undefined) this.#owner.set(result.key, source.key);
    else if (owner !== source.key) throw sameLabels();
  }
}
