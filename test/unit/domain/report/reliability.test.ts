import { describe, expect, it } from 'vitest';
import type { JobScopedEvent, NodeStateEvent, SpanEvent } from '../../../../domain/events.ts';
import { accountOf } from '../../../../domain/ledger/account.ts';
import { ledgerOf } from '../../../../domain/ledger/ledger.ts';
import { jobReport } from '../../../../domain/report/job-report.ts';
import type { JobReport } from '../../../../domain/report/report-shape.ts';
import { BURN_WINDOWS_S } from '../../../../domain/report/slo.ts';
import { attempt, START_US } from '../../../support/training-events.ts';

const at = (s: number) => START_US + s * 1e6;
const NODES = ['n1', 'n2'];

function fail(number: number, s: number, more: object = {}): JobScopedEvent {
  return { type: 'fail', job: 'a', attempt: number, time_us: at(s), cause: 'xid:79', ...more };
}

function mark(kind: 'detect' | 'localized' | 'nodes_ready', s: number): JobScopedEvent {
  return { type: 'mark', job: 'a', kind, time_us: at(s) };
}

function save(number: number, from_s: number, to_s: number, more: Partial<SpanEvent> = {}): JobScopedEvent {
  const times = { start_us: at(from_s), end_us: at(to_s) };
  return { type: 'span', job: 'a', attempt: number, kind: 'ckpt_save', ...times, ...more };
}

function report(events: readonly JobScopedEvent[], more: object = {}): JobReport {
  return jobReport(events, { job: 'a', ...more });
}

/**
 * Attempt 1: 10 s to start, steps 1..9 of 100 s, saves of 10 s after steps 3 and 6 (each inside the next step), fails
 * at 910. Detected after 20 s, localized after 30, nodes ready after 60, started after 90, first step after 100.
 * Attempt 2 begins at step 7 again: 7..9 (300 s), and regains step 9 after 400; then it is stopped as planned at 1410
 * after step 10. Attempt 3 starts at 1460, steps 11 and 12, clean end at 1670.
 */
const RUN: readonly JobScopedEvent[] = [
  ...attempt({ steps: 9, step_s: 100, nodes: NODES }),
  save(1, 310, 320, { step: 3, tier: 'persistent', bytes: 1000 }),
  save(1, 610, 620, { step: 6, tier: 'persistent', bytes: 1000 }),
  fail(1, 910, { node: 'n2', device: 3 }),
  mark('detect', 930),
  mark('localized', 940),
  mark('nodes_ready', 970),
  ...attempt({ attempt: 2, start_us: at(1000), first: 7, steps: 4, step_s: 100, nodes: NODES }),
  fail(2, 1410, { cause: 'maintenance', planned: true }),
  ...attempt({ attempt: 3, start_us: at(1460), first: 11, steps: 2, step_s: 100, nodes: NODES }),
  { type: 'attempt_end', job: 'a', attempt: 3, time_us: at(1670), clean: true },
];

describe('time to repair', () => {
  const { mttr } = report(RUN);

  it('is cut at the rungs that were told, and its parts add up to regained progress', () => {
    const of = (seconds: number) => ({ count: 1, mean_s: seconds, median_s: seconds, p90_s: seconds });
    expect(mttr).toMatchObject(of(100));
    expect(mttr.regain).toEqual(of(400));
    expect(mttr.phases).toEqual({
      detect: of(20),
      localize: of(10),
      nodes_ready: of(30),
      restart: of(30),
      first_step: of(10),
      regain: of(300),
    });
  });

  it('takes from the states of nodes what no mark tells', () => {
    const node_states = [
      { type: 'node_state', node: 'n2', time_us: at(915), state: 'unhealthy' },
      { type: 'node_state', node: 'n2', time_us: at(980), state: 'healthy' },
    ] as const;
    const { phases } = report(
      RUN.filter(({ type }) => type !== 'mark'),
      { node_states },
    ).mttr;
    expect([phases.detect.mean_s, phases.nodes_ready.mean_s, phases.restart.mean_s]).toEqual([5, 65, 20]);
    expect(phases.localize.count).toBe(0);
  });

  it('of planned stops stands apart', () => {
    expect(mttr.by_kind.explicit.count).toBe(1);
    expect(mttr.by_kind.planned).toMatchObject({ count: 1, mean_s: 60 });
  });
});

describe('mean time between failures', () => {
  const { reliability, ledger } = report(RUN);

  it('says by variant what it divides by what', () => {
    // running: 900 s of attempt 1 (steps and saves), 400 of attempt 2, 200 of attempt 3
    expect(reliability.interruptions).toEqual({
      all: 2,
      unplanned: 1,
      planned: 1,
      manual: 0,
      node_attributed: 1,
    });
    expect(ledger.horizon_s).toBe(1670);
    const of = (variant: keyof typeof reliability.mtbf) => reliability.mtbf[variant].mtbf_s;
    expect(of('elapsed')).toBe(835);
    expect(of('elapsed_unplanned')).toBe(1670);
    expect(of('running_time')).toBe(750);
    expect(of('running_time_unplanned')).toBe(1500);
    expect(of('node')).toBe(3000);
    expect(of('node_attributed')).toBe(3000);
  });

  it('has an exact interval: 1,500 s and one failure lie between 1,500 / 5.5716 and 1,500 / 0.025318', () => {
    const { interval } = reliability.mtbf.running_time_unplanned;
    expect(interval?.low).toBeCloseTo(1500 / 5.571_643, 3);
    expect(interval?.high).toBeCloseTo(1500 / 0.025_317_8, 0);
  });

  it('is not known without a failure, but bounded from below', () => {
    const { mtbf } = report(attempt({ steps: 9, step_s: 100 })).reliability;
    expect(mtbf.running_time.mtbf_s).toBeNull();
    expect(mtbf.running_time.reason).toContain('nothing failed');
    expect(mtbf.running_time.interval?.low).toBeCloseTo(900 / 2.995_732, 3);
    expect(mtbf.running_time.interval?.high).toBeNull();
    expect(mtbf.node.reason).toContain('attempt_start.nodes');
  });

  it('of nodes is not known where no failure names one', () => {
    const unnamed = RUN.map((event) => (event.type === 'fail' ? fail(event.attempt ?? 0, 910) : event));
    const { mtbf } = report(
      unnamed.filter((event) => event.type !== 'fail' || event.attempt === 1),
    ).reliability;
    expect(mtbf.node_attributed.mtbf_s).toBeNull();
    expect(mtbf.node_attributed.reason).toContain('no failure names');
  });
});

describe('which phase is worth attacking', () => {
  const { reliability, ledger } = report(RUN);
  const { phases, checkpoint_interval, ettr_ratio } = reliability.ettr;
  const phase = (name: string) => phases.find((found) => found.phase === name);

  it('is told by the ledger: 1 % less of a phase gives P / (T - x / 100)', () => {
    // kept: 1..6 without the save inside step 4 (590), 7..10 (400), 11, 12 (200)
    const productive = 1190;
    expect(ledger.buckets_s.productive).toBe(productive);
    expect(ettr_ratio).toBeCloseTo(productive / 1670, 12);
    // undone: 7, 8 and 9 of attempt 1, without the save inside step 7
    expect(phase('lost_work')?.seconds).toBe(290);
    expect(phase('lost_work')?.gain_of_1_percent).toBeCloseTo(productive / 1667.1 - productive / 1670, 12);
    expect(phase('lost_work')?.d_ettr_d_ln).toBeCloseTo((-productive * 290) / 1670 ** 2, 12);
    expect(phase('detect')?.seconds).toBe(20);
    expect(phase('localize')?.seconds).toBe(10);
    expect(phase('wait_nodes')?.seconds).toBe(30);
    expect(phase('down')?.seconds).toBe(80);
    expect(phase('restart')?.seconds).toBe(20);
    expect(phase('first_start')?.seconds).toBe(10);
    expect(phase('save')?.seconds).toBe(20);
    expect(phase('failure_rate')?.seconds).toBe(290 + 20 + 10 + 30 + 80 + 20);
  });

  it('ranks by gain, and everything that is lost is in it once', () => {
    const gains = phases.map(({ gain_of_1_percent }) => gain_of_1_percent);
    expect(gains).toEqual([...gains].sort((a, b) => b - a));
    const lost = phases.filter(({ phase: name }) => name !== 'failure_rate');
    expect(lost.reduce((sum, { seconds }) => sum + seconds, 0)).toBeCloseTo(1670 - 1190, 9);
  });

  it('says whether a shorter interval would pay: 290 s were lost and 20 s saved', () => {
    expect(checkpoint_interval?.better).toBe('shorter');
    expect(checkpoint_interval?.d_ettr_d_ln).toBeCloseTo(((1190 / 1670) * (20 - 290)) / 1670, 12);
  });
});

describe('checkpoints', () => {
  const { checkpoints } = report(RUN);

  it('are counted by tier with their cost, and the last saved step is known', () => {
    expect(checkpoints.saves).toMatchObject({ count: 2, blocking_s: 20, background_s: 0, bytes: 2000 });
    expect(checkpoints.saves.by_tier['persistent']).toMatchObject({ count: 2, blocking_s: 20, bytes: 2000 });
    expect(checkpoints).toMatchObject({ last_saved_step: 6, last_saved_step_is: 'told' });
    expect(checkpoints.interval).toEqual({ tier: 'persistent', count: 1, in_use_s: 300, in_use_steps: 3 });
  });

  it('advise an interval from 10 s a save, a failure in 1,500 s of running and 100 s to the next step', () => {
    const { advice } = checkpoints;
    expect(advice.inputs).toMatchObject({ save_s: 10, saves: 2, recovery_s: 100, mtbf_s: 1500 });
    expect(advice.young.interval_s).toBeCloseTo(Math.sqrt(2 * 10 * 1500), 9);
    expect(advice.young.low_s).toBeCloseTo(Math.sqrt((20 * 1500) / 5.571_643), 3);
    expect(advice.saxena.interval_s).toBeCloseTo(10 + Math.sqrt(2 * 1600 * 10 + 100), 9);
    // 290 s of training between saves: 10 / 290 + (145 + 100) / 1500
    expect(advice.now?.overhead_ratio).toBeCloseTo(10 / 290 + 245 / 1500, 9);
    expect(advice.now?.ettr_ratio).toBeCloseTo((1 - 245 / 1500) / (1 + 10 / 290), 9);
    expect(advice.optimum?.overhead_ratio).toBeCloseTo(Math.sqrt(20 / 1500) + 100 / 1500, 9);
    expect(advice.verdict).toBe('fine');
  });

  it('split a save into waiting, blocking and clean-up; spans of one step and tier are one save', () => {
    const parts = (step: number, s: number) => [
      save(1, s, s + 2, { step, tier: 'local', phase: 'wait_previous' }),
      save(1, s + 2, s + 5, { step, tier: 'local', phase: 'blocking', bytes: 7 }),
      save(1, s + 5, s + 6, { step, tier: 'local', phase: 'cleanup' }),
      save(1, s + 5, s + 40, { step, tier: 'local', blocking: false }),
    ];
    const events = [...attempt({ steps: 9, step_s: 100 }), ...parts(3, 310), ...parts(5, 510)];
    const { saves, interval, last_saved_at } = report(events).checkpoints;
    expect(saves).toMatchObject({ count: 2, blocking_s: 12, background_s: 70, bytes: 14 });
    expect(saves.by_phase).toMatchObject({
      wait_previous: { count: 2, blocking_s: 4 },
      blocking: { count: 2, blocking_s: 6 },
      cleanup: { count: 2, blocking_s: 2 },
      whole: { count: 2, blocking_s: 0, background_s: 70 },
    });
    expect(interval).toMatchObject({ tier: 'local', in_use_s: 200, in_use_steps: 2 });
    // the state is of the moment the wait for the save before was over
    expect(last_saved_at).toBe(new Date(at(512) / 1000).toISOString());
  });

  it('tell without a step what was complete when the state was taken, and put phases together', () => {
    const events = [
      ...attempt({ steps: 9, step_s: 100 }),
      save(1, 310, 312, { phase: 'wait_previous' }),
      save(1, 312, 315, { phase: 'blocking' }),
      save(1, 315, 316, { phase: 'cleanup' }),
      save(1, 610, 615, { phase: 'blocking' }),
      save(1, 710, 712, { phase: 'wait_previous' }),
    ];
    const { saves, last_saved_step, last_saved_step_is } = report(events).checkpoints;
    // a wait alone is no save
    expect(saves.count).toBe(2);
    expect([last_saved_step, last_saved_step_is]).toEqual([6, 'derived']);
  });

  it('take a write in the background for part of the save before it, also when it begins later', () => {
    const events = [
      ...attempt({ steps: 9, step_s: 100 }),
      save(1, 310, 311),
      save(1, 323, 390, { blocking: false, name: 'write' }),
      save(1, 610, 611),
      save(1, 620, 690, { blocking: false, name: 'write' }),
      save(1, 910, 950),
    ];
    const { saves, interval } = report(events).checkpoints;
    expect(saves).toMatchObject({ count: 3, blocking_s: 42, background_s: 137 });
    expect(interval.in_use_s).toBe(300);
  });

  it('that are restored are told by phase, and emergency saves make no interval', () => {
    const restore = { kind: 'ckpt_restore', step: 3, tier: 'local' } as const;
    const events = [
      ...attempt({ steps: 9, step_s: 100 }),
      save(1, 0, 4, { ...restore, phase: 'fetch', bytes: 50 }),
      save(1, 4, 7, { ...restore, phase: 'broadcast' }),
      save(1, 310, 311, { step: 3, tier: 'local' }),
      save(1, 410, 411, { step: 4, tier: 'emergency' }),
      save(1, 610, 611, { step: 6, tier: 'local' }),
    ];
    const { restores, saves, interval, last_saved_step } = report(events).checkpoints;
    expect(restores).toMatchObject({ count: 1, blocking_s: 7, bytes: 50 });
    expect(restores.by_phase).toMatchObject({ fetch: { blocking_s: 4 }, broadcast: { blocking_s: 3 } });
    expect(saves.by_tier).toMatchObject({ local: { count: 2 }, emergency: { count: 1 } });
    expect(interval).toMatchObject({ tier: 'local', in_use_s: 300 });
    expect(last_saved_step).toBe(6);
  });

  it('that block nothing need no advice', () => {
    const events = [...attempt({ steps: 9, step_s: 100 }), save(1, 310, 400, { blocking: false })];
    const { advice } = report(events).checkpoints;
    expect(advice.young.low_s).toBeNull();
    expect(advice.reason).toContain('block nothing');
  });
});

describe('repair of nodes', () => {
  const state = (node: string, s: number, to: NodeStateEvent['state']): NodeStateEvent => {
    return { type: 'node_state', node, time_us: at(s), state: to };
  };
  // n1: out from 100 to 400 by way of quarantine and repair, then from 500 to 600; n2 out since 900; n9 is no node of it
  const node_states = [
    state('n1', 50, 'draining'),
    state('n1', 100, 'unhealthy'),
    state('n1', 200, 'quarantined'),
    state('n1', 300, 'repairing'),
    state('n1', 400, 'healthy'),
    state('n1', 450, 'healthy'),
    state('n1', 500, 'quarantined'),
    state('n1', 600, 'healthy'),
    state('n2', 900, 'unhealthy'),
    state('n9', 0, 'unhealthy'),
  ];

  it('runs from the first bad state to healthy; open ones are shown and in no mean', () => {
    const { node_repair } = report(RUN, { node_states, now_us: at(1700) });
    expect(node_repair).toMatchObject({ count: 2, mean_s: 200, median_s: 200, p90_s: 280 });
    expect(node_repair.open).toEqual([{ node: 'n2', state: 'unhealthy', since_us: at(900), for_s: 800 }]);
    expect(node_repair.nodes.map(({ node, count, open }) => [node, count, open])).toEqual([
      ['n1', 2, false],
      ['n2', 0, true],
    ]);
  });

  it('is seen as of a moment', () => {
    const { node_repair } = report(RUN, { node_states, at_us: at(350) });
    expect(node_repair.count).toBe(0);
    expect(node_repair.open).toEqual([{ node: 'n1', state: 'repairing', since_us: at(100), for_s: 250 }]);
  });
});

describe('the goodput that was promised', () => {
  const target = (ratio: number): JobScopedEvent => ({ type: 'job', job: 'a', goodput_target_ratio: ratio });

  it('leaves an error budget, of which the run spent so much', () => {
    // 480 of 1,670 s lost, 167 allowed
    const { slo } = report([target(0.9), ...RUN]);
    expect(slo).toMatchObject({ target_ratio: 0.9, source: 'job' });
    expect(slo?.budget_s).toBeCloseTo(167, 9);
    expect(slo?.spent_s).toBeCloseTo(480, 9);
    expect(slo?.left_s).toBeCloseTo(-313, 9);
    expect(slo?.spent_ratio).toBeCloseTo(480 / 167, 9);
  });

  it('burns by window, where the run is as long as the window', () => {
    const { slo } = report([target(0.9), ...RUN]);
    // the last 300 s, 1370 to 1670: 40 s of step 10, 50 s down, 10 s to start, 200 s of steps
    expect(slo?.burn['5m'].burn_ratio).toBeCloseTo(60 / 300 / 0.1, 9);
    expect(slo?.burn['1h']).toMatchObject({ burn_ratio: null, is_covered: false });
  });

  it('burns in each window what the ledger of that window says, of a range too', () => {
    const down = [target(0.9), ...attempt({ steps: 71, step_s: 100 }), fail(1, 7110)];
    const again = attempt({ attempt: 2, start_us: at(9000), first: 72, steps: 200, step_s: 100 });
    const events = [...down, ...again];
    for (const range of [{}, { to_us: at(8000) }]) {
      const { slo, ledger } = report(events, range);
      const { to_us } = accountOf(events, { job: 'a' });
      for (const window of ['5m', '30m', '1h', '6h', '3d'] as const) {
        const from_us = to_us - BURN_WINDOWS_S[window] * 1e6;
        const own = ledgerOf(accountOf(events, { job: 'a' }), { from_us, to_us });
        expect(slo?.burn[window].goodput_ratio, window).toBe((own.buckets_s.productive ?? 0) / own.horizon_s);
      }
      expect(slo?.goodput_ratio).toBe((ledger.buckets_s.productive ?? 0) / ledger.horizon_s);
    }
  });

  it('names alerts that can never fire: of 90 % the highest burn is 10, of 80 % it is 5', () => {
    const { slo } = report([target(0.8), ...RUN]);
    expect(slo?.burn_max).toBeCloseTo(5, 9);
    expect(slo?.alerts.map(({ can_fire }) => can_fire)).toEqual([false, true, true]);
    expect(report([target(0.9), ...RUN]).slo?.alerts[0]?.fires_at_loss_ratio).toBeCloseTo(0.6, 9);
  });

  it('fires where both windows lost enough', () => {
    // two hours of training, then down for an hour and a half
    const down = [target(0.9), ...attempt({ steps: 71, step_s: 100 }), fail(1, 7110)];
    const { slo } = report(down, { now_us: at(7110 + 5400) });
    expect(slo?.burn['1h'].burn_ratio).toBeCloseTo(10, 9);
    expect(slo?.alerts.find(({ severity }) => severity === 'page')?.firing).toBe(true);
    expect(report(down, { now_us: at(7111) }).slo?.alerts.some(({ firing }) => firing)).toBe(false);
  });

  it('is that of the site where the job names none, and nothing where nobody does', () => {
    const site = {
      price_per_device_hour: null,
      currency: null,
      power: { pue: null },
      goodput_target_ratio: 0.95,
    };
    expect(report(RUN, { site }).slo).toMatchObject({ target_ratio: 0.95, source: 'site' });
    expect(report(RUN).slo).toBeNull();
    expect(report(RUN).quality.reasons['slo']).toContain('goodput_target_ratio');
  });

  it('does not judge a step that is under way', () => {
    const open: JobScopedEvent = { type: 'step', job: 'a', attempt: 1, step: 10, start_us: at(910) };
    const { slo } = report([target(0.9), ...attempt({ steps: 9, step_s: 100 }), open], { now_us: at(1000) });
    expect(slo?.spent_s).toBeCloseTo(10, 9);
    expect(slo?.goodput_ratio).toBeCloseTo(900 / 910, 9);
  });
});

describe('step deviation', () => {
  it('is the p90 of the newest 100 steps over the median of those before', () => {
    const slow = { attempt: 1, first: 201, steps: 100, step_s: 3, start_us: at(400), startup_s: 10 };
    const [, ...more] = attempt(slow);
    const { step_deviation } = report([...attempt({ steps: 200, step_s: 2 }), ...more]);
    expect(step_deviation).toMatchObject({
      ratio: 1.5,
      difference_s: 1,
      recent_steps: 100,
      before_steps: 200,
    });
  });

  it('is not known before there is something to compare with', () => {
    const { step_deviation } = report(attempt({ steps: 150, step_s: 2 }));
    expect(step_deviation.ratio).toBeNull();
    expect(step_deviation.reason).toContain('200');
  });
});

describe('progress', () => {
  it('counts what is kept', () => {
    const exclude: JobScopedEvent = {
      type: 'exclude',
      job: 'a',
      start_us: at(1410),
      end_us: at(1440),
      reason: 'x',
    };
    expect(report([...RUN, exclude]).progress).toEqual({
      last_productive_step: 12,
      productive_steps: 12,
      disruptions: 2,
      excluded_s: 30,
    });
  });

  it('goes back when steps are undone', () => {
    const again = attempt({ attempt: 2, start_us: at(1000), first: 4, steps: 1, step_s: 100 });
    const events = [...attempt({ steps: 9, step_s: 100 }), fail(1, 910), ...again];
    expect(report(events).progress.last_productive_step).toBe(4);
  });
});
