import { describe, expect, it } from 'vitest';
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

  it('takes what is whole of a cut block, and keeps saves apart', () => {
    const cut = [line(1), BLOCK[0] ?? '', '    forward-compute ...........: (2000.00, 25', line(2)];
    expect(stepsOf(cut).every((step) => !('phases_us' in step))).toBe(true);
    const save = '    save-checkpoint ................................: (3000.00, 3000.00)';
    const { events } = decodeLog([line(1), ...BLOCK, BLOCK[0], save, line(2)].join('\n'), { job: 'j' });
    expect(events.filter((event) => event.type === 'span')).toMatchObject([{ kind: 'ckpt_save' }]);
  });
});
