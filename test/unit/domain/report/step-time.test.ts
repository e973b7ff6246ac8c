import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StepEvent, StepPhases } from '../../../../domain/events.ts';
import { phasesByStep } from '../../../../domain/report/step-phases.ts';
import { STEP_PARTS, stepTimeOf } from '../../../../domain/report/step-time.ts';
import { stragglersOf } from '../../../../domain/report/stragglers.ts';
import type { KeptStep } from '../../../../domain/report/throughput.ts';

const JOB = { job: 'j', attempt: 1 } as const;

function kept(step: number, step_s: number): KeptStep {
  const start_us = step * 10_000_000;
  return {
    attempt: 1,
    step,
    count: 1,
    step_s,
    tokens: undefined,
    devices: undefined,
    start_us,
    end_us: start_us + step_s * 1e6,
    compute_s: undefined,
    labels: {},
  };
}

function told(step: number, phases_us: StepPhases, rank = 0, whole_us = 2_000_000): StepEvent {
  const start_us = step * 10_000_000;
  return { type: 'step', ...JOB, step, rank, start_us, end_us: start_us + whole_us, phases_us };
}

describe('step time', () => {
  it('adds up: hidden parts apart, the rest in other', () => {
    const events = [told(1, { compute: 1_200_000, comm: 300_000, comm_hidden: 700_000, io: 100_000 })];
    const found = stepTimeOf([kept(1, 2)], phasesByStep(events));
    expect(found.parts.compute.mean_s).toBeCloseTo(1.2, 12);
    expect(found.parts.comm.share_ratio).toBeCloseTo(0.15, 12);
    expect(found.hidden.comm.mean_s).toBeCloseTo(0.7, 12);
    expect(found.parts.other.mean_s).toBeCloseTo(0.4, 12);
    expect(found.parts.bubble.mean_s).toBeNull();
    expect(found.reasons['step_time.bubble']).toContain('not known');
  });

  it('lets the rank speak that others wait for, and shows the spread', () => {
    const events = [
      told(1, { compute: 1_000_000, comm: 900_000 }, 0),
      told(1, { compute: 1_800_000, comm: 100_000 }, 1),
    ];
    const found = stepTimeOf([kept(1, 2)], phasesByStep(events));
    expect(found.parts.compute).toMatchObject({ mean_s: 1.8, rank_spread_s: 0.8 });
    expect(found.parts.comm.mean_s).toBeCloseTo(0.1, 12);
  });

  it('shows a negative rest when parts were told too long, and says why nothing is known', () => {
    const over = stepTimeOf([kept(1, 1)], phasesByStep([told(1, { compute: 1_500_000 })]));
    expect(over.parts.other.mean_s).toBeCloseTo(-0.5, 12);
    const none = stepTimeOf([kept(1, 1)], phasesByStep([]));
    expect(none.parts.compute.mean_s).toBeNull();
    expect(none.parts.other.mean_s).toBeNull();
    expect(none.reasons['step_time']).toContain('phases_us');
  });

  it('closes for any parts, told by some steps or all', () => {
    const us = fc.option(fc.integer({ min: 0, max: 5_000_000 }), { nil: undefined });
    const phases = fc.record({ compute: us, comm: us, io: us, bubble: us, checkpoint: us });
    fc.assert(
      fc.property(fc.array(fc.tuple(phases, fc.integer({ min: 1, max: 9 })), { minLength: 1 }), (rows) => {
        const events = rows.map(([all, _s], step) => {
          const given = Object.entries(all).filter(([, value]) => value !== undefined);
          return told(step, Object.fromEntries(given));
        });
        const found = stepTimeOf(
          rows.map(([, s], step) => kept(step, s)),
          phasesByStep(events),
        );
        const sum = STEP_PARTS.reduce((total, name) => total + (found.parts[name].mean_s ?? 0), 0);
        expect(sum).toBeCloseTo(found.step_s.mean ?? Number.NaN, 9);
      }),
    );
  });
});

describe('stragglers', () => {
  const run = (steps: number) =>
    Array.from({ length: steps }, (_, step) =>
      [0, 1, 2, 3].map((rank) => told(step, { compute: rank === 2 ? 1_500_000 : 1_000_000 }, rank)),
    ).flat();
  const place = { type: 'placement', ...JOB, rank: 2, node: 'n7', device: 'GPU-2', from_us: 0 } as const;

  it('finds the rank whose own computing is longer though step times are equal', () => {
    const found = stragglersOf([place, ...run(10)]);
    expect(found.basis).toBe('own_work');
    expect(found.ranks[0]).toMatchObject({
      rank: 2,
      node: 'n7',
      device: 'GPU-2',
      slowdown_ratio: 1.5,
      lost_s_per_step: 0.5,
      verdict: 'slow',
      confidence: 'high',
    });
    expect(found.ranks.slice(1).every(({ verdict }) => verdict === 'normal')).toBe(true);
    expect(found.lost_s_per_step).toBe(0.5);
  });

  it('counts waiting for input as own work, and says which it was', () => {
    const events = run(6).map((event) =>
      event.rank === 1 ? { ...event, phases_us: { compute: 1_000_000, io: 900_000 } } : event,
    );
    expect(stragglersOf(events).ranks[0]).toMatchObject({ rank: 1, slowdown_ratio: 1.9, phase: 'io' });
    expect(stragglersOf(run(6)).ranks[0]).toMatchObject({ rank: 2, phase: 'compute' });
  });

  it('does not compare pipeline stages, which differ by nature', () => {
    const stages = [0, 1, 2, 3].map((rank) => ({ ...place, rank, pp: rank < 2 ? 0 : 1 }));
    const events = Array.from({ length: 6 }, (_, step) =>
      [1, 1, 2, 2.4].map((s, rank) => told(step, { compute: s * 1e6 }, rank)),
    ).flat();
    const found = stragglersOf([...stages, ...events]);
    expect(found.ranks.filter(({ verdict }) => verdict === 'slow')).toMatchObject([{ rank: 3 }]);
    expect(found.ranks[0]?.slowdown_ratio).toBeCloseTo(1.2, 12);
    expect(found.lost_s_per_step).toBeCloseTo(0.4, 12);
  });

  it('stays undecided on few steps, on one rank, and on equal step times', () => {
    expect(stragglersOf(run(2)).ranks[0]?.verdict).toBe('undecided');
    expect(stragglersOf(run(2)).reason).toContain('undecided');
    expect(stragglersOf([told(1, { compute: 1 })])).toMatchObject({ basis: null, lost_s_per_step: null });
    const bare = run(10).map(({ phases_us: _, ...event }) => event);
    expect(stragglersOf(bare)).toMatchObject({ basis: 'step_time', lost_s_per_step: 0 });
    expect(stragglersOf(bare).reason).toContain('hidden');
  });
});
