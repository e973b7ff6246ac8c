import { describe, expect, it } from 'vitest';
import { decodeLogs } from '../../../../../../services/collector/decoders/logs/decode-log.ts';
import { clock, decoded, ofType, seconds, story } from './decoded.ts';

const at = (time: string, message: string, prefix = '[rank0]:[titan] ') =>
  `${prefix}2025-06-25 ${time} - root - INFO - ${message}`;

const LAUNCH = [
  at('10:00:00,000', 'Starting job: test'),
  at('10:00:01,000', "Building 2-D device mesh with ['dp_shard', 'tp'], [4, 2]"),
  at('10:00:02,000', 'CUDA capacity: NVIDIA H100 80GB HBM3 with 79.18GiB memory'),
  at('10:00:03,000', 'Applied full activation checkpointing to the model'),
  at('10:00:04,000', 'Peak FLOPS used for computing MFU: 9.890e+14'),
  at(
    '10:00:05,000',
    'Trainer is initialized with local batch size 2, global batch size 8, gradient accumulation steps 1, sequence length 1024, total steps 100 (warmup 2)',
  ),
  at('10:00:10,000', 'Training starts at step 1'),
];
const step = (
  time: string,
  number: number,
  rest = 'tps: 1,000  tflops: 1,234.50  mfu: 34.26%',
  prefix?: string,
) =>
  at(time, `step: ${String(number).padStart(2)}  loss:  8.1234  memory: 42.16GiB(44.38%)  ${rest}`, prefix);

describe('torchtitan', () => {
  it('places each line from the one before it, and knows the job', () => {
    const log = decoded([
      ...LAUNCH,
      step('10:00:12,000', 1),
      step('10:00:21,000', 10),
      step('10:00:31,000', 20),
    ]);
    expect(log.format).toBe('torchtitan');
    expect(log.rejected).toEqual([]);
    expect(story(log)).toEqual(['attempt_start 1', 'job', 'step 1 1', 'step 1 10', 'step 1 20']);
    expect(ofType(log, 'job')[0]).toMatchObject({
      device_count: 8,
      parallelism: { tp: 2, pp: 1, dp: 4, cp: 1 },
      hardware: 'NVIDIA H100 80GB HBM3',
      recompute: 'full',
      sequence_length: 1024,
      global_batch_sequences: 8,
      labels: { framework: 'torchtitan', logged_peak_flops: 989e12 },
    });
    const [first, second, third] = ofType(log, 'step');
    expect(first).toMatchObject({ tokens: 8192, rank: 0 });
    expect(first?.count).toBeUndefined();
    expect([clock(first?.start_us), clock(first?.end_us)]).toEqual(['10:00:10.000', '10:00:12.000']);
    expect(second).toMatchObject({ count: 9, tokens: 9 * 8192 });
    expect(third).toMatchObject({
      count: 10,
      labels: { logged_tflops: 1234.5, logged_mfu_ratio: 0.3426, logged_tokens_per_s_per_device: 1000 },
    });
  });

  it('keeps what lines are missing for apart from what a line averages', () => {
    const lines = [1, 10, 20, 30].map((number, index) => step(`10:00:${12 + index * 10},000`, number));
    const log = decoded([...LAUNCH, ...lines, step('10:02:00,000', 90, 'tps: 1,024  tflops: 1.0  mfu: N/A')]);
    const [gap, line] = ofType(log, 'step').slice(-2);
    // 10 steps of 8192 tokens on 8 devices at 1024 tokens/s per device take 10 s
    expect(line).toMatchObject({ step: 90, count: 10 });
    expect(seconds(line ?? { start_us: 0 })).toBe(10);
    expect(line?.labels).not.toHaveProperty('logged_mfu_ratio');
    expect(gap).toMatchObject({ step: 80, count: 50, labels: { unlogged: true } });
    expect(clock(gap?.start_us)).toBe('10:00:42.000');
    expect(gap?.end_us).toBe(line?.start_us);
  });

  it('tells a restart at the next step from going on', () => {
    const again = [at('10:01:00,000', 'Starting job: test'), at('10:01:05,000', 'Training starts at step 3')];
    const log = decoded([
      ...LAUNCH,
      step('10:00:12,000', 1),
      step('10:00:14,000', 2),
      ...again,
      step('10:01:09,000', 3),
    ]);
    expect(story(log).filter((line) => !line.startsWith('job'))).toEqual([
      'attempt_start 1',
      'step 1 1',
      'step 1 2',
      'attempt_end 1 false',
      'attempt_start 2',
      'step 2 3',
    ]);
  });

  it('names the cause of a death that the run did not survive, and only of such a one', () => {
    const oom = 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.';
    const trace = '[rank0]:Traceback (most recent call last):';
    const died = decoded([
      ...LAUNCH,
      step('10:00:12,000', 1),
      trace,
      oom,
      at('10:02:00,000', 'Starting job: test'),
    ]);
    expect(ofType(died, 'fail')).toMatchObject([
      { attempt: 1, cause: 'out_of_memory', labels: { message: oom } },
    ]);
    expect(clock(ofType(died, 'fail')[0]?.time_us)).toBe('10:00:12.000');
    const lived = decoded([...LAUNCH, step('10:00:12,000', 1), trace, step('10:00:14,000', 2)]);
    expect(ofType(lived, 'fail')).toEqual([]);
    expect(lived.notes.join()).toContain('the run went on after');
  });

  it('takes checkpoints as spans: blocking, in the background, restored', () => {
    const log = decoded([
      ...LAUNCH.slice(0, -1),
      at('10:00:05,500', 'Loading the checkpoint at step 400.'),
      at('10:00:09,000', 'Finished loading the checkpoint in 3.50 seconds.'),
      at('10:00:10,000', 'Training starts at step 401.'),
      step('10:00:20,000', 410),
      at('10:00:20,001', 'Saving the checkpoint (or staging if async is enabled).'),
      at('10:00:20,101', 'Finished saving the checkpoint (or staging if async is enabled)in 0.10 seconds.'),
      at('10:00:21,000', 'Received async checkpoint request with id=./o/step-410', '[rank0]:[0] '),
      at(
        '10:00:51,000',
        "Submitted checkpoint save request for checkpoint_id=_Id(checkpoint_id='./o/step-410', uuid='u')",
        '[rank0]:[0] ',
      ),
      at('10:01:00,000', 'Staging the checkpoint.'),
      at('10:01:02,000', 'Finished staging the checkpoint in 2.00 seconds.'),
    ]);
    expect(ofType(log, 'span').map((span) => [span.kind, span.blocking ?? true, seconds(span)])).toEqual([
      ['ckpt_restore', true, 3.5],
      ['ckpt_save', true, 0.1],
      ['ckpt_save', false, 30],
      ['ckpt_save', true, 2],
    ]);
    expect(ofType(log, 'step')[0]).toMatchObject({ step: 410, count: 10 });
  });

  it('ends clean on completion', () => {
    const log = decoded([
      ...LAUNCH,
      step('10:00:12,000', 1),
      at('10:00:14,000', 'Training completed'),
      at('10:00:15,000', 'Process group destroyed'),
    ]);
    expect(ofType(log, 'attempt_end')).toMatchObject([{ attempt: 1, clean: true }]);
    expect(clock(ofType(log, 'attempt_end')[0]?.time_us)).toBe('10:00:14.000');
    expect(log.open).toBeUndefined();
  });

  it('is one run for many ranks, with and without rank prefixes', () => {
    const bare = '[titan] ';
    const untagged = decoded([
      ...LAUNCH.flatMap((line) => [line, line, line].map((text) => text.replace('[rank0]:', ''))),
      ...[1, 2].flatMap((number) =>
        [0, 3, 9].map((ms) => step(`10:00:1${number},00${ms}`, number, undefined, bare)),
      ),
    ]);
    expect(story(untagged)).toEqual(['attempt_start 1', 'job', 'step 1 1', 'step 1 2']);
    const tagged = decoded([
      ...LAUNCH,
      ...LAUNCH.map((line) => line.replace('[rank0]', '[rank1]')),
      step('10:00:12,000', 1),
      step('10:00:12,001', 1, undefined, '[rank1]:[titan] '),
    ]);
    expect(ofType(tagged, 'attempt_start')).toHaveLength(1);
    expect(ofType(tagged, 'step').map(({ rank }) => rank)).toEqual([0, 1]);
  });

  it('merges the files of several ranks by time', () => {
    const files = [0, 1].map((rank) =>
      [
        ...LAUNCH,
        step('10:00:12,000', 1),
        step('10:00:14,000', 2),
        at('10:01:00,000', 'Starting job: test'),
        at('10:01:04,000', 'Training starts at step 2'),
        step('10:01:06,000', 2),
        'step:  3  loss: 1.0  tps: 3',
      ]
        .map((line) => line.replace('[rank0]', `[rank${rank}]`))
        .join('\n'),
    );
    const log = decodeLogs(files, { job: 'j' });
    expect(ofType(log, 'attempt_start').map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(ofType(log, 'step')).toHaveLength(6);
    expect(log.rejected.map(({ file, line }) => [file, line])).toEqual([
      [0, LAUNCH.length + 6],
      [1, LAUNCH.length + 6],
    ]);
  });

  it('works out tokens from the printed throughput where the log names no batch', () => {
    const log = decoded([
      at('10:00:00,000', 'Starting job: old', '[rank0]:'),
      at('10:00:01,000', "Building 1-D device mesh with ['dp'], [4]", '[rank0]:'),
      at('10:00:10,000', 'Profiling active. Traces will be saved at ./t', '[rank0]:'),
      step('10:00:12,000', 1, 'wps: 500  mfu: 0.26%', '[rank0]:'),
      step('10:00:12,500', 2, 'wps: 2,000  mfu: 1.04%', '[rank0]:'),
    ]);
    expect(ofType(log, 'step').map(({ tokens }) => tokens)).toEqual([4000, 4000]);
    expect(clock(ofType(log, 'step')[0]?.start_us)).toBe('10:00:10.000');
  });

  it('gives the first line of an excerpt the length that the pace of the second says', () => {
    const log = decoded([step('10:00:50,000', 910, 'tps: 500'), step('10:01:00,000', 920, 'tps: 1,000')]);
    const [first, second] = ofType(log, 'step');
    expect([first?.count, second?.count]).toEqual([10, 10]);
    expect(seconds(first ?? { start_us: 0 })).toBe(20);
    expect(ofType(log, 'attempt_start')[0]?.time_us).toBe(first?.start_us);
  });

  it('leaves a single line of an excerpt out, and says so', () => {
    const log = decoded([step('10:00:50,000', 910, 'tps: 500')]);
    expect(ofType(log, 'step')).toEqual([]);
    expect(log.notes.join()).toContain('no known start');
  });

  it('reads colours with and without the escape byte, carriage returns, cut lines and junk', () => {
    const esc = String.fromCharCode(27);
    const colour = (e: string) =>
      at(
        '10:00:12,000',
        `${e}[31mstep:  1  ${e}[32mloss:  8.1  ${e}[38;2;180;60;0mgrad_norm:  1.4  ${e}[34mtps: 1,024${e}[39m`,
      );
    for (const line of [colour(esc), colour(''), `${colour(esc)}\r`]) {
      const [first] = ofType(decoded([...LAUNCH, line]), 'step');
      expect(first?.labels).toEqual({ logged_tokens_per_s_per_device: 1024 });
    }
    const cut = decoded([
      ...LAUNCH,
      at('10:00:12,000', 'step:  1  loss:  8.1  mem'),
      `${String.fromCharCode(0, 7)}\ufffd\ufffd`,
      '',
    ]);
    expect(ofType(cut, 'step')).toHaveLength(1);
    expect(cut.rejected).toEqual([]);
    const progress = decoded([
      `downloading 1%\rdownloading 99%\r${LAUNCH[0]}`,
      ...LAUNCH.slice(1),
      step('10:00:12,000', 1),
    ]);
    expect(ofType(progress, 'step')).toHaveLength(1);
  });

  it('refuses a step that lost its time, with its line', () => {
    const log = decoded([...LAUNCH, 'INFO - step:  1  loss:  8.1  memory: 1GiB  tps: 3']);
    expect(log.rejected).toMatchObject([{ line: LAUNCH.length + 1, code: 'no_time' }]);
  });

  it('takes a validation as a span after the step it follows', () => {
    const log = decoded([
      ...LAUNCH,
      step('10:00:12,000', 1),
      at('10:00:15,000', 'validate step:  1  loss:  7.0000  memory: 1.00GiB(1.00%)  tps: 2,000'),
      step('10:00:20,000', 2),
    ]);
    expect(ofType(log, 'span')).toMatchObject([{ kind: 'custom', name: 'eval' }]);
    expect(seconds(ofType(log, 'span')[0] ?? { start_us: 0 })).toBe(3);
    expect(ofType(log, 'step')).toHaveLength(2);
  });

  it('reads times in a zone, when one is given', () => {
    const log = decoded([...LAUNCH, step('10:00:12,000', 1)], { timezone: '+08:00' });
    expect(clock(ofType(log, 'step')[0]?.end_us)).toBe('02:00:12.000');
    expect(log.notes).toEqual([]);
  });

  it('reads the tokens and context length that the batch line of 2026 prints, and its mesh', () => {
    const log = decoded([
      at('10:00:00,000', 'torchtitan version: 0.2.2 (0.0.0 means __version__ is not defined correctly).'),
      at(
        '10:00:01,000',
        'Building device mesh with parallelism: pp=2, dp_replicate=1, dp_shard=4, cp=1, tp=2, ep=4',
      ),
      at('10:00:02,000', 'Applied SelectiveAC activation checkpointing to the model'),
      at(
        '10:00:03,000',
        'Trainer is initialized with 8192 tokens per DP rank, 65536 tokens per train step, gradient accumulation steps 2, maximum context length 4096, total steps 9 (warmup 2)',
      ),
      at('10:00:04,000', 'Training starts at step 1'),
      step('10:00:06,000', 1),
    ]);
    expect(ofType(log, 'job')[0]).toMatchObject({
      device_count: 16,
      parallelism: { pp: 2, dp: 4, cp: 1, tp: 2, ep: 4 },
      tokens_per_step: 65_536,
      sequence_length: 4096,
      recompute: 'selective',
    });
  });
});
