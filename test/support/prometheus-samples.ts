import { createRandom } from '../../simulator/random.ts';
import type { WrittenSeries } from './prometheus-remote-write.ts';

/** Not on any round step, so that scrape times and query times do not fall together by themselves. */
export const SAMPLES_START_MS = Date.UTC(2026, 0, 31, 23, 20, 7, 123);
export const SAMPLES_END_MS = SAMPLES_START_MS + 3600_000;
const SCRAPE_MS = 15_000;

type Value = number | 'stale';
type Shape = (step: number, ts_ms: number) => Value | undefined;

/**
 * An hour of series with what makes PromQL hard: counter resets, gaps shorter and longer than the look-back, series
 * that end and come back, NaN and infinities, jittered scrape times, histograms, and labels to join on.
 */
export function conformanceSeries(seed = 42): WrittenSeries[] {
  const random = createRandom(seed);
  const series: WrittenSeries[] = [];
  const add = (
    name: string,
    labels: Record<string, string>,
    shape: Shape,
    every_ms = SCRAPE_MS,
    jitter_ms = 40,
  ) => {
    const samples: { ts_ms: number; value: Value }[] = [];
    const offset_ms = random.below(every_ms);
    for (let step = 0; SAMPLES_START_MS + offset_ms + step * every_ms <= SAMPLES_END_MS; step++) {
      const ts_ms = SAMPLES_START_MS + offset_ms + step * every_ms + random.below(jitter_ms);
      const value = shape(step, ts_ms);
      if (value !== undefined) samples.push({ ts_ms, value });
    }
    series.push({ name, labels, samples });
  };

  for (const job of ['alpha', 'beta']) {
    for (const instance of ['node-0:9400', 'node-1:9400', 'node-2:9400']) {
      let total = random.below(1000);
      add('requests_total', { job, instance }, (step) => {
        if (step % 61 === 60) total = 0;
        total += random.below(30) * (1 + random.below(2));
        return total;
      });
      add('temperature', { job, instance, unit: 'c' }, () => 40 + random.normal() * 7.3);
      add('level', { job, instance }, () => random.below(5) - 2);
    }
  }
  // Missing scrapes: a minute now and then, and once twelve minutes, longer than the look-back.
  add('gappy', { job: 'alpha' }, (step) => {
    const missing = step % 17 > 12 || (step > 100 && step < 148);
    return missing ? undefined : step + random.uniform();
  });
  add('gappy_total', { job: 'alpha' }, (step) => (step % 23 > 14 ? undefined : step * 7));
  // Ends with a marker, stays away, comes back.
  for (const device of ['0', '1', '2']) {
    add('flapping', { device }, (step) => {
      const phase = (step + 20 * Number(device)) % 70;
      if (phase === 45) return 'stale';
      return phase > 45 ? undefined : phase + Number(device) / 10;
    });
  }
  add('slow', { job: 'alpha' }, (step) => step * 1.5 - 3, 240_000, 1);
  add('rare', { job: 'alpha' }, (step) => step, 420_000, 1);
  add('odd', { kind: 'nan' }, (step) => (step % 5 === 2 ? Number.NaN : step));
  add('odd', { kind: 'inf' }, (step) => (step % 7 === 3 ? Number.POSITIVE_INFINITY : step + 0.25));
  add('odd', { kind: 'minus_inf' }, (step) => (step % 9 === 4 ? Number.NEGATIVE_INFINITY : -step));
  add('odd', { kind: 'always_nan' }, () => Number.NaN);
  add('huge', { kind: 'large' }, () => 1.5e300 * (1 + random.uniform()));
  add('huge', { kind: 'small' }, () => 2.5e-300 * (1 + random.uniform()));
  add('huge', { kind: 'exact' }, (step) => 2 ** 53 + step * 2);
  add('constant', { job: 'alpha' }, () => 7);
  add('zero', { job: 'alpha' }, () => 0);
  add('epoch_seconds', { job: 'alpha' }, (_step, ts_ms) => Math.floor(ts_ms / 1000) - 4321);
  for (const [index, version] of ['1.2.0', '1.10.1', '2.0'].entries()) {
    add(
      'build_info',
      { instance: `node-${index}:9400`, version, region: index === 1 ? 'eu' : 'us' },
      () => 1,
    );
  }
  for (const job of ['alpha', 'beta']) {
    const counts = [0, 0, 0, 0, 0];
    for (const [index, le] of ['0.1', '0.5', '1', '5', '+Inf'].entries()) {
      add('latency_seconds_bucket', { job, le }, () => {
        counts[index] = (counts[index] ?? 0) + random.below(4 * (index + 1)) + index;
        return counts[index];
      });
    }
  }
  add('dotted', { path: '/a/b.c', text: 'zwölf "quoted" \\ back\nline', empty: '' }, (step) => step % 4);
  add('dotted', { path: '/a/bxc', text: 'plain' }, (step) => step % 3);
  for (const [host, watts] of Object.entries({ 'gpu-a': 412.5, 'gpu-b': 388.25 })) {
    for (const gpu of ['0', '1']) {
      const labels = { Hostname: host, gpu, UUID: `GPU-${host}-${gpu}` };
      add('DCGM_FI_DEV_POWER_USAGE', labels, () => watts + random.normal());
      add('DCGM_FI_DEV_GPU_UTIL', labels, () => random.below(101));
    }
  }
  addJob(add, 'llama', 16);
  addJob(add, 'bloom', 384);
  return series;
}

type Add = (name: string, labels: Record<string, string>, shape: Shape) => void;

/** The derived series that dashboards and alert rules ask for. */
function addJob(add: Add, job: string, devices: number): void {
  const share = (step: number): number => 0.62 + 0.3 * Math.sin(step / 20 + devices);
  add('headway_job_devices', { job }, () => devices);
  for (const convention of ['mm_causal', 'mm_full']) {
    add('headway_job_mfu_ratio', { job, convention }, (step) => share(step) / 2);
  }
  add('headway_job_mfu_vs_baseline_ratio', { job }, share);
  add('headway_job_linearity_vs_baseline_ratio', { job, definition: 'tokens' }, (step) => share(step + 7));
  for (const window of ['run', '1h']) {
    add('headway_job_goodput_ratio', { job, ratio: 'goodput_runtime', window }, share);
  }
  add('headway_job_last_step_timestamp_seconds', { job }, (_step, ts_ms) => ts_ms / 1000 - 3);
  add('headway_job_stalled_seconds', { job }, (step) => {
    if (step === 80) return 'stale';
    return step > 50 && step < 80 ? (step - 50) * 15 : undefined;
  });
  for (const [index, state] of ['running', 'hang', 'ended'].entries()) {
    add('headway_job_state', { job, state }, (step) => {
      const current = step < 50 ? 0 : step < 200 ? 1 : 2;
      if (current === index) return 1;
      return current - 1 === index && (step === 50 || step === 200) ? 'stale' : undefined;
    });
  }
  for (const [index, bucket] of ['productive', 'lost_work', 'hang', 'other'].entries()) {
    const cause = bucket === 'hang' ? 'xid 79' : '';
    add('headway_job_device_seconds', { job, bucket, cause }, (step) => step * devices * (4 - index) * 3);
    add('headway_job_badput_seconds', { job, bucket }, (step) => step * index);
  }
  add(
    'headway_incident_info',
    { job, incident: 'i1', kind: 'hang', cause: 'xid 79', node: 'node-1', state: 'open' },
    () => 1,
  );
}
