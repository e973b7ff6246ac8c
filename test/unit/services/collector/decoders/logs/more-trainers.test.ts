import { describe, expect, it } from 'vitest';
import { isJobScoped, type StepEvent } from '../../../../../../domain/events.ts';
import { jobReport } from '../../../../../../domain/report/job-report.ts';
import { type DecodedLog, decodeLog } from '../../../../../../services/collector/decoders/logs/decode-log.ts';

const decode = (lines: readonly string[]) => decodeLog(lines.join('\n'), { job: 'j' });
const stepsOf = ({ events }: DecodedLog) =>
  events.filter((event): event is StepEvent => event.type === 'step');
const secondsOf = ({ start_us, end_us = start_us }: StepEvent) => (end_us - start_us) / 1e6;
const reportOf = ({ events }: DecodedLog) => jobReport(events.filter(isJobScoped), { job: 'j' });

describe('DeepSpeed alone', () => {
  const at = (time: string) => `[2023-11-07 01:${time}]`;
  /** Lines as DeepSpeed 0.12 prints them (runtime/engine.py, utils/timer.py). */
  const LOG = [
    `${at('50:00,000')} [INFO] [logging.py:96:log_dist] [Rank 0] DeepSpeed info: version=0.12.2, git-hash=unknown`,
    `${at('50:05,000')} [INFO] [config.py:972:print]   train_batch_size ............. 64`,
    `${at('50:05,000')} [INFO] [config.py:972:print]   world_size ................... 8`,
    `${at('50:05,000')} [INFO] [config.py:972:print]   bfloat16_enabled ............. True`,
    `${at('51:00,000')} [INFO] [logging.py:96:log_dist] [Rank 0] step=10, skipped=4, lr=[4.99e-05, 4.99e-05], mom=[(0.9, 0.95), (0.9, 0.95)]`,
    `${at('51:00,003')} [INFO] [timer.py:260:stop] epoch=0/micro_step=40/global_step=10, RunningAvgSamplesPerSec=25.0, CurrSamplesPerSec=32.0, MemAllocated=4.32GB, MaxMemAllocated=38.49GB`,
    `${at('51:00,004')} [INFO] [logging.py:96:log_dist] [Rank 0] time (ms) | fwd_microstep: 1.0 | bwd_microstep: 2.0 | bwd_inner_microstep: 1.5 | bwd_allreduce_microstep: 0.5 | step_microstep: 1.0`,
    `${at('51:00,005')} [INFO] [logging.py:96:log_dist] [Rank 0] time (ms) | fwd: 500.00 | bwd: 1300.00 | bwd_inner: 1000.00 | bwd_allreduce: 300.00 | step: 150.00`,
    `${at('51:01,000')} [INFO] [logging.py:96:log_dist] [Rank 0] [Torch] Checkpoint global_step10 is about to be saved!`,
    `${at('51:11,000')} [INFO] [torch_checkpoint_engine.py:33:commit] [Torch] Checkpoint global_step10 is ready now!`,
    `${at('51:31,000')} [INFO] [logging.py:96:log_dist] [Rank 0] step=20, skipped=4, lr=[4.99e-05], mom=[(0.9, 0.95)]`,
    `${at('51:31,003')} [INFO] [timer.py:260:stop] 0/20, RunningAvgSamplesPerSec=25.0, CurrSamplesPerSec=32.0, MemAllocated=4.32GB`,
  ];

  it('is recognised and gives steps between its lines, saves apart, with the batch it names', () => {
    const decoded = decode(LOG);
    expect([decoded.format, decoded.rejected]).toEqual(['deepspeed', []]);
    const steps = stepsOf(decoded);
    expect(steps.map((step) => [step.step, step.count ?? 1, secondsOf(step)])).toEqual([
      [10, 1, 2],
      [20, 10, 20],
    ]);
    expect(steps[0]?.labels).toMatchObject({ logged_samples_per_s: 32, logged_skipped_steps: 4 });
    expect(decoded.events.filter(({ type }) => type === 'span')).toMatchObject([{ kind: 'ckpt_save' }]);
    expect(decoded.events.find(({ type }) => type === 'job')).toMatchObject({
      device_count: 8,
      global_batch_sequences: 64,
      dtype: 'bf16',
    });
  });

  it('tells computing and the reduction of gradients of wall_clock_breakdown', () => {
    const [step, next] = stepsOf(decode(LOG));
    expect(step?.phases_us).toEqual({ compute: 1_500_000, comm: 300_000 });
    expect(step?.labels?.['phase_source']).toBe('timers');
    expect(next?.phases_us).toBeUndefined();
    const { parts } = reportOf(decode(LOG)).step_time;
    expect(parts.compute.mean_s).toBeCloseTo(1.5, 9);
    expect(parts.other.mean_s).toBeCloseTo(0.2, 9);
  });

  it('counts no step that nothing times, and begins anew at a second launch', () => {
    const bare = LOG.filter((line) => !/timer\.py|config\.py/.test(line));
    const decoded = decode(bare);
    expect(stepsOf(decoded).map(({ step }) => step)).toEqual([20]);
    expect(decoded.notes.join()).toContain('not counted');
    const again = decode([
      ...LOG,
      LOG[0]?.replace('01:50', '02:50') ?? '',
      LOG[5]?.replace('01:51', '02:51') ?? '',
    ]);
    expect(stepsOf(again).map(({ attempt, step }) => [attempt, step])).toEqual([
      [1, 10],
      [1, 20],
      [2, 10],
    ]);
  });
});

describe('Megatron-DeepSpeed', () => {
  /** argonne-lcf/Megatron-DeepSpeed, docs of 2024: timers stand before the iteration that they are of. */
  const LOG = [1, 2, 3].flatMap((step) => [
    `[2024-04-21 02:45:${20 + 16 * (step - 1)},651] [INFO] [logging.py:96:log_dist] [Rank 0] time (ms) | fwd_microstep: 3859.38 | bwd_microstep: 11267.96 | bwd_inner_microstep: 10508.40 | bwd_allreduce_microstep: 759.39 | step_microstep: 829.18`,
    `[2024-04-21 02:45:${20 + 16 * (step - 1)},652] [INFO] [logging.py:96:log_dist] [Rank 0] time (ms) | fwd: 3859.30 | bwd: 11267.97 | bwd_inner: 10508.40 | bwd_allreduce: 759.40 | step: 829.19`,
    `[2024-04-21 02:45:${20 + 16 * (step - 1)}][INFO][training:1251] -  iteration=       ${step}/  317892 | consumed_samples=${256 * step} | consumed_tokens=${1048576 * step} | elapsed_time_per_iteration_ms=16030.6 | learning_rate=0.00000`,
  ]);

  it('takes the timers that stand before an iteration as its own', () => {
    const decoded = decode(LOG);
    expect(decoded.format).toBe('megatron');
    expect(stepsOf(decoded).map(({ step, phases_us }) => [step, phases_us])).toEqual([
      [1, { compute: 14_367_700, comm: 759_400 }],
      [2, { compute: 14_367_700, comm: 759_400 }],
      [3, { compute: 14_367_700, comm: 759_400 }],
    ]);
  });
});

describe('Hugging Face Trainer', () => {
  const bar = (step: number, time: string, total = 40) =>
    ` ${Math.floor((100 * step) / total)}%|█         | ${step}/${total} [${time}<15:00,  1.00s/it]`;
  const LOG = [
    '  Total train batch size (w. parallel, distributed & accumulation) = 64',
    '  Total optimization steps = 40',
    `${bar(0, '00:00')}\r${bar(10, '00:20')}\r${bar(20, '00:40')}`,
    "{'loss': 2.1, 'grad_norm': 1.25, 'learning_rate': 5e-05, 'epoch': 0.5}",
    `${bar(3, '00:02', 5)}\r${bar(5, '00:04', 5)}`,
    "{'eval_loss': 1.9, 'eval_runtime': 5.0, 'eval_samples_per_second': 20.0, 'epoch': 0.5}",
    `${bar(30, '01:05')}\r${bar(40, '1:01:25')}`,
    "{'train_runtime': '3685.2', 'train_samples_per_second': 31.2, 'train_steps_per_second': 0.47, 'total_flos': 1.5e+18, 'train_loss': 2.0, 'epoch': 1.0}",
  ];

  it('is timed by the progress bar, evaluations taken out', () => {
    const decoded = decode(LOG);
    expect(decoded.format).toBe('hf-trainer');
    expect(stepsOf(decoded).map((step) => [step.step, step.count, secondsOf(step)])).toEqual([
      [10, 10, 20],
      [20, 10, 20],
      [30, 10, 20],
      [40, 10, 3620],
    ]);
    expect(decoded.events.filter(({ type }) => type === 'span')).toMatchObject([{ name: 'eval' }]);
    expect(decoded.events.find(({ type }) => type === 'job')).toMatchObject({ global_batch_sequences: 64 });
  });

  it('without a bar gives the mean of the run, and nothing where steps are not known', () => {
    const bare = LOG.filter((line) => !line.includes('%|'));
    expect(stepsOf(decode(bare)).map((step) => [step.step, step.count, secondsOf(step)])).toEqual([
      [40, 40, 3680.2],
    ]);
    const unknown = decode(bare.filter((line) => !line.includes('Total')));
    expect(stepsOf(unknown)).toEqual([]);
    expect(unknown.notes.join()).toContain('nothing says how long');
  });
});

describe('Composer', () => {
  const block = (batch: number, train_h: string, rate: string | undefined, token: number) => [
    `[batch=${batch}/50]:`,
    `\t Train time/batch: ${batch - 1}`,
    `\t Train time/token: ${token}`,
    '\t Train loss/train/total: 8.4213',
    ...(rate === undefined ? [] : [`\t Train throughput/batches_per_sec: ${rate}`]),
    ...(rate === undefined ? [] : ['\t Train throughput/samples_per_sec: 2.7330']),
    ...(rate === undefined ? [] : ['\t Train throughput/device/samples_per_sec: 0.1708']),
    `\t Train time/train: ${train_h}`,
    '\t Train time/val: 0.0000',
  ];

  it('takes the figure that its decimals tell more exactly', () => {
    const slow = decode([...block(1, '0.1050', undefined, 0), ...block(5, '0.5249', '0.0027', 4_000_000)]);
    expect(slow.format).toBe('composer');
    const [step] = stepsOf(slow);
    expect([step?.step, step?.count, step?.tokens]).toEqual([5, 4, 4_000_000]);
    expect(secondsOf(step as StepEvent)).toBeCloseTo((0.5249 - 0.105) * 3600, 5);
    expect(slow.events.find(({ type }) => type === 'job')).toMatchObject({ device_count: 16 });
    const quick = decode([...block(10, '0.0010', '4.1234', 0), ...block(20, '0.0017', '4.1234', 1000)]);
    expect(secondsOf(stepsOf(quick)[1] as StepEvent)).toBeCloseTo(10 / 4.1234, 5);
  });
});
