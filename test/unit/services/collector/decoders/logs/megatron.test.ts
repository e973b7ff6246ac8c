import { describe, expect, it } from 'vitest';
import { clock, decoded, ofType, seconds, story } from './decoded.ts';

interface Shown {
  readonly time?: string;
  readonly total?: number;
  readonly batch?: number;
  readonly tflops?: number;
}

function megatronLm(
  iteration: number,
  ms: number,
  { time, total = 1000, batch = 8, tflops }: Shown = {},
): string {
  const rate = tflops === undefined ? '' : ` throughput per GPU (TFLOP/s/GPU): ${tflops.toFixed(1)} |`;
  const stamp = time === undefined ? '' : `[2025-03-06 ${time}]`;
  return ` ${stamp} iteration ${String(iteration).padStart(8)}/${String(total).padStart(8)} | consumed samples: ${iteration * batch} | elapsed time per iteration (ms): ${ms.toFixed(1)} |${rate} learning rate: 3.0E-04 | global batch size: ${batch} | lm loss: 3.2E+00 | loss scale: 1.0 | number of skipped iterations:   0 | number of nan iterations:   0 |`;
}

function bigscience(
  iteration: number,
  step_s: number,
  { total = 115_311, batch = 2048, tflops = 149 }: Shown = {},
): string {
  return `[default7]: iteration ${iteration}/${total} | consumed samples: ${iteration * batch} | consumed tokens: ${iteration * batch * 2048} | elapsed time per iteration (s): ${step_s.toFixed(2)} | learning rate: 5.9E-05 | global batch size:  ${batch} | lm loss: 2.4E+00 | samples per second: ${(batch / step_s).toFixed(3)} | TFLOPs: ${tflops.toFixed(2)} |`;
}

describe('Megatron-LM', () => {
  it('ends a line when it was printed and averages over the interval', () => {
    const log = decoded([
      megatronLm(100, 500, { time: '10:00:50' }),
      megatronLm(200, 600, { time: '10:01:50', tflops: 400 }),
      megatronLm(300, 600, { time: '10:02:50' }),
    ]);
    expect(log.format).toBe('megatron');
    expect(ofType(log, 'step').map(({ step, count }) => [step, count])).toEqual([
      [100, 100],
      [200, 100],
      [300, 100],
    ]);
    const [first, second] = ofType(log, 'step');
    expect([clock(first?.start_us), clock(first?.end_us)]).toEqual(['10:00:00.000', '10:00:50.000']);
    expect(second?.labels).toEqual({ logged_tflops: 400 });
    expect(ofType(log, 'job')[0]).toMatchObject({
      global_batch_sequences: 8,
      labels: { framework: 'megatron-lm' },
    });
  });

  it('lets steps shorter than the clock follow each other', () => {
    const lines = Array.from({ length: 20 }, (_, index) => {
      const second = Math.floor((index + 1) * 0.3);
      return megatronLm(index + 1, 300, { time: `10:00:${String(second).padStart(2, '0')}` });
    });
    const steps = ofType(decoded(lines), 'step');
    expect(new Set(steps.map(seconds))).toEqual(new Set([0.3]));
    for (const [index, step] of steps.entries()) {
      if (index > 0) expect(step.start_us).toBeGreaterThanOrEqual(steps[index - 1]?.end_us ?? 0);
    }
  });

  it('keeps apart what lines are missing for', () => {
    const log = decoded(
      [1, 2, 3, 23].map((number) => megatronLm(number, 1000, { time: `10:00:${String(number + 10)}` })),
    );
    expect(ofType(log, 'step').at(-2)).toMatchObject({ step: 22, count: 19, labels: { unlogged: true } });
    expect(ofType(log, 'step').at(-1)).toMatchObject({ step: 23 });
  });

  it('takes launch, saves and evaluations from the lines around', () => {
    const log = decoded([
      '------------------------ arguments ------------------------',
      '  bf16 ............................................ True',
      '  log_interval .................................... 10',
      '  seq_length ...................................... 4096',
      '  recompute_granularity ........................... selective',
      '-------------------- end of arguments ---------------------',
      'using world size: 16, data-parallel size: 2, context-parallel size: 1, tensor-model-parallel size: 4, pipeline-model-parallel size: 2',
      '[after megatron is initialized] datetime: 2025-03-06 10:00:00 ',
      '[before the start of training step] datetime: 2025-03-06 10:00:30 ',
      megatronLm(10, 1000, { time: '10:00:40' }),
      'saving checkpoint at iteration      10 to /ckpt',
      '(min, max) time across ranks (ms):',
      '    save-checkpoint ................................: (1990.12, 2000.00)',
      '    evaluate .......................................: (990.00, 1000.00)',
      megatronLm(20, 1000, { time: '10:00:53' }),
      '[after training is done] datetime: 2025-03-06 10:01:00 ',
    ]);
    expect(story(log)).toEqual([
      'attempt_start 1',
      'job',
      'step 1 10',
      'span 1 ckpt_save',
      'span 1 custom',
      'step 1 20',
      'attempt_end 1 true',
    ]);
    expect(clock(ofType(log, 'attempt_start')[0]?.time_us)).toBe('10:00:00.000');
    expect(ofType(log, 'job')[0]).toMatchObject({
      device_count: 16,
      parallelism: { dp: 2, cp: 1, tp: 4, pp: 2 },
      dtype: 'bf16',
      recompute: 'selective',
      sequence_length: 4096,
    });
    expect(ofType(log, 'span').map(seconds)).toEqual([2, 1]);
    expect(ofType(log, 'step').map(({ start_us, tokens }) => [clock(start_us), tokens])).toEqual([
      ['10:00:30.000', 10 * 8 * 4096],
      ['10:00:43.000', 10 * 8 * 4096],
    ]);
  });

  it('tells a relaunch from the same step printed by another rank', () => {
    const log = decoded([
      megatronLm(1, 1000, { time: '10:00:01' }),
      megatronLm(2, 1000, { time: '10:00:02' }),
      megatronLm(2, 1000, { time: '10:00:02' }),
      megatronLm(2, 1500, { time: '10:05:02' }),
      megatronLm(3, 1000, { time: '10:05:03' }),
    ]);
    expect(story(log).filter((line) => !line.startsWith('job'))).toEqual([
      'attempt_start 1',
      'step 1 1',
      'step 1 2',
      'attempt_end 1 false',
      'attempt_start 2',
      'step 2 2',
      'step 2 3',
    ]);
  });

  it('takes the model from the argument dump', () => {
    const model = (more: readonly string[]) =>
      ofType(
        decoded([
          '---------- arguments ----------',
          ...[
            'num_layers ... 2',
            'hidden_size ... 64',
            'num_attention_heads ... 4',
            'ffn_hidden_size ... 96',
          ].map((line) => `  ${line}`),
          ...more.map((line) => `  ${line}`),
          '---------- end of arguments ----------',
          megatronLm(1, 1000, { time: '10:00:01' }),
        ]),
        'job',
      )[0]?.model;
    const rope = ['padded_vocab_size ... 128', 'swiglu ..... True', 'position_embedding_type ..... rope'];
    expect(model([...rope, 'untie_embeddings_and_output_weights ... True'])).toMatchObject({
      model_type: 'llama',
      intermediate_size: 96,
      num_key_value_heads: 4,
      tie_word_embeddings: false,
    });
    expect(model([...rope, 'num_experts ... 8', 'moe_router_topk ... 2'])).toMatchObject({
      model_type: 'mixtral',
    });
    expect(model(['padded_vocab_size ... 128', 'max_position_embeddings ... 32'])).toMatchObject({
      model_type: 'gpt2',
    });
    expect(model([...rope, 'multi_latent_attention ... True'])).toBeUndefined();
    expect(model([])).toBeUndefined();
  });

  it('refuses an iteration that was cut before its time', () => {
    const log = decoded([megatronLm(1, 1000, { time: '10:00:01' }), megatronLm(2, 1000).slice(0, 60)]);
    expect(log.rejected).toMatchObject([{ line: 2, code: 'no_step_time' }]);
  });
});

describe('the forks of Megatron', () => {
  it('reads the seconds of bigscience, and lays steps without times end to end', () => {
    const log = decoded([bigscience(11, 100), bigscience(12, 110)], { devices: 384 });
    expect(ofType(log, 'step').map((step) => [step.step, seconds(step), step.tokens])).toEqual([
      [11, 100, 2048 * 2048],
      [12, 110, 2048 * 2048],
    ]);
    expect(ofType(log, 'step')[1]?.start_us).toBe(ofType(log, 'step')[0]?.end_us);
    expect(ofType(log, 'job')[0]?.labels).toEqual({
      framework: 'megatron-deepspeed',
      dialect: 'bigscience',
      time_source: 'synthetic',
    });
    expect(ofType(log, 'job')[0]).toMatchObject({ sequence_length: 2048, device_count: 384 });
  });

  it('starts a new attempt at a death, at a step done again and at a changed world, not at a gap', () => {
    const log = decoded(
      [
        bigscience(11, 100),
        "[default3]:terminate called after throwing an instance of 'c10::CUDAError'",
        '[default3]:  what():  CUDA error: unknown error',
        bigscience(21, 100),
        bigscience(29, 100),
        bigscience(41, 200, { tflops: 149 }),
        bigscience(41, 190, { tflops: 156.8 }),
      ],
      { devices: 384 },
    );
    expect(ofType(log, 'step').map(({ attempt, step }) => [attempt, step])).toEqual([
      [1, 11],
      [2, 21],
      [2, 29],
      [3, 41],
      [4, 41],
    ]);
    expect(ofType(log, 'fail')).toMatchObject([{ attempt: 1, cause: 'cuda_error' }]);
    expect(log.notes.join()).toContain('those of 192 devices, not of 384');
  });

  it('puts a line of another run before, not after, what it would roll back', () => {
    const log = decoded([
      bigscience(12_695, 105),
      bigscience(3707, 15, { total: 128_728, batch: 16, tflops: 8 }),
    ]);
    expect(ofType(log, 'step').map(({ attempt, step }) => [attempt, step])).toEqual([
      [1, 3707],
      [2, 12_695],
    ]);
    expect(ofType(log, 'job')[0]?.global_batch_sequences).toBe(2048);
  });

  it('reads Argonne’s name=value and works out the devices', () => {
    const log = decoded([
      '[2024-06-21 10:50:42][INFO][training:1609] -  iteration=       1/  317892 | consumed_samples=         768 | consumed_tokens=     3145728 | elapsed_time_per_iteration_ms=108893.2 | learning_rate=1.88743e-08 | global_batch_size=  768 | lm loss=11.133188 | loss_scale=1.0 | actual_seqlen= 4096 | samples_per_second=7.053 | tokens_per_gpu_per_second_tgs=1203.674 | [LM]TFLOPs=49.66 | [DS]TFLOPs=73.32 |',
    ]);
    expect(ofType(log, 'job')[0]).toMatchObject({
      device_count: 24,
      sequence_length: 4096,
      labels: { framework: 'megatron-deepspeed', dialect: 'argonne' },
    });
    expect(ofType(log, 'step')[0]).toMatchObject({
      tokens: 3_145_728,
      labels: {
        logged_tflops: 49.66,
        logged_tflops_deepspeed: 73.32,
        logged_tokens_per_s_per_device: 1203.674,
      },
    });
    expect(clock(ofType(log, 'step')[0]?.end_us)).toBe('10:50:42.000');
  });

  it('takes the current of Primus’s pairs', () => {
    const log = decoded([
      '[[32m20251202 06:56:28[0m][[36mrank-7/8[0m][[1mINFO [0m] [1m[--------trainer.py:2560] : iteration 44/ 5000 | consumed samples: 5632 | elapsed time per iteration (ms): 13100.0/13240.9 | hip mem usage/free/total/usage_ratio: 153.81GB/102.17GB/255.98GB/60.09% | throughput per GPU (TFLOP/s/GPU): 579.4/573.6 | tokens per GPU (tokens/s/GPU): 10005.5/9903.7 | global batch size: 128 | lm loss: 4.1E-03 |[0m',
    ]);
    expect(ofType(log, 'job')[0]?.labels).toMatchObject({ framework: 'primus' });
    const [step] = ofType(log, 'step');
    expect(seconds(step ?? { start_us: 0 })).toBe(13.1);
    expect(step).toMatchObject({
      rank: 7,
      labels: { logged_tflops: 579.4, logged_tokens_per_s_per_device: 10_005.5 },
    });
  });
});
