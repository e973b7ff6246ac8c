import { findPreset, presetNames } from './catalog/model-presets.ts';
import type { ModelConfig } from './events.ts';
import type { Architecture } from './models/architecture.ts';
import { BAMBA } from './models/bamba.ts';
import { BLOOM } from './models/bloom.ts';
import { configFields } from './models/config-fields.ts';
import { DEEPSEEK } from './models/deepseek.ts';
import { FALCON_H1 } from './models/falcon-h1.ts';
import type { ModelFamily } from './models/family.ts';
import { GEMMA, GEMMA2, GEMMA3 } from './models/gemma.ts';
import { GPT_NEOX } from './models/gpt-neox.ts';
import { GPT_OSS } from './models/gpt-oss.ts';
import { GPT2 } from './models/gpt2.ts';
import { GRANITE_HYBRID } from './models/granite-hybrid.ts';
import { JAMBA } from './models/jamba.ts';
import { KIMI_LINEAR } from './models/kimi-linear.ts';
import { LLAMA, MISTRAL } from './models/llama.ts';
import { LLAMA4 } from './models/llama4.ts';
import { MAMBA, MAMBA2 } from './models/mamba.ts';
import { MINIMAX } from './models/minimax.ts';
import { MIXTRAL } from './models/mixtral.ts';
import { BadModelConfig, UnsupportedModel } from './models/model-errors.ts';
import { NEMOTRON_H } from './models/nemotron-h.ts';
import { QWEN2, QWEN3 } from './models/qwen.ts';
import { QWEN2_MOE, QWEN3_MOE } from './models/qwen-moe.ts';
import { QWEN3_NEXT, QWEN35 } from './models/qwen3-next.ts';

export { presetNames } from './catalog/model-presets.ts';
export type { Architecture } from './models/architecture.ts';
export { BadModelConfig, UnsupportedModel } from './models/model-errors.ts';

/** One line per family: a new one is a file under `models/` and an entry here. */
const FAMILIES: readonly ModelFamily[] = [
  LLAMA,
  MISTRAL,
  MIXTRAL,
  QWEN2,
  QWEN3,
  QWEN2_MOE,
  QWEN3_MOE,
  QWEN3_NEXT,
  QWEN35,
  DEEPSEEK,
  GEMMA,
  GEMMA2,
  GEMMA3,
  GPT_OSS,
  LLAMA4,
  MAMBA,
  MAMBA2,
  NEMOTRON_H,
  JAMBA,
  BAMBA,
  FALCON_H1,
  GRANITE_HYBRID,
  MINIMAX,
  KIMI_LINEAR,
  GPT2,
  GPT_NEOX,
  BLOOM,
];

/** The `model_type` values that can be read, in alphabetical order. */
export function supportedModelTypes(): readonly string[] {
  return FAMILIES.flatMap(({ model_types }) => model_types).sort();
}

/**
 * The architecture of a preset by name, or of a published `config.json` object. Throws UnsupportedModel for an unknown
 * preset or `model_type` (the message lists what is supported), BadModelConfig for a field that is missing or
 * ill-typed. Nothing is guessed: a wrong guess would be a wrong MFU.
 */
export function readArchitecture(model: string | ModelConfig): Architecture {
  if (typeof model !== 'string') return architectureOf(model, nameOf(model));
  const preset = findPreset(model);
  if (preset !== null) return architectureOf(preset.config, preset.key);
  throw new UnsupportedModel(
    `no preset is called ${JSON.stringify(model)}. Presets: ${presetNames().join(', ')}; ` +
      `or give a config.json with one of the model types ${supportedModelTypes().join(', ')}.`,
  );
}

function architectureOf(config: ModelConfig, name: string): Architecture {
  const model_type = config['model_type'];
  if (typeof model_type !== 'string') {
    throw new BadModelConfig(
      'model_type',
      'config field model_type is missing: it says which family this is.',
    );
  }
  const family = FAMILIES.find(({ model_types }) => model_types.includes(model_type));
  if (family === undefined) {
    throw new UnsupportedModel(
      `model_type ${JSON.stringify(model_type)} is not supported. Supported: ${supportedModelTypes().join(', ')}.`,
    );
  }
  return { name, model_type, ...family.read(configFields(config), model_type) };
}

/** Published files rarely name their model; the path they were loaded from is the next best, then the family. */
function nameOf(config: ModelConfig): string {
  for (const field of ['name', '_name_or_path', 'model_type']) {
    const value = config[field];
    if (typeof value === 'string' && value !== '') return value;
  }
  return 'config.json';
}
