import type { ModelConfig } from '../events.ts';
import { DENSE_PRESETS } from './model-presets-dense.ts';
import { MOE_PRESETS } from './model-presets-moe.ts';
import { NEWER_PRESETS } from './model-presets-newer.ts';

/** A published model by a short name: the fields of its `config.json` that decide parameters and FLOPs. */
export interface ModelPreset {
  readonly key: string;
  /** Other names people and logs use for exactly this architecture; compared like the key, loosely spelled. */
  readonly also: readonly string[];
  readonly config: ModelConfig;
  /** Where the configuration was published. */
  readonly source: string;
}

const PRESETS: readonly ModelPreset[] = [...DENSE_PRESETS, ...MOE_PRESETS, ...NEWER_PRESETS];

/** Ends of a model name that change the weights and not the architecture. */
const SAME_ARCHITECTURE = /(instruct|chat|base|hf|it|pt|pretrained)$/;

const BY_SPELLING = new Map(
  PRESETS.flatMap((preset) => [preset.key, ...preset.also].map((name) => [spelling(name), preset] as const)),
);

export function presetNames(): readonly string[] {
  return PRESETS.map(({ key }) => key).sort();
}

/**
 * The preset of a name as people and logs write it (`llama-3-8b`, `meta-llama/Meta-Llama-3-8B-Instruct`, `llama3 8B`),
 * or null. Case, hyphens, underscores, spaces and a leading organisation do not count, but a separator between two
 * digits does (llama3-18b is not llama31-8b), and so do dots.
 */
export function findPreset(name: string): ModelPreset | null {
  const wanted = spelling(name);
  return BY_SPELLING.get(wanted) ?? BY_SPELLING.get(wanted.replace(SAME_ARCHITECTURE, '')) ?? null;
}

function spelling(name: string): string {
  const model = name.slice(name.lastIndexOf('/') + 1).toLowerCase();
  return model
    .replace(/(?<=\d)[-_\s]+(?=\d)/g, '|')
    .replace(/[-_\s]+/g, '')
    .replace(/^meta(?=llama)/, '');
}
