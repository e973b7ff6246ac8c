import { describe, expect, it } from 'vitest';
import { isJobScoped } from '../../../../../../domain/events.ts';
import { accountOf } from '../../../../../../domain/ledger/account.ts';
import { ledgerOf } from '../../../../../../domain/ledger/ledger.ts';
import { jobReport } from '../../../../../../domain/report/job-report.ts';
import { decodeLog } from '../../../../../../services/collector/decoders/logs/decode-log.ts';

/** Layout of Megatron-LM `append_to_progress_log` and `compute_throughputs_and_append_to_progress_log` (2026-08). */
const at = (time: string, what: string, gpus = 512) =>
  `2024-05-01 ${time}\tJob ID: 77\t# GPUs: ${gpus}\t${what}`;
const told = (step: number, { prefix = 'Saved checkpoint', job = '400.1', flops = '1.23e+20' } = {}) =>
  `${prefix}\tIteration: ${step}\tJob throughput: ${job} TFLOP/s/GPU\tCumulative throughput: 380.5 TFLOP/s/GPU\tFloating-point operations: ${flops}\tTokens (in billions): ${(step / 250).toFixed(2)}`;

function read(...lines: readonly string[]) {
  const { events, notes } = decodeLog(lines.join('\n'), { job: 'j' });
  const account = accountOf(events.filter(isJobScoped), { job: 'j' });
  return { events, notes, account, ledger: ledgerOf(account) };
}

/** Two saves: 1000 steps and start-up in 3600 s, 1000 steps in 3000 s. Then 4200 s without a job. */
const FIRST = [
  at('00:00:00', 'Starting job'),
  at('01:00:00', told(1000)),
  at('01:50:00', told(2000)),
] as const;

describe('progress.txt alone', () => {
  it('takes as stepping what as many steps take later, and what is left of the first interval for start-up', () => {
    const { ledger, notes } = read(...FIRST);
    expect(ledger.horizon_s).toBe(6600);
    expect(ledger.buckets_s).toEqual({ productive: 6000, startup: 600 });
    expect(notes.join()).toContain('when the steps after a start began is not told');
  });

  it('asks an attempt of the same size where one attempt has a single save', () => {
    const { account, ledger } = read(...FIRST, at('03:00:00', 'Starting job'), at('04:00:00', told(2500)));
    // 500 steps of 3 s; the job of before was at 2000
    expect(ledger.buckets_s).toEqual({ productive: 7500, startup: 2700, down: 4200 });
    expect(ledger.goodput_ratio).toBeCloseTo(7500 / 14_400, 12);
    expect(account.incidents).toMatchObject([
      {
        state: 'recovered',
        lost_steps: 0,
        time_to_restart_s: 4200,
        time_to_first_step_s: 6300,
        time_to_regain_progress_s: 6300,
      },
    ]);
    expect(account.segments.at(-2)).toMatchObject({ bucket: 'startup', step: undefined, attempt: 2 });
  });

  it('takes nothing for stepping where no attempt of that size tells how long a step takes', () => {
    const { account, ledger, events } = read(
      ...FIRST,
      at('03:00:00', 'Starting job', 256),
      at('04:00:00', told(2500), 256),
    );
    expect(ledger.buckets_s).toEqual({ productive: 6000, startup: 4200, down: 4200 });
    expect(account).toMatchObject({
      last_step: 2500,
      incidents: [{ state: 'recovered', time_to_restart_s: 4200, time_to_first_step_s: null }],
    });
    const report = jobReport(events.filter(isJobScoped), { job: 'j' });
    expect(report.ledger.goodput_ratio).toBeCloseTo(6000 / 14_400, 12);
    expect(report.steps).toBe(2500);
    expect(report.step_s.median).toBeCloseTo(3, 9);
    expect(report.quality.reasons['startup']).toContain('2 attempts');
    expect(report.effective_compute.factors.find(({ factor }) => factor === 'unblocked')?.parts).toEqual({
      startup: 600 * 512 + 3600 * 256,
    });
  });

  it('keeps apart what was lost when a job goes on from an earlier save', () => {
    const { account, ledger } = read(...FIRST, at('02:00:00', 'Starting job'), at('03:00:00', told(1500)));
    expect(account.lost_steps).toBe(1000);
    // 1000 steps are kept of the first interval and 500 of the third; the lost ones tell that a step takes 3 s
    expect(ledger.buckets_s).toEqual({ productive: 4500, startup: 2700, lost_work: 3000, down: 600 });
  });

  it('does not count steps that were done elsewhere', () => {
    // 100 TFLOP/s x 512 x 3600 s = 1.84e20 of 1.84e22: a hundredth of the run is this job's
    const elsewhere = told(100_000, { job: '100.0', flops: '1.84e+22' });
    const { events, notes } = read(at('00:00:00', 'Starting job'), at('01:00:00', elsewhere));
    expect(events.find((event) => event.type === 'step')).not.toHaveProperty('count');
    expect(notes.join()).toContain('went on from a checkpoint that is not in progress.txt');
  });

  it('reads asynchronous saves: steps are done when one begins, and it is written beside the next ones', () => {
    const saving = { prefix: 'Saving async checkpoint' };
    const { account, events, ledger } = read(
      at('00:00:00', 'Starting job'),
      at('01:00:00', told(1000, saving)),
      at('01:02:00', 'Saved async checkpoint\tIteration: 1000'),
      at('01:50:00', told(2000, saving)),
      at('01:51:00', 'Saved async local checkpoint\tIteration: 2000'),
      at('01:53:00', 'Saved async checkpoint\tIteration: 2000'),
      at('01:54:00', 'Deleted checkpoint\tIteration: 1000'),
      at('02:10:00', 'Saved async checkpoint\tIteration: 2300'),
    );
    expect(account.steps.map(({ step, count }) => [step, count])).toEqual([
      [1000, 1000],
      [2000, 1000],
      [2300, 300],
    ]);
    const spans = events.filter((event) => event.type === 'span');
    expect(spans.map(({ step, blocking, start_us, end_us }) => [step, blocking, end_us - start_us])).toEqual([
      [1000, false, 120e6],
      [2000, false, 180e6],
    ]);
    expect(account.overlapped_s).toEqual({ ckpt_save: 300 });
    expect(ledger.buckets_s).toEqual({ productive: 7200, startup: 600 });
  });
});
