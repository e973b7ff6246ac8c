import { describe, expect, it } from 'vitest';
import {
  argumentsIn,
  chooseModel,
  configFrom,
} from '../../../../../../services/collector/decoders/logs/torchtitan/torchtitan-model.ts';

const LLAMA_8B =
  "TransformerModelArgs(_enforced='a, (quoted) text', dim=4096, n_layers=32, n_heads=32, n_kv_heads=8, vocab_size=128256, multiple_of=1024, ffn_dim_multiplier=1.3, norm_eps=1e-05, rope_scaling_args=RoPEScalingArgs(dim=7, scaling_factor=8.0), use_flex_attn=False)";
const QWEN = `{
  "dim": 1024, "n_layers": 28, "n_heads": 16, "n_kv_heads": 8, "vocab_size": 151936, "head_dim": 128,
  "hidden_dim": 3072, "enable_weight_tying": true, "moe_enabled": false, "moe_args": {"num_experts": 8}
}`;

describe('the model of a torchtitan log', () => {
  it('is read from the printed arguments, outermost level only', () => {
    const config = configFrom(argumentsIn(LLAMA_8B) ?? new Map());
    expect(config).toMatchObject({ model_type: 'llama', hidden_size: 4096, intermediate_size: 14_336 });
    expect(chooseModel('llama3 8B', argumentsIn(LLAMA_8B), 8_030_261_248)).toMatchObject({
      model: config,
      note: undefined,
    });
  });

  it('is read from the JSON object of newer versions, and tied where the count says so', () => {
    const found = chooseModel('qwen3 0.6B', argumentsIn(QWEN), 596_049_920);
    expect(found.model).toMatchObject({ model_type: 'qwen3', head_dim: 128, tie_word_embeddings: true });
    const untold = argumentsIn(QWEN.replace('"enable_weight_tying": true, ', ''));
    expect(chooseModel('qwen3 0.6B', untold, 596_049_920).model).toMatchObject({ tie_word_embeddings: true });
  });

  it('is a preset of the same count where no arguments are printed', () => {
    const found = chooseModel('llama3 8B', undefined, 8_030_261_248);
    expect(found.model).toMatch(/^llama3/);
    expect(found.note).toContain('8030261248');
  });

  it('is none where nothing fits the count', () => {
    expect(chooseModel('own 9B', argumentsIn(LLAMA_8B), 9_000_000_001)).toMatchObject({ model: undefined });
    expect(chooseModel('own 9B', argumentsIn('MyArgs(dim=1'), 1).note).toContain('--model');
  });

  it('does not take a mixture of experts for a dense model', () => {
    expect(
      configFrom(argumentsIn(QWEN.replace('"moe_enabled": false', '"moe_enabled": true')) ?? new Map()),
    ).toBeUndefined();
  });
});
