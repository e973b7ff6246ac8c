import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { findHardware, peakOf, peakRefusal } from '../../domain/catalog/hardware.ts';
import type { ModelConfig } from '../../domain/events.ts';
import { hfuRatio, mfuByConvention, mfuRatio, recogniseLogged } from '../../domain/mfu.ts';
import { readArchitecture } from '../../domain/model-config.ts';
import { CONVENTIONS, type ModelFlops, modelFlops } from '../../domain/model-flops.ts';
import { casePath, describeWithFixtures } from '../support/fixtures.ts';

interface EfficiencyCase {
  readonly id: string;
  readonly kind: string;
  readonly inputs: Readonly<Record<string, number>>;
  readonly published: Readonly<Record<string, number>>;
  readonly recomputed: Readonly<Record<string, number>>;
  readonly tolerance_pct: number;
}

describeWithFixtures('open efficiency cases', () => {
  const cases: readonly EfficiencyCase[] = JSON.parse(
    readFileSync(casePath('efficiency.json'), 'utf8'),
  ).cases;

  function caseOf(id: string): EfficiencyCase {
    const found = cases.find((candidate) => candidate.id === id);
    if (found === undefined) throw new Error(`there is no case ${id}`);
    return found;
  }

  /** Within the case's own tolerance of the published figures, and of what its makers recomputed to rounding. */
  function expectFigures(
    { published, recomputed, tolerance_pct }: EfficiencyCase,
    ours: Record<string, number>,
  ) {
    for (const [name, value] of Object.entries(ours)) {
      const printed = published[name];
      if (printed !== undefined)
        expect(Math.abs(value / printed - 1) * 100, name).toBeLessThanOrEqual(tolerance_pct);
      const exact = recomputed[name];
      if (exact !== undefined) expect(value / exact, name).toBeCloseTo(1, 6);
      expect(printed ?? exact, `${name} is a figure of the case`).toBeDefined();
    }
  }

  it.each(cases.filter(({ kind }) => kind === 'params'))(
    '$id: no difference at all',
    ({ id, inputs, recomputed }) => {
      const model = modelFlops(readArchitecture(configOf(id, inputs)), 4096);
      const ours: Record<string, number> = {
        total_params: model.parameters,
        active_params: model.active_parameters,
        active_params_no_input_embedding: model.active_parameters_no_embedding,
        matmul_params: model.matmul_parameters,
      };
      for (const name of CONVENTIONS) ours[`flops_per_token_T4096_${name}`] = model.flops_per_token[name];
      expect(Object.keys(recomputed).filter((name) => ours[name] === undefined)).toEqual([]);
      for (const [name, value] of Object.entries(recomputed)) expect(ours[name], name).toBe(value);
      const preset = modelFlops(readArchitecture(id.replace('params-', '')), 4096);
      expect(preset.flops_per_token).toEqual(model.flops_per_token);
    },
  );

  it('PaLM 540B: MFU with and without attention', () => {
    const the = caseOf('palm-540b');
    const {
      params = 0,
      layers = 0,
      heads = 0,
      head_dim = 0,
      seq = 0,
      tokens_per_s = 0,
      chips = 0,
    } = the.inputs;
    const peak = bf16PeakOf('TPU v4');
    const speed = { tokens_per_s, devices: chips, peak_flops: peak };
    const percent = (flops_per_token: number) =>
      100 * (mfuRatio({ ...speed, flops_per_token }) ?? Number.NaN);
    expectFigures(the, {
      mfu_no_attention_pct: percent(6 * params),
      mfu_pct: percent(6 * params + 12 * layers * heads * head_dim * seq),
    });
  });

  it('BLOOM: the logged figure is hardware FLOPs, MFU is lower', () => {
    const the = caseOf('bloom-176b-log');
    const {
      hidden = 0,
      layers = 0,
      heads = 0,
      vocab = 0,
      seq = 0,
      global_batch = 0,
      gpus = 0,
      step_s = 0,
    } = the.inputs;
    const config = {
      model_type: 'bloom',
      hidden_size: hidden,
      n_layer: layers,
      n_head: heads,
      vocab_size: vocab,
    };
    const model = modelFlops(readArchitecture(config), seq);
    const speed = {
      tokens_per_s: (global_batch * seq) / step_s,
      devices: gpus,
      peak_flops: bf16PeakOf('A100'),
    };
    const hfu = hfuRatio({ ...speed, model, recompute: 'full' }) ?? Number.NaN;
    const mfu = mfuByConvention(model, speed);
    expectFigures(the, {
      tflops: (hfu * speed.peak_flops) / 1e12,
      samples_per_s: global_batch / step_s,
      hfu_pct: 100 * hfu,
      mfu_full_attn_pct: 100 * (mfu.mm_full ?? Number.NaN),
      mfu_causal_pct: 100 * (mfu.mm_causal ?? Number.NaN),
    });
    const seen = recogniseLogged({
      logged_flops_per_device: (the.published['tflops'] ?? 0) * 1e12,
      tokens_per_s_per_device: speed.tokens_per_s / gpus,
      model,
    });
    expect(seen.recognised_as).toBe('hfu_full_recompute_sc21');
  });

  it('torchtitan on H100: its line is mm_full', () => {
    const the = caseOf('torchtitan-llama3-8b-h100');
    const { seq = 0, tps_per_gpu = 0, peak_tflops = 0 } = the.inputs;
    expect(bf16PeakOf('H100')).toBe(peak_tflops * 1e12);
    const model = modelFlops(readArchitecture('llama-3-8b'), seq);
    const speed = { tokens_per_s: tps_per_gpu, devices: 1, peak_flops: bf16PeakOf('H100') };
    const mfu = mfuByConvention(model, speed);
    expectFigures(the, {
      tflops: teraOf(mfu.mm_full, speed.peak_flops),
      mfu_pct: 100 * (mfu.mm_full ?? Number.NaN),
      tflops_causal: teraOf(mfu.mm_causal, speed.peak_flops),
    });
  });

  it('MaxText: the same run before and after it halved attention', () => {
    const the = caseOf('maxtext-llama2-7b-causal-change');
    const { seq = 0, per_device_batch = 0 } = the.inputs;
    const model = modelFlops(readArchitecture('llama-2-7b'), seq);
    const tera = (flops_per_token: number) => (flops_per_token * seq * per_device_batch) / 1e12;
    const scores = componentOf(model, 'attention_scores').training_flops_per_token;
    expectFigures(the, {
      total_before: tera(model.flops_per_token.mm_full),
      total_after: tera(model.flops_per_token.mm_causal),
      learnable: tera(6 * model.matmul_parameters),
      attention_before: tera(scores.mm_full),
      attention_after: tera(scores.mm_causal),
    });
  });

  it('DeepSeek-V3: causal and full', () => {
    const the = caseOf('deepseek-v3-causal-vs-full');
    const { seq = 0, tokens_per_day = 0, gpus = 0, peak_tflops = 0 } = the.inputs;
    const model = modelFlops(readArchitecture('deepseek-v3'), seq);
    const speed = { tokens_per_s: tokens_per_day / 86_400, devices: gpus, peak_flops: peak_tflops * 1e12 };
    const mfu = mfuByConvention(model, speed);
    expectFigures(the, {
      gflop_per_token: model.flops_per_token.mm_causal / 1e9,
      tflops_full: teraOf(mfu.mm_full, speed.peak_flops),
      tflops_causal: teraOf(mfu.mm_causal, speed.peak_flops),
      mfu_full_pct: 100 * (mfu.mm_full ?? Number.NaN),
      mfu_causal_pct: 100 * (mfu.mm_causal ?? Number.NaN),
    });
  });

  it('with-sparsity peaks are refused', () => {
    const the = caseOf('sparsity-denominator');
    const { published, tolerance_pct } = the;
    const { spec } = findHardware(String(the.inputs['chip']));
    if (spec === null) throw new Error('the case names an unknown chip');
    expect(peakRefusal(spec, 'bf16', 1979e12)).toMatch(/with-sparsity/);
    const right = (100 * (the.inputs['tflops_per_gpu'] ?? 0) * 1e12) / bf16PeakOf(spec.name);
    const off = Math.abs(right / (published['mfu_right_pct'] ?? 0) - 1) * 100;
    expect(off).toBeLessThanOrEqual(tolerance_pct);
  });
});

function bf16PeakOf(name: string): number {
  const { spec, reason } = findHardware(name);
  if (spec === null) throw new Error(reason);
  const { peak_flops } = peakOf(spec, 'bf16');
  if (peak_flops === null) throw new Error(`${name} has no bf16 peak`);
  return peak_flops;
}

function teraOf(mfu: number | null, peak_flops: number): number {
  return mfu === null ? Number.NaN : (mfu * peak_flops) / 1e12;
}

function componentOf(model: ModelFlops, name: string) {
  const found = model.components.find(({ component }) => component === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}

/** The published `config.json` that a case's inputs abbreviate. */
function configOf(id: string, inputs: Readonly<Record<string, number>>): ModelConfig {
  const model_type = ['mixtral', 'qwen3', 'deepseek'].find((family) => id.includes(family)) ?? 'llama';
  return {
    model_type: model_type === 'deepseek' ? 'deepseek_v3' : model_type,
    hidden_size: inputs['hidden'],
    num_hidden_layers: inputs['layers'],
    num_attention_heads: inputs['heads'],
    num_key_value_heads: inputs['kv'],
    head_dim: inputs['head_dim'],
    intermediate_size: model_type === 'mixtral' ? inputs['moe_ffn'] : inputs['ffn'],
    moe_intermediate_size: inputs['moe_ffn'],
    vocab_size: inputs['vocab'],
    num_local_experts: inputs['experts'],
    n_routed_experts: inputs['experts'],
    num_experts_per_tok: inputs['topk'],
    n_shared_experts: inputs['shared'],
    first_k_dense_replace: inputs['first_dense'],
    q_lora_rank: inputs['q_lora'],
    kv_lora_rank: inputs['kv_lora'],
    qk_nope_head_dim: inputs['qk_nope'],
    qk_rope_head_dim: inputs['qk_rope'],
    v_head_dim: inputs['v_dim'],
  };
}
