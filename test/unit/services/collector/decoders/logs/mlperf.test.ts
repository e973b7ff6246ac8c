import { describe, expect, it } from 'vitest';
import { platformFrom } from '../../../../../../services/collector/decoders/logs/mlperf/platform.ts';
import { clock, decoded, ofType, seconds, story } from './decoded.ts';

const line = (s: number, key: string, value: unknown = null, metadata: Record<string, unknown> = {}) =>
  `:::MLLOG ${JSON.stringify({ namespace: '', time_ms: Math.round(s * 1000), event_type: 'POINT_IN_TIME', key, value, metadata })}`;
const HEAD = [
  line(10, 'init_start'),
  line(10.5, 'init_start'),
  line(11, 'submission_benchmark', 'gpt3'),
  line(11, 'submission_platform', '64xNVIDIA DGX H100'),
  line(11, 'global_batch_size', 2048),
  line(11, 'max_sequence_length', 2048),
  line(20, 'init_stop'),
  line(20, 'run_start'),
];
const TOKENS = 2048 * 2048;

describe('MLPerf', () => {
  it('ends a step when it was logged, as long as it says, and takes evaluations as spans', () => {
    const log = decoded([
      ...HEAD,
      line(20, 'block_start', null, { first_epoch_num: 0, epoch_count: 2 * TOKENS }),
      line(31, 'tracked_stats', { train_step_timing: 10.25 }, { step: TOKENS }),
      line(42, 'tracked_stats', { train_step_timing: 10.5 }, { step: 2 * TOKENS }),
      line(42, 'block_stop', null, { first_epoch_num: 0 }),
      line(42, 'eval_start', null, { epoch_num: 2 * TOKENS }),
      line(44, 'tracked_stats', { validation_step_timing: 2 }, { step: 2 * TOKENS }),
      line(45, 'eval_accuracy', 2.7, { epoch_num: 2 * TOKENS }),
      line(45, 'eval_stop', null, { epoch_num: 2 * TOKENS }),
      line(45, 'run_stop', null, { status: 'success' }),
      line(45, 'tracked_stats', { throughput: 345_645.4 }, { step: 2 * TOKENS }),
    ]);
    expect(story(log)).toEqual([
      'attempt_start 1',
      'span 1 init',
      'job',
      'step 1 1',
      'step 1 2',
      'span 1 custom',
      'attempt_end 1 true',
    ]);
    expect(ofType(log, 'job')[0]).toMatchObject({
      device_count: 512,
      hardware: '64xNVIDIA DGX H100',
      model: 'gpt3-175b',
      sequence_length: 2048,
      global_batch_sequences: 2048,
    });
    expect(ofType(log, 'step').map((step) => [seconds(step), clock(step.end_us), step.tokens])).toEqual([
      [10.25, '00:00:31.000', TOKENS],
      [10.5, '00:00:42.000', TOKENS],
    ]);
    expect(ofType(log, 'span').map(seconds)).toEqual([10, 3]);
  });

  it('does not take the summary of a block for a step, and reads samples where they are samples', () => {
    const log = decoded([
      ...HEAD,
      line(30, 'tracked_stats', { train_step_time: 9, reduced_train_loss: 7.7 }, { step: 2048.0 }),
      line(40, 'tracked_stats', { train_step_time: 9.5, reduced_train_loss: 7.6 }, { step: 4096.0 }),
      line(
        40,
        'tracked_stats',
        { throughput: 201.7, train_step_time: 9.25, max_memory_usage: 92 },
        { step: 0 },
      ),
      line(40, 'block_stop', null, { samples_count: 0 }),
    ]);
    expect(ofType(log, 'step').map(({ step }) => step)).toEqual([1, 2]);
  });

  it('averages what lies between two marks where steps are not logged', () => {
    const log = decoded([
      ...HEAD,
      line(20, 'block_start', null, { samples_count: 0 }),
      line(120, 'block_stop', null, { samples_count: 0 }),
      line(120, 'eval_start', null, { samples_count: 20_480 }),
      line(130, 'eval_stop', null, { samples_count: 20_480 }),
      line(130, 'block_start', null, { samples_count: 20_480 }),
      line(140, 'train_loss', 1.9, { samples_count: 24_576 }),
      line(160, 'run_stop', null, { samples_count: 28_672, status: 'success' }),
    ]);
    expect(ofType(log, 'step').map((step) => [step.step, step.count, seconds(step)])).toEqual([
      [10, 10, 100],
      [12, 2, 10],
      [14, 2, 20],
    ]);
    expect(ofType(log, 'span').map(seconds)).toEqual([10, 10]);
  });

  it('never lets a step begin before what is known to come before it', () => {
    const log = decoded([
      ...HEAD,
      line(30, 'tracked_stats', { train_step_time: 10.5 }, { step: 2048 }),
      line(40, 'tracked_stats', { train_step_time: 10.001 }, { step: 4096 }),
    ]);
    expect(ofType(log, 'step').map(({ start_us }) => clock(start_us))).toEqual([
      '00:00:20.000',
      '00:00:30.000',
    ]);
  });

  it('says that a run was aborted', () => {
    const log = decoded([...HEAD, line(30, 'run_stop', null, { status: 'aborted' })]);
    expect(ofType(log, 'fail')).toMatchObject([{ attempt: 1, cause: 'aborted' }]);
  });

  it('takes a new init after the run as a new attempt', () => {
    const again = HEAD.map((text) =>
      text.replace(/"time_ms":(\d+)/, (_, ms) => `"time_ms":${Number(ms) + 100_000}`),
    );
    const log = decoded([...HEAD, ...again]);
    expect(ofType(log, 'attempt_start').map(({ attempt }) => attempt)).toEqual([1, 2]);
  });

  it('refuses a truncated line, with its number, and keeps the rest', () => {
    const cut = line(30, 'tracked_stats', { train_step_time: 9 }, { step: 2048 });
    const log = decoded([
      ...HEAD,
      cut.slice(0, 60),
      '0: :::MLLOG [1]',
      ':::MLLOG {"time_ms": "x", "key": "a"}',
      cut,
    ]);
    expect(log.rejected.map(({ line, code }) => [line, code])).toEqual([
      [HEAD.length + 1, 'bad_mllog'],
      [HEAD.length + 2, 'bad_mllog'],
      [HEAD.length + 3, 'bad_mllog'],
    ]);
    expect(ofType(log, 'step')).toHaveLength(1);
  });
});

describe('the platform of an MLPerf submission', () => {
  it.each([
    ['64xNVIDIA HGX H100', 2, 512],
    ['1344xND_H100_v5', 2, 10_752],
    ['624xNVIDIA GB200', 2496, 2496],
    ['128xNVIDIA GB200', 1, 512],
    ['16xXE9712x4GB200', 1, 64],
    ['1xXE9680Lx8B200-SXM-180GB', 1, 8],
    ['64xBM.GPU.H200.8', 1, 512],
    ['gaudi-256', 1, 256],
    ['tpu-v5l-4096', 1, 4096],
    ['4xMI300X', 1, 32],
    ['2xSomething Else', 16, 16],
    ['2xSomething Else', 1, undefined],
  ])('%s logged by %i ranks has %s devices', (name, ranks, devices) => {
    expect(platformFrom(name, ranks).devices).toBe(devices);
  });
});
