import { describe, expect, it } from 'vitest';
import { isJobScoped } from '../../../../../../domain/events.ts';
import { jobReport } from '../../../../../../domain/report/job-report.ts';
import { stragglersOf } from '../../../../../../domain/report/stragglers.ts';
import { decodeLog } from '../../../../../../services/collector/decoders/logs/decode-log.ts';

/** Layout of Megatron-LM `training.py` (training_log) and `timers.py` (`_get_all_ranks_time_string`), core_v0.15. */
const line = (step: number) =>
  ` [2025-01-01 00:00:${String(step * 10).padStart(2, '0')}] iteration ${step}/ 100 | consumed samples: ${step * 8} | elapsed time per iteration (ms): 10000.0 | global batch size: 8 |`;
const BLOCK = [
  '(min, max) time across ranks (ms):',
  '    forward-backward ...............................: (8000.00, 9000.00)',
  '    forward-compute ................................: (2000.00, 2500.00)',
  '    backward-compute ...............................: (4000.00, 5000.00)',
  '    batch-generator ................................: (100.00, 300.00)',
  '    all-grads-sync .................................: (400.00, 1900.00)',
  '    params-all-gather ..............................: (100.00, 150.00)',
  '    optimizer ......................................: (200.00, 210.00)',
];
const stepsOf = (lines: readonly string[]) =>
  decodeLog(lines.join('\n'), { job: 'j' }).events.filter((event) => event.type === 'step');

describe('Megatron-LM timers', () => {
  it('takes own work of the longest rank and communication of the shortest', () => {
    const steps = stepsOf([line(1), ...BLOCK, line(2), ...BLOCK]);
    expect(steps).toHaveLength(2);
    for (const step of steps) {
      expect(step).toMatchObject({
        phases_us: { compute: 7_200_000, comm: 500_000, io: 300_000 },
        labels: { phase_source: 'timers' },
      });
    }
  });

  it('takes collectives out of forward-backward where that is all there is', () => {
    const level1 = BLOCK.filter((row) => !/-compute|batch-/.test(row));
    expect(stepsOf([line(1), ...level1])[0]).toMatchObject({
      phases_us: { compute: 8_600_000, comm: 500_000 },
    });
  });

  it('reads the old single line, and leaves steps without timers alone', () => {
    const old =
      'time (ms) | forward-compute: 2500.00 | backward-compute: 5000.00 | backward-params-all-reduce: 700.00 | optimizer: 200.00';
    const steps = stepsOf([line(1), old, line(2)]);
    expect(steps[0]).toMatchObject({ phases_us: { compute: 7_500_000, comm: 700_000 } });
    expect(steps[1]).not.toHaveProperty('phases_us');
  });

  it('tells ranks apart where the log does, and the report finds the slow one', () => {
    const all = [
      'times across ranks (ms):',
      '  forward-compute:',
      ...[0, 1, 2].map(
        (rank) => `     rank ${String(rank).padStart(2)}: ${rank === 1 ? '4,000.00' : '2000.00'}`,
      ),
      '  backward-compute:',
      ...[0, 1, 2].map((rank) => `     rank ${String(rank).padStart(2)}: 4000.00`),
    ];
    const lines = [1, 2, 3, 4, 5, 6].flatMap((step) => [line(step), ...all]);
    const { events } = decodeLog(lines.join('\n'), { job: 'j' });
    const steps = events.filter((event) => event.type === 'step');
    expect(steps).toHaveLength(18);
    const scoped = events.filter(isJobScoped);
    expect(stragglersOf(scoped).ranks[0]).toMatchObject({ rank: 1, slowdown_ratio: 8 / 6, verdict: 'slow' });
    const report = jobReport(scoped, { job: 'j' });
    expect(report.steps).toBe(6);
    expect(report.step_time.parts.compute).toMatchObject({ mean_s: 8, rank_spread_s: 2 });
  });

  it('keeps the straggler line beside its step, and takes the wait for data from it', () => {
    /** megatron/core/README_STRAGGLER.md of Megatron-LM. */
    const straggler =
      ' 0: INFO:megatron.core.utils:[2024-03-14 23:07:56] | MnRtt/Rnk: 3453.08ms/8 | MxRtt/Rnk: 3468.20ms/0 | MnPwr/Rnk: 601796W/8 | MxPwr/Rnk: 683801W/18 | MnTmp/Rnk: 52C/0 | MxTmp/Rnk: 65C/21 | MnUtl/Rnk: 97%/8 | MxUtl/Rnk: 100%/6 | MnClk/Rnk: 1950MHz/28 | MxClk/Rnk: 1980MHz/0 | MnDRtt/Rnk: 14.27ms/23 | MxDRtt/Rnk: 34.65ms/3 | MnEtpt/Rnk: 296.02TF/0 | MxEtpt/Rnk: 297.32TF/8';
    const [step, next] = stepsOf([line(1), straggler, line(2)]);
    expect(step).toMatchObject({
      phases_us: { io: 34_650 },
      labels: {
        straggler_max_rtt_s: 3.4682,
        straggler_max_rtt_rank: 0,
        straggler_min_clock_hz: 1.95e9,
        straggler_max_data_rtt_rank: 3,
      },
    });
    expect(JSON.stringify(step)).not.toContain('601796');
    expect(next).not.toHaveProperty('phases_us');
    const [timed] = stepsOf([line(1), ...BLOCK, straggler, line(2)]);
    expect(timed).toMatchObject({ phases_us: { io: 300_000 } });
  });

  it('reads progress.txt: starts, saves, means between them and no rate of a start', () => {
    const at = (time: string, what: string, gpus = 512) =>
      `2024-05-01 ${time}\tJob ID: 77\t# GPUs: ${gpus}\t${what}`;
    const saved = (step: number, tokens: string) =>
      `Saved checkpoint\tIteration: ${step}\tJob throughput: 400.1 TFLOP/s/GPU\tCumulative throughput: 380.5 TFLOP/s/GPU\tFloating-point operations: 1.23e+20\tTokens (in billions): ${tokens}`;
    const lines = [
      at('00:00:00', 'Starting job'),
      at('01:00:00', saved(1000, '4.00')),
      at('01:50:00', saved(2000, '8.00')),
      at('03:00:00', 'Starting job', 256),
      at('04:00:00', saved(2500, '10.00'), 256),
      '2024-05-01 04:10:00\tJob ID: 77\t# GPU',
    ];
    const decoded = decodeLog(lines.join('\n'), { job: 'j' });
    expect([decoded.format, decoded.rejected.map(({ code }) => code)]).toEqual([
      'megatron-progress',
      ['cut_line'],
    ]);
    const steps = decoded.events.filter((event) => event.type === 'step');
    expect(steps.map((step) => [step.attempt, step.step, step.count])).toEqual([
      [1, 1000, 1000],
      [1, 2000, 1000],
      [2, 2500, 500],
    ]);
    expect(steps[1]).toMatchObject({ tokens: 4e9, labels: { logged_job_tflops: 400.1 } });
    const report = jobReport(decoded.events.filter(isJobScoped), { job: 'j' });
    expect(report.attempts).toBe(2);
    // of 3000 s and 1000 steps between two saves alone
    expect(report.step_s.median).toBeCloseTo(3, 9);
  });

  it('takes what is whole of a cut block, and keeps saves apart', () => {
    const cut = [line(1), BLOCK[0] ?? '', '    forward-compute ...........: (2000.00, 25', line(2)];
    expect(stepsOf(cut).every((step) => !('phases_us' in step))).toBe(true);
    const save = '    save-checkpoint ................................: (3000.00, 3000.00)';
    const { events } = decodeLog([line(1), ...BLOCK, BLOCK[0], save, line(2)].join('\n'), { job: 'j' });
    expect(events.filter((event) => event.type === 'span')).toMatchObject([{ kind: 'ckpt_save' }]);
  });
});
