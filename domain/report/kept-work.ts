import type { KeptStep } from './throughput.ts';

/** Work that was kept, over all devices. */
export interface KeptWork {
  readonly steps: number;
  /** Null when a kept step does not say its tokens. */
  readonly tokens: number | null;
}

export function keptWork(kept: readonly KeptStep[]): KeptWork {
  let steps = 0;
  let tokens: number | null = 0;
  for (const { count, tokens: each } of kept) {
    steps += count;
    tokens = tokens === null || each === undefined ? null : tokens + each * count;
  }
  return { steps, tokens: steps === 0 ? null : tokens };
}
