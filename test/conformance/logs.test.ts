import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readEventLine } from '../../domain/event-reader.ts';
import type { JobScopedEvent, RunEvent } from '../../domain/events.ts';
import { jobReport } from '../../domain/report/job-report.ts';
import { linearityOfReports } from '../../domain/report/linearity-of-reports.ts';
import { type DecodeOptions, decodeLog } from '../../services/collector/decoders/logs/decode-log.ts';
import { describeWithFixtures, fixturePath } from '../support/fixtures.ts';

/** What was read from a public log by hand: a number or a text at a path of keys. */
function answersOf(...at: readonly string[]) {
  const all: unknown = JSON.parse(readFileSync(fixturePath('EXPECTED.json'), 'utf8'));
  const walk = (from: unknown, keys: readonly string[]): unknown =>
    keys.reduce((value: unknown, key) => (value as Record<string, unknown>)[key], from);
  const found = walk(all, at);
  return {
    number(...keys: readonly string[]): number {
      const value = walk(found, keys);
      if (typeof value !== 'number') throw new Error(`no number at ${[...at, ...keys].join('.')}`);
      return value;
    },
    text: (...keys: readonly string[]): string => String(walk(found, keys)),
    numbers: (...keys: readonly string[]): readonly number[] => walk(found, keys) as readonly number[],
  };
}

function decode(file: string, options: Partial<DecodeOptions> = {}) {
  return decodeLog(readFileSync(fixturePath(file), 'utf8'), { job: 'j', ...options });
}

function reportOf(file: string, options: Partial<DecodeOptions> = {}) {
  const { events } = decode(file, options);
  return jobReport(events as readonly JobScopedEvent[], { job: options.job ?? 'j' });
}

function ofType<T extends RunEvent['type']>(events: readonly RunEvent[], type: T) {
  return events.filter((event): event is Extract<RunEvent, { type: T }> => event.type === type);
}

const us = (time: string) => Date.parse(`${time}Z`) * 1000;

describeWithFixtures('a public torchtitan log with a restart', () => {
  const FILE = 'logs/torchtitan_llama3_8b_restart.log';

  it('gives the attempts, steps, checkpoints and spec that were read from it by hand', () => {
    const want = answersOf('logs', 'torchtitan_llama3_8b_restart.log');
    const { events, format, rejected } = decode(FILE);
    expect(format).toBe(want.text('framework'));
    expect(rejected).toEqual([]);
    const starts = ofType(events, 'attempt_start');
    expect(starts.map(({ time_us }) => time_us)).toEqual([
      us(want.text('run1', 'job_start')),
      us(want.text('run2', 'job_start')),
    ]);
    const printed = ofType(events, 'step').filter(({ labels }) => labels?.['unlogged'] !== true);
    expect(printed).toHaveLength(want.number('step_lines'));
    expect(printed[0]?.start_us).toBe(us(want.text('run1', 'train_start')));
    expect(printed[0]?.end_us).toBe(us(want.text('run1', 'first_step_done')));
    expect(ofType(events, 'attempt_end')).toMatchObject([
      { time_us: us(want.text('run1', 'completed')), clean: true },
    ]);
    const async = ofType(events, 'span')
      .filter(({ blocking }) => blocking === false)
      .at(-1);
    expect(async).toMatchObject({
      start_us: us(want.text('async_checkpoint_400', 'requested')),
      end_us: us(want.text('async_checkpoint_400', 'durable')),
    });
    const restore = ofType(events, 'span').find(({ kind }) => kind === 'ckpt_restore');
    expect(((restore?.end_us ?? 0) - (restore?.start_us ?? 0)) / 1e6).toBe(
      want.number('run2', 'checkpoint_load_s'),
    );
    expect(ofType(events, 'job')[0]).toMatchObject({
      device_count: want.number('hardware_from_log', 'ngpu'),
      hardware: want.text('hardware_from_log', 'device'),
      global_batch_sequences: want.number('train_config', 'global_batch'),
      sequence_length: want.number('train_config', 'seq_len'),
      labels: { logged_peak_flops: want.number('hardware_from_log', 'peak_flops_used') },
    });
  });

  it('gives the report: lost steps, ground regained, parameters, MFU', () => {
    const want = answersOf('logs', 'torchtitan_llama3_8b_restart.log');
    const report = reportOf(FILE);
    expect(report.attempts).toBe(want.number('runs'));
    expect(report.lost_steps).toBe(want.number('lost_steps'));
    expect(report.model?.parameters).toBe(want.number('spec_from_log', 'total_params'));
    expect(report.incidents[0]?.last_progress_at_us).toBe(us(want.text('run1', 'last_step_done')));
    expect(report.incidents[0]?.last_progress_to_regain_s).toBeCloseTo(
      want.number('outage_last_useful_step_to_ground_recovered_s'),
      2,
    );
    const percent = (report.mfu_ratio?.mm_full ?? 0) * 100;
    expect(Math.abs(percent / want.number('steady_mfu_pct') - 1)).toBeLessThan(0.002);
    expect(
      Math.abs((report.tokens_per_s_per_device ?? 0) / want.number('steady_tps_per_device') - 1),
    ).toBeLessThan(0.002);
    expect(report.mfu_ratio?.mm_causal).toBeLessThan(report.mfu_ratio?.mm_full ?? 0);
    expect(report.logged?.recognised_as).toBe('mm_full');
    expect(report.ledger.buckets_s.ckpt_save).toBeGreaterThan(want.number('sync_checkpoint_s'));
    const sum = Object.values(report.ledger.buckets_s).reduce((total, seconds) => total + seconds, 0);
    expect(sum).toBeCloseTo(report.ledger.horizon_s, 6);
  });
});

describeWithFixtures('a public torchtitan log of 2024', () => {
  it('is read through its colours, carriage returns and old field names', () => {
    const want = answersOf('logs', 'torchtitan_2024_ansi_wps.log');
    const { events, format, rejected } = decode('logs/torchtitan_2024_ansi_wps.log');
    const steps = ofType(events, 'step');
    expect([format, rejected, steps.length]).toEqual([want.text('framework'), [], want.number('step_lines')]);
    const printed = (step: number) =>
      steps.find((event) => event.step === step)?.labels?.['logged_mfu_ratio'];
    expect(printed(9)).toBeCloseTo(want.number('mfu_pct_step_9') / 100, 6);
    expect(printed(10)).toBeCloseTo(want.number('mfu_pct_step_10') / 100, 6);
    expect(steps[0]?.labels).not.toHaveProperty('logged_tflops');
  });
});

describeWithFixtures('the public BLOOM log', () => {
  const FILE = 'logs/megatron_deepspeed_bloom_176b.log';
  const KNOWN = { devices: 384, model: 'bloom-176b', hardware: 'NVIDIA A100-SXM4-80GB' };

  it('gives every iteration line, the death and the two resumes', () => {
    const want = answersOf('logs', 'megatron_deepspeed_bloom_176b.log');
    const { events, rejected } = decode(FILE, KNOWN);
    expect(rejected).toEqual([]);
    const steps = ofType(events, 'step');
    expect(steps).toHaveLength(want.number('iteration_lines'));
    for (const iteration of want.numbers('duplicate_iterations')) {
      expect(new Set(steps.filter(({ step }) => step === iteration).map(({ attempt }) => attempt)).size).toBe(
        2,
      );
    }
    expect(ofType(events, 'fail')).toMatchObject([{ cause: 'cuda_error' }]);
    expect(steps.find(({ step }) => step === want.number('batch_ramp_line', 'iteration'))).toMatchObject({
      tokens: want.number('batch_ramp_line', 'global_batch') * 2048,
      labels: { logged_tflops: want.number('batch_ramp_line', 'tflops') },
    });
    expect(ofType(events, 'job')[0]?.labels).toMatchObject({
      framework: 'megatron-deepspeed',
      dialect: 'bigscience',
    });
  });

  it('gives the MFU of iteration 12695, and says what its TFLOPs are', () => {
    const want = answersOf('logs', 'megatron_deepspeed_bloom_176b.log', 'iteration_12695');
    const report = reportOf(FILE, KNOWN);
    const line = report.logged?.lines.find(({ step }) => step === 12_695);
    expect(line).toMatchObject({
      step_s: want.number('step_s'),
      tflops_per_device: want.number('logged_tflops'),
    });
    expect((line?.mfu_ratio?.mm_full ?? 0) * 100).toBeCloseTo(want.number('mfu_full_attn_pct'), 1);
    expect((line?.mfu_ratio?.mm_causal ?? 0) * 100).toBeCloseTo(want.number('mfu_causal_pct'), 1);
    expect(report.logged?.recognised_as).toMatch(/hfu/);
    expect(report.lost_steps).toBe(2);
  });
});

describeWithFixtures('public MLPerf results', () => {
  const FILES = ['gpt3_v3.1_h100_n512_r0.txt', 'gpt3_v3.1_h100_n4096_r0.txt'];

  it.each(FILES)('%s: steps, evaluation and other close on the run', (file) => {
    const want = answersOf('mlperf', file);
    const report = reportOf(`mlperf/${file}`);
    expect(report).toMatchObject({ devices: want.number('accelerators'), steps: want.number('steps') });
    expect(report.spec).toMatchObject({
      sequence_length: want.number('sequence_length'),
      hardware: 'h100-sxm',
      model: 'gpt3-175b',
    });
    expect(report.step_s.median).toBeCloseTo(want.number('step_s_median'), 4);
    expect(report.step_s.p99).toBeCloseTo(want.number('step_s_p99'), 4);
    expect(report.step_s.first).toBeCloseTo(want.number('step_s_first'), 4);
    expect(report.tokens_per_s).toBeCloseTo(want.number('tokens_per_s_at_median'), -1);
    expect(report.tokens_per_s_per_device).toBeCloseTo(want.number('tokens_per_s_per_accelerator'), 2);
    const { buckets_s, custom_s, horizon_s } = report.ledger;
    expect(custom_s['eval']).toBeCloseTo(want.number('evaluation_s_total'), 6);
    expect(buckets_s.init).toBeCloseTo(want.number('init_s'), 6);
    expect(horizon_s - (buckets_s.init ?? 0)).toBeCloseTo(want.number('run_s'), 6);
    const { init: _, ...run } = buckets_s;
    expect(Object.values(run).reduce((sum, seconds) => sum + seconds, 0)).toBeCloseTo(
      want.number('run_s'),
      6,
    );
    const { events } = decode(`mlperf/${file}`);
    expect(ofType(events, 'span').filter(({ name }) => name === 'eval')).toHaveLength(
      want.number('evaluations'),
    );
  });

  it('give the token linearity of 4096 against 512', () => {
    const reports = FILES.map((file) => reportOf(`mlperf/${file}`, { job: file }));
    const { points } = linearityOfReports(reports, 'tokens');
    const point = points.find(({ devices }) => devices === 4096);
    expect(point?.linearity_ratio).toBeCloseTo(answersOf('mlperf').number('token_linearity_4096_vs_512'), 4);
  });
});

describeWithFixtures('every public log', () => {
  it.each([
    'logs/torchtitan_llama3_8b_restart.log',
    'logs/torchtitan_2024_ansi_wps.log',
    'logs/megatron_deepspeed_bloom_176b.log',
    'mlperf/gpt3_v3.1_h100_n512_r0.txt',
  ])('%s: its events are what the reader of events takes, and reading again gives the same', (file) => {
    const { events } = decode(file);
    for (const event of events) expect(readEventLine(JSON.stringify(event))).toEqual({ ok: true, event });
    expect(decode(file).events).toEqual(events);
  });

  it.each([0.3, 0.6, 0.9])('can be cut anywhere (%d)', (share) => {
    for (const file of ['logs/torchtitan_llama3_8b_restart.log', 'mlperf/gpt3_v3.1_h100_n512_r0.txt']) {
      const text = readFileSync(fixturePath(file), 'utf8');
      const whole = decodeLog(text, { job: 'j' });
      const cut = decodeLog(text.slice(0, Math.floor(text.length * share)), { job: 'j' });
      expect(cut.events.length).toBeLessThan(whole.events.length);
      expect(whole.events).toEqual(expect.arrayContaining([...ofType(cut.events, 'step').slice(0, -1)]));
    }
  });
});
