import { describe, expect, it } from 'vitest';
import { clock, decoded, ofType, seconds } from './decoded.ts';

describe('NeMo', () => {
  const line = (iteration: number, step_s: number, before = '') =>
    `${before}Training epoch 0, iteration ${iteration}/99 | lr: 6.897e-06 | global_batch_size: 128 | global_step: ${iteration} | reduced_train_loss: 11.96 | train_step_timing in s: ${step_s} | TFLOPS_per_GPU: 1.249e+03 | consumed_samples: ${(iteration + 1) * 128}`;

  it('reads step time and TFLOP/s in scientific notation', () => {
    const log = decoded([line(45, 6.08), line(46, 6.061)], { sequence_length: 8192, devices: 8 });
    expect(log.format).toBe('nemo');
    expect(ofType(log, 'step').map((step) => [step.step, seconds(step), step.tokens, step.labels])).toEqual([
      [45, 6.08, 128 * 8192, { logged_tflops: 1249 }],
      [46, 6.061, 128 * 8192, { logged_tflops: 1249 }],
    ]);
  });

  it('takes a time with its zone before the line', () => {
    const log = decoded([
      line(1, 2, '[2025-10-17T11:32:59+08:00] '),
      line(2, 2, '[2025-10-17T11:33:01+08:00] '),
    ]);
    expect(clock(ofType(log, 'step').at(-1)?.end_us)).toBe('03:33:01.000');
  });

  it('refuses a line that was cut', () => {
    expect(decoded([line(1, 2), line(2, 2).slice(0, 90)]).rejected).toMatchObject([
      { line: 2, code: 'cut_line' },
    ]);
  });
});

describe('nanotron', () => {
  it('reads three-digit numbers, the batch in tokens, and devices from the two throughputs', () => {
    const log = decoded([
      '[default0]:07/06/2024 14:32:45 [INFO|DP=0|PP=0|TP=0|host]: iteration: 91 / 100 | consumed_tokens: 46.6K | time_per_iteration_ms: 49.8 | tokens_per_sec: 10.3K | tokens_per_sec_per_gpu: 5.14K | global_batch_size: 512 | lm_loss: 9.1 | lr: 1e-05 | model_tflops_per_gpu: 0.712 | eta: 0:00:01',
    ]);
    expect(log.format).toBe('nanotron');
    expect(ofType(log, 'job')[0]).toMatchObject({ device_count: 2, tokens_per_step: 512 });
    const [step] = ofType(log, 'step');
    expect(step).toMatchObject({ step: 91, tokens: 512, labels: { logged_tokens_per_s_per_device: 5140 } });
    expect(new Date((step?.end_us ?? 0) / 1000).toISOString()).toBe('2024-07-06T14:32:45.000Z');
  });
});

describe('nanotron timers', () => {
  /** Layout of nanotron `logging/timers.py` (2026-04): sums since the process started. */
  const at = (second: number) =>
    `07/06/2024 14:32:${String(second).padStart(2, '0')} [INFO|DP=0|PP=0|TP=0|host]: `;
  const line = (step: number, more = '') =>
    `${at(step * 2)}iteration: ${step} / 100 | consumed_tokens: 46.6K | time_per_iteration_ms: 2K | tokens_per_sec: 10.3K | tokens_per_sec_per_gpu: 5.14K | global_batch_size: 512 | lm_loss: 9.1${more}`;
  const timers = (step: number, steps: number) => [
    `${at(step * 2)}---- Timing Information ----`,
    ...(
      [
        ['train_batch_iter', 1500, 1],
        ['dataloader_fetch', 100, 4],
        ['sync_gradients', 300, 1],
        ['optimizer_step', 150, 1],
      ] as const
    ).map(([name, ms, calls]) => {
      const total = (ms * steps).toFixed(2);
      return `${at(step * 2)}Timer '${name}' (cuda): ${total}ms total, ${(ms / calls).toFixed(2)}ms avg, ${calls * steps} calls`;
    }),
    `${at(step * 2)}----------------------------`,
  ];
  const phasesOf = (lines: readonly string[]) =>
    ofType(decoded(lines), 'step').map(({ step, phases_us }) => [step, phases_us]);
  const OWN = { compute: 1_400_000, comm: 300_000, io: 100_000 };

  it('are parts of the step whose line they follow, as differences of their sums', () => {
    expect(phasesOf([line(1), ...timers(1, 1), line(2), ...timers(2, 2), line(3)])).toEqual([
      [1, OWN],
      [2, OWN],
      [3, undefined],
    ]);
  });

  it('are those of the line behind them where they come first, and of the one rank that printed first', () => {
    const both = timers(2, 2).flatMap((text) => [
      `[default0]:${text}`,
      `[default1]:${text.replace('2', '9')}`,
    ]);
    expect(phasesOf([...timers(1, 1), line(1), 'INFO: saved', ...both, line(2)])).toEqual([
      [1, OWN],
      [2, undefined],
    ]);
    const one = timers(2, 2).map((text) => `[default0]:${text}`);
    const first = timers(1, 1).map((text) => `[default0]:${text}`);
    expect(phasesOf([...first, line(1), 'INFO: saved', ...one, line(2)])).toEqual([
      [1, OWN],
      [2, OWN],
    ]);
  });

  it('are of no step where they sum up other steps, and begin anew with a new process', () => {
    const again = [line(1), ...timers(1, 9), line(2), ...timers(2, 10), line(1), ...timers(1, 1), line(2)];
    expect(phasesOf(again)).toEqual([
      [1, undefined],
      [2, OWN],
      [1, OWN],
      [2, undefined],
    ]);
  });

  it('are read as fields of the line too', () => {
    const fields =
      ' | timers/train_batch_iter: 1.50 | timers/dataloader_fetch: 0.03 | timers/sync_gradients: 0.30';
    expect(phasesOf([line(1, fields)])).toEqual([[1, { compute: 1_500_000, comm: 300_000 }]]);
  });
});

describe('MaxText', () => {
  it('keeps the impossible first steps as printed, and takes spec from the header', () => {
    const log = decoded([
      'Config param max_target_length: 2048',
      'Config param remat_policy: full',
      'Num_devices: 4, shape (1, 4)',
      'completed step: 0, seconds: 9.100, TFLOP/s/device: 84.0, Tokens/s/device: 5400.000, total_weights: 196608, loss: 12.0',
      'completed step: 1, seconds: 0.319, TFLOP/s/device: 2400.734, Tokens/s/device: 154316.608, total_weights: 196608, loss: 12.038',
      'completed step: 2, seconds: 5.658',
    ]);
    expect(log.format).toBe('maxtext');
    expect(ofType(log, 'job')[0]).toMatchObject({
      device_count: 4,
      sequence_length: 2048,
      recompute: 'full',
    });
    expect(ofType(log, 'step').map((step) => [step.step, seconds(step), step.tokens])).toEqual([
      [0, 9.1, 196_560],
      [1, 0.319, 196_908],
    ]);
    expect(log.rejected).toMatchObject([{ line: 6, code: 'cut_line' }]);
  });
});
