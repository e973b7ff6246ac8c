import { describe, expect, it } from 'vitest';
import { readEventLine } from '../../../../../../domain/event-reader.ts';
import {
  decodeLog,
  decodeLogs,
  recogniseLog,
  UnknownLogFormat,
} from '../../../../../../services/collector/decoders/logs/decode-log.ts';
import { LOG_LIMITS } from '../../../../../../services/collector/decoders/logs/log-limits.ts';
import { logFormat } from '../../../../../../services/collector/decoders/logs/registry.ts';
import { decoded, ofType } from './decoded.ts';

const TITAN = '[rank0]:[titan] 2025-06-25 10:00:12,000 - root - INFO - step:  1  loss:  8.1  tps: 3';
const MEGATRON =
  ' [2025-03-06 10:00:01] iteration 1/ 9 | elapsed time per iteration (ms): 500.0 | global batch size: 8 |';
const MLLOG = ':::MLLOG {"time_ms": 1000, "key": "init_start", "value": null, "metadata": {}}';
const NEMO = 'Training epoch 0, iteration 1/9 | global_step: 1 | train_step_timing in s: 6.08';
const NANOTRON = 'iteration: 91 / 100 | consumed_tokens: 46.6K | time_per_iteration_ms: 49.8';
const MAXTEXT = 'completed step: 9, seconds: 5.667, TFLOP/s/device: 134.924';

describe('the framework of a log', () => {
  it.each([
    ['torchtitan', TITAN],
    ['megatron', MEGATRON],
    ['mlperf', `0: ${MLLOG}`],
    ['nemo', NEMO],
    ['nanotron', NANOTRON],
    ['maxtext', `I0317 10:00:15.8 123 metric_logger.py:181] ${MAXTEXT}`],
  ])('is recognised as %s among noise', (name, line) => {
    expect(recogniseLog(['noise', '', `\u001b[0m${line}`])?.name).toBe(name);
  });

  it('is MLPerf where a trainer prints both its own lines and MLLOG', () => {
    expect(recogniseLog([NEMO, MLLOG])?.name).toBe('mlperf');
  });

  it('is asked for by the names of forks too', () => {
    expect(logFormat('megatron-lm')?.name).toBe('megatron');
    expect(logFormat('mllog')?.name).toBe('mlperf');
    expect(logFormat('vllm')).toBeUndefined();
  });

  it('is refused with the supported names and the first lines when nothing fits', () => {
    const decode = (text: string) => () => decodeLog(text, { job: 'j' });
    expect(decode('hello\nworld')).toThrow(UnknownLogFormat);
    expect(decode('hello\nworld')).toThrow(/torchtitan, megatron, mlperf.*\n {2}\| hello\n {2}\| world/);
    expect(decode('')).toThrow('It has no text');
    expect(decode('\u0000\ufffd\ufffd\u0001x')).toThrow(/\| \?x/);
    expect(() => decodeLog(TITAN, { job: 'j', format: 'vllm' })).toThrow('unknown log format vllm');
  });

  it('can be told, and then nothing is searched for', () => {
    expect(decodeLog('hello', { job: 'j', format: 'torchtitan' })).toMatchObject({
      format: 'torchtitan',
      events: [],
    });
  });
});

describe('lines of a log', () => {
  it('that are longer than the limit are refused alone', () => {
    const log = decoded([
      TITAN,
      'x'.repeat(LOG_LIMITS.line_chars_max + 1),
      TITAN.replace('10:00:12', '10:01:12').replace('step:  1', 'step:  2'),
    ]);
    expect(log.rejected).toMatchObject([{ line: 2, code: 'line_too_long' }]);
    expect(ofType(log, 'step').map(({ step }) => step)).toEqual([1, 2]);
  });

  it('that cannot be used are listed up to a limit and counted beyond it', () => {
    const log = decoded([
      MLLOG,
      ...Array.from({ length: LOG_LIMITS.rejections_max + 5 }, () => ':::MLLOG {'),
    ]);
    expect(log.rejected).toHaveLength(LOG_LIMITS.rejections_max);
    expect(log.rejected_count).toBe(LOG_LIMITS.rejections_max + 5);
  });

  it('end in \\n, \\r\\n, or not at all', () => {
    for (const end of ['\n', '\r\n', ''])
      expect(decodeLog(`${MEGATRON}${end}`, { job: 'j' }).events).toHaveLength(3);
  });
});

describe('several logs of one job', () => {
  it('are one stream in time, and lines without a time stay behind the one before', () => {
    const second = MEGATRON.replace('10:00:01', '10:00:02').replace('iteration 1/', 'iteration 2/');
    const log = decodeLogs([second, `${MEGATRON}\nCUDA error: an illegal memory access`], { job: 'j' });
    // the death stands between the two iterations in time: the second one is the next step, so the run went on
    expect(log.notes.join()).toContain('the run went on after');
    expect(ofType(log, 'step').map(({ step }) => step)).toEqual([1, 2]);
  });
});

describe('what a decoder writes', () => {
  it.each([TITAN, MEGATRON, MLLOG, NEMO, NANOTRON, MAXTEXT])(
    'are events that the reader of events takes: %s',
    (line) => {
      const log = decodeLog(`${line}\n${line.replace(/\b1\b/, '2')}\nTraceback (most recent call last):`, {
        job: 'j',
        devices: 8,
        hardware: 'H100',
        model: 'llama3-8b',
        sequence_length: 8192,
        dtype: 'bf16',
      });
      for (const event of log.events)
        expect(readEventLine(JSON.stringify(event))).toEqual({ ok: true, event });
    },
  );

  it('lets what the caller knows win over what the log says', () => {
    const log = decoded([MEGATRON], { devices: 64, hardware: 'B200', dtype: 'fp8', sequence_length: 4096 });
    expect(ofType(log, 'job')[0]).toMatchObject({
      device_count: 64,
      hardware: 'B200',
      dtype: 'fp8',
      sequence_length: 4096,
    });
    expect(ofType(log, 'attempt_start')[0]?.device_count).toBe(64);
  });
});
