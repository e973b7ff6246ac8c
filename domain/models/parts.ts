import type { AttentionCore, ComponentName, ModelPart } from './architecture.ts';

/** A group of weights: how many are stored, and how many of those are multiplied with a token. */
export interface Weights {
  readonly parameters: number;
  readonly matmul: number;
}

const NO_WEIGHTS: Weights = { parameters: 0, matmul: 0 };

export function linear(inputs: number, outputs: number, bias = false): Weights {
  return { parameters: inputs * outputs + (bias ? outputs : 0), matmul: inputs * outputs };
}

/** Weights that are added or scaled with, never multiplied as a matrix: norms, biases, sinks. */
export function vector(size: number): Weights {
  return { parameters: size, matmul: 0 };
}

export function sum(...weights: readonly Weights[]): Weights {
  return {
    parameters: weights.reduce((total, { parameters }) => total + parameters, 0),
    matmul: weights.reduce((total, { matmul }) => total + matmul, 0),
  };
}

export function times(copies: number, weights: Weights): Weights {
  return { parameters: copies * weights.parameters, matmul: copies * weights.matmul };
}

/** Gate, up and down (SwiGLU, GeGLU): three matrices. */
export function gatedMlp(hidden: number, width: number, bias = false): Weights {
  return sum(times(2, linear(hidden, width, bias)), linear(width, hidden, bias));
}

/** Up and down: two matrices. */
export function plainMlp(hidden: number, width: number, bias: boolean): Weights {
  return sum(linear(hidden, width, bias), linear(width, hidden, bias));
}

/** A part that every token passes whole. */
export function part(component: ComponentName, weights: Weights, more: Partial<ModelPart> = {}): ModelPart {
  return {
    component,
    parameters: weights.parameters,
    active_parameters: weights.parameters,
    matmul_parameters: weights.matmul,
    lookup_only_parameters: 0,
    attention: [],
    scan_flops: 0,
    in_totals: true,
    ...more,
  };
}

/** `stored` equal experts in each of `layers` layers, of which a token passes `used`. */
export function expertsPart(expert: Weights, layers: number, stored: number, used: number): ModelPart {
  return part('experts', times(layers * stored, expert), {
    active_parameters: layers * used * expert.parameters,
    matmul_parameters: layers * used * expert.matmul,
  });
}

/** The token table and the head. Tied, they are one matrix: stored with the embedding, multiplied in the head. */
export function embeddingAndHead(vocabulary: number, hidden: number, tied: boolean): ModelPart[] {
  const table = vocabulary * hidden;
  return [
    part('embedding', vector(table), { lookup_only_parameters: tied ? 0 : table }),
    part('head', { parameters: tied ? 0 : table, matmul: table }),
  ];
}

export function attentionScores(attention: readonly AttentionCore[]): ModelPart {
  return part('attention_scores', NO_WEIGHTS, { attention: attention.filter(({ layers }) => layers > 0) });
}
