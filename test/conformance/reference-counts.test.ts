import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ModelConfig } from '../../domain/events.ts';
import { readArchitecture } from '../../domain/model-config.ts';
import { modelFlops } from '../../domain/model-flops.ts';

interface ReferenceCounts {
  readonly made_by: string;
  readonly sequence_length: number;
  readonly models: readonly {
    readonly config: ModelConfig;
    readonly parameters: number;
    readonly forward_flops_per_token?: number;
  }[];
}

/** Small random models of every family, counted by the library that publishes these configurations. */
const reference: ReferenceCounts = JSON.parse(
  readFileSync(new URL('./reference-counts.json', import.meta.url), 'utf8'),
);
const rows = reference.models.map((row, index) => ({ ...row, name: `${index} ${row.config['model_type']}` }));

describe('counts of the reference library', () => {
  it.each(rows)('$name: parameters without a difference', ({ config, parameters }) => {
    expect(modelFlops(readArchitecture(config), reference.sequence_length).parameters).toBe(parameters);
  });

  it.each(rows.filter((row) => row.forward_flops_per_token !== undefined))(
    '$name: forward FLOPs as counted operator by operator',
    ({ config, forward_flops_per_token }) => {
      const model = modelFlops(readArchitecture(config), reference.sequence_length);
      // The library masks windows and computes the whole score matrix, as palm's formula counts it.
      const scores = model.flops_per_token.palm / 3 - 2 * model.parameters;
      expect(2 * model.matmul_parameters + scores).toBeCloseTo(forward_flops_per_token ?? Number.NaN, 3);
    },
  );
});
