import { describe, expect, it } from 'vitest';
import type { JobScopedEvent } from '../../../../domain/events.ts';
import { accountOf } from '../../../../domain/ledger/account.ts';
import { account, end, fail, JOB, ledger, mark, S, span, start, step, steps } from './timeline.ts';

describe('the horizon', () => {
  it('is empty before anything started, and says so', () => {
    const empty = accountOf([], { job: JOB, now_us: 7 });
    expect(empty).toMatchObject({ from_us: 7, to_us: 7, state: 'starting', segments: [], incidents: [] });
    expect(ledger([{ type: 'job', job: JOB, device_count: 8 }])).toMatchObject({
      horizon_s: 0,
      goodput_ratio: null,
    });
  });

  it('ends with the last attempt, for an open job with the clock, else with its newest event', () => {
    const run = [start(1, 0), ...steps(1, 0, 4, 10, 2)];
    expect(ledger([...run, end(1, 25)], { now_us: 900 * S }).horizon_s).toBe(25);
    expect(ledger(run, { now_us: 22 * S }).horizon_s).toBe(22);
    expect(ledger(run).horizon_s).toBe(20);
    // a sender's clock may be ahead of the reader's
    expect(ledger(run, { now_us: 3 * S }).horizon_s).toBe(20);
    expect(ledger(run, { at_us: 15 * S }).horizon_s).toBe(15);
  });

  it('goes on while a failed job waits for its next attempt', () => {
    const run = [start(1, 0), ...steps(1, 0, 4, 10, 2), fail(1, 20)];
    expect(ledger(run, { now_us: 50 * S })).toMatchObject({
      state: 'down',
      buckets_s: { down: 30, productive: 10 },
    });
    expect(ledger(run, { now_us: 50 * S }).incidents).toMatchObject([
      { state: 'open', time_to_restart_s: null },
    ]);
  });
});

describe('steps', () => {
  it('told by many ranks are one: earliest start, latest end, tokens once', () => {
    const told = [0, 1, 2].flatMap((rank) => [
      step(1, 0, 10 + rank * 0.1, 12 + rank * 0.1, { rank, tokens: 100 }),
      step(1, 1, 12.2 + rank * 0.1, 14 + rank * 0.1, { rank, tokens: 100 }),
    ]);
    const { steps: executions, ranks_seen } = account([start(1, 0), ...told, end(1, 14.2)]);
    expect(ranks_seen).toBe(3);
    expect(executions).toMatchObject([
      { step: 0, start_us: 10 * S, end_us: 12.2 * S, tokens: 100 },
      { step: 1, start_us: 12.2 * S, end_us: 14.2 * S, tokens: 100 },
    ]);
  });

  it('told first when they start and again when they end are one', () => {
    const told = [step(1, 0, 10), step(1, 0, 10, 12), step(1, 1, 12)];
    expect(account([start(1, 0), ...told], { now_us: 13 * S }).steps).toMatchObject([
      { step: 0, fate: 'productive', net_us: 2 * S },
      { step: 1, fate: 'in_flight', net_us: 1 * S },
    ]);
  });

  it('of which a line averages many, and only some are done again, are shared out exactly', () => {
    const lines = [
      step(1, 10, 0, 100, { count: 10, tokens: 1000 }),
      step(1, 20, 100, 200, { count: 10, tokens: 1000 }),
    ];
    const again = [start(2, 250), step(2, 20, 260, 300, { count: 4 }), end(2, 300)];
    const result = account([start(1, 0), ...lines, fail(1, 200), ...again]);
    expect(result.lost_steps).toBe(4);
    expect(result.incidents).toMatchObject([{ lost_steps: 4 }]);
    expect(result.steps).toMatchObject([
      { step: 10, count: 10, fate: 'productive' },
      { step: 16, count: 6, fate: 'productive', net_us: 60 * S, tokens: 600 },
      { step: 20, count: 4, fate: 'lost_work', net_us: 40 * S, tokens: 400 },
      { step: 20, count: 4, fate: 'productive' },
    ]);
    expect(ledger([start(1, 0), ...lines, fail(1, 200), ...again]).buckets_s.lost_work).toBe(40);
  });

  it('rolled back twice are lost twice and counted as one step', () => {
    const first = [start(1, 0), ...steps(1, 0, 4, 10, 10), fail(1, 60, 'first')];
    const second = [start(2, 70), ...steps(2, 3, 6, 80, 10), fail(2, 120, 'second')];
    const third = [start(3, 130), ...steps(3, 1, 8, 140, 10), end(3, 220)];
    const result = account([...first, ...second, ...third]);
    expect(result.lost_steps).toBe(6);
    expect(result.incidents).toMatchObject([
      { cause: 'first', lost_steps: 2, time_to_regain_progress_s: 40 },
      { cause: 'second', lost_steps: 6, time_to_regain_progress_s: 80 },
    ]);
    expect(ledger([...first, ...second, ...third]).buckets_s).toMatchObject({
      productive: 90,
      lost_work: 80,
    });
  });

  it('that evaluate are named custom time and no training progress', () => {
    const run = [
      start(1, 0),
      ...steps(1, 0, 4, 10, 2),
      step(1, 4, 20, 26, { kind: 'eval' }),
      ...steps(1, 5, 6, 26, 2),
    ];
    const result = ledger([...run, end(1, 30)]);
    expect(result.buckets_s).toEqual({ productive: 14, startup: 10, custom: 6 });
    expect(result.custom_s).toEqual({ eval: 6 });
  });

  it('in which a process goes back on its own are lost, without an interruption', () => {
    const run = [start(1, 0), ...steps(1, 0, 9, 10, 1), ...steps(1, 4, 9, 20, 1), end(1, 26)];
    const result = ledger(run);
    expect(result).toMatchObject({
      interruptions: 0,
      incidents: [],
      buckets_s: { productive: 10, lost_work: 6 },
    });
    expect(account(run).lost_steps).toBe(6);
  });
});

describe('attempts', () => {
  it('need no number: a second start is a second attempt, many at once are one', () => {
    const run = [
      start(undefined, 0),
      start(undefined, 1),
      step(undefined, 0, 10, 20),
      step(undefined, 1, 20, 30),
    ];
    const next = [start(undefined, 50), step(undefined, 2, 60, 70), step(undefined, 3, 70, 80)];
    expect(account([...run, ...next]).attempts).toEqual([
      { attempt: 1, start_us: 0, end_us: 50 * S },
      { attempt: 2, start_us: 50 * S, end_us: undefined },
    ]);
  });

  it('without a number are two where the only step between began with the first', () => {
    const run = [start(undefined, 0), step(undefined, 0, 0), start(undefined, 15)];
    const again = [step(undefined, 0, 15), step(undefined, 1, 20, 25)];
    expect(ledger([...run, ...again])).toMatchObject({ interruptions: 1, buckets_s: { productive: 10 } });
    // two nodes that tell of one start, the second as its step begins
    const nodes = [start(undefined, 14), start(undefined, 15), step(undefined, 0, 15, 20)];
    expect(ledger(nodes)).toMatchObject({ interruptions: 0, buckets_s: { startup: 1, productive: 5 } });
  });

  it('that never said they started begin with their first step', () => {
    expect(account(steps(4, 0, 3, 100, 1)).attempts).toEqual([
      { attempt: 4, start_us: 100 * S, end_us: undefined },
    ]);
  });

  it('under one number are two when a failure lies between, told or not', () => {
    const run = [start(1, 0), ...steps(1, 0, 3, 10, 1), fail(1, 14), ...steps(1, 2, 5, 40, 1), end(1, 44)];
    const result = ledger(run);
    expect(result).toMatchObject({ interruptions: 1, buckets_s: { down: 26, lost_work: 2, productive: 6 } });
    expect(ledger([...run, start(1, 30)])).toMatchObject({
      interruptions: 1,
      buckets_s: { down: 16, startup: 20 },
    });
    // one straggling step is a matter of clocks, not a restart
    expect(ledger([start(1, 0), ...steps(1, 0, 3, 10, 1), fail(1, 14), step(1, 4, 14.5)])).toMatchObject({
      interruptions: 0,
      state: 'down',
    });
  });

  it('that are superseded without a word leave an unfinished step, and what is after it is other', () => {
    const open = [start(1, 0), step(1, 0, 10), step(1, 1, 20), start(2, 100), step(2, 1, 110), end(2, 120)];
    expect(ledger(open).buckets_s).toMatchObject({ hang_or_unfinished: 80, productive: 20 });
    const ended = [start(1, 0), step(1, 0, 10, 20), start(2, 100), step(2, 1, 110), end(2, 120)];
    expect(ledger(ended).buckets_s).toMatchObject({ other: 80, productive: 20 });
  });

  it('with an end before the next one leave the time between down, without a cause', () => {
    const run = [
      start(1, 0),
      ...steps(1, 0, 3, 10, 1),
      end(1, 14, false),
      start(2, 20),
      ...steps(2, 4, 5, 25, 1),
      end(2, 27),
    ];
    const result = ledger(run);
    expect(result.buckets_s).toEqual({ productive: 6, startup: 15, down: 6 });
    expect(result.incidents).toMatchObject([{ cause: null, failed_at_us: 14 * S, time_to_first_step_s: 11 }]);
  });

  it('whose unclean end is explained by a later fail failed when they ended', () => {
    const run = [
      start(1, 0),
      step(1, 0, 10),
      end(1, 20, false),
      fail(1, 23, 'oom'),
      start(2, 30),
      step(2, 0, 40),
      end(2, 50),
    ];
    expect(ledger(run).buckets_s).toMatchObject({ lost_work: 10, down: 10 });
    expect(ledger(run).incidents).toMatchObject([{ cause: 'oom', failed_at_us: 20 * S }]);
  });
});

describe('spans', () => {
  it('are a union, the stronger over the weaker, inside their attempt', () => {
    const run = [
      start(1, 0),
      span(1, 'init', 0, 4),
      span(1, 'prep', 3, 8),
      span(1, 'ckpt_restore', 6, 9),
      span(1, 'custom', 12, 14, 'a'),
      span(1, 'custom', 13, 16, 'b'),
      ...steps(1, 0, 9, 10, 1),
      // reaches beyond the failure
      span(1, 'ckpt_save', 19, 30),
      fail(1, 20),
      start(2, 25),
      ...steps(2, 10, 12, 26, 1),
      end(2, 29),
    ];
    const result = ledger(run);
    expect(result.buckets_s).toEqual({
      productive: 8,
      init: 4,
      prep: 2,
      ckpt_restore: 3,
      custom: 4,
      ckpt_save: 1,
      startup: 2,
      down: 5,
    });
    expect(result.custom_s).toEqual({ a: 2, b: 2 });
  });

  it('that do not block cost nothing and are shown beside, overlaps once', () => {
    const beside: JobScopedEvent[] = [
      { type: 'span', job: JOB, kind: 'ckpt_save', start_us: 10 * S, end_us: 14 * S, blocking: false },
      { type: 'span', job: JOB, kind: 'ckpt_save', start_us: 12 * S, end_us: 15 * S, blocking: false },
    ];
    const result = ledger([start(1, 0), ...steps(1, 0, 9, 10, 1), ...beside, end(1, 20)]);
    expect(result.buckets_s).toEqual({ productive: 10, startup: 10 });
    expect(result.overlapped_s).toEqual({ ckpt_save: 5 });
  });

  it('without a bucket of their own: communicator start-up is init, the others are named', () => {
    const run = [
      start(1, 0),
      span(1, 'comm_init', 0, 3),
      span(1, 'health_check', 3, 5),
      ...steps(1, 0, 4, 6, 1),
      end(1, 11),
    ];
    const result = ledger(run);
    expect(result.buckets_s).toEqual({ productive: 5, startup: 1, init: 3, custom: 2 });
    expect(result.custom_s).toEqual({ health_check: 2 });
  });
});

describe('time down', () => {
  it('is cut at the marks in the order of time, each stretch named by the mark that ends it', () => {
    const run = [
      start(1, 0),
      ...steps(1, 0, 3, 0, 1),
      fail(1, 10),
      start(2, 100),
      ...steps(2, 4, 5, 110, 1),
      end(2, 112),
    ];
    const marks = [mark('detect', 20), mark('localized', 50), mark('nodes_ready', 90), mark('detect', 95)];
    const result = ledger([...run, ...marks]);
    expect(result.buckets_s).toMatchObject({
      down_detect: 10,
      down_localize: 30,
      down_wait_nodes: 40,
      down: 10,
    });
    expect(result.incidents).toMatchObject([
      { time_to_detect_s: 10, time_to_localize_s: 40, time_to_nodes_ready_s: 80, time_to_restart_s: 90 },
    ]);
  });

  it('knows of a mark after the restart, but is not cut by it', () => {
    const run = [
      start(1, 0),
      ...steps(1, 0, 3, 0, 1),
      fail(1, 10),
      start(2, 20),
      ...steps(2, 4, 5, 30, 1),
      end(2, 60),
    ];
    const result = ledger([...run, mark('localized', 45)]);
    expect(result.buckets_s).toMatchObject({ down: 10 });
    expect(result.incidents).toMatchObject([{ time_to_localize_s: 35 }]);
  });
});

describe('cause', () => {
  it('is on everything until the next attempt steps, and on nothing of the first start', () => {
    const run = [
      start(1, 0, 8),
      ...steps(1, 0, 3, 10, 10),
      step(1, 4, 50),
      fail(1, 55, 'oom'),
      start(2, 65),
      span(2, 'init', 65, 70),
      span(2, 'ckpt_restore', 70, 75),
      step(2, 2, 80, 100),
      ...steps(2, 3, 6, 100, 10),
      end(2, 140),
    ];
    const result = ledger(run);
    // lost 25, down 10, init 5, restore 5, startup 5, slow first step 10, on 8 devices
    expect(result.cost_by_cause_device_seconds).toEqual({ oom: 60 * 8 });
    const named = account(run).segments.filter(({ cause }) => cause !== undefined);
    expect(new Set(named.map(({ bucket }) => bucket))).toEqual(
      new Set(['lost_work', 'down', 'init', 'ckpt_restore', 'startup', 'program_startup']),
    );
  });
});

describe('devices', () => {
  const capacity = (s: number, stepping: number, total: number): JobScopedEvent => {
    return { type: 'capacity', job: JOB, time_us: s * S, stepping, available: stepping, total };
  };

  it('come from the attempt, else from the job, and are held between attempts', () => {
    const job: JobScopedEvent = { type: 'job', job: JOB, device_count: 4 };
    const run = [
      job,
      start(1, 0, 8),
      ...steps(1, 0, 9, 0, 1),
      fail(1, 10),
      start(2, 15),
      ...steps(2, 10, 14, 15, 1),
      end(2, 20),
    ];
    expect(ledger(run).device_seconds).toEqual({ productive: 80 + 20, down: 40 });
  });

  it('are unknown when nobody said, and then nothing is weighed', () => {
    const result = ledger([start(1, 0), ...steps(1, 0, 9, 0, 1), end(1, 10)]);
    expect(result).toMatchObject({ device_seconds: {}, device_goodput_ratio: null, goodput_ratio: 1 });
  });

  it('that an elastic job holds but cannot use are lost capacity while it steps', () => {
    const run = [
      start(1, 0, 8),
      ...steps(1, 0, 9, 0, 10),
      capacity(50, 6, 8),
      capacity(75, 8, 8),
      end(1, 100),
    ];
    const result = ledger(run);
    expect(result.buckets_s).toEqual({ productive: 100 });
    expect(result.device_seconds).toEqual({ productive: 750, elastic_slice_down: 50 });
    expect(result).toMatchObject({
      goodput_ratio: 1,
      device_goodput_ratio: 750 / 800,
      capacity: { stepping_ratio: 350 / 400 },
    });
  });
});

describe('the slow first step of an attempt', () => {
  it('is measured against steps that nothing interrupted', () => {
    // an evaluation across a step boundary leaves two short steps, which say nothing about how long a step takes
    const run = [
      start(1, 0),
      ...[0, 3, 6, 9].map((s, index) => step(1, index, s)),
      span(1, 'custom', 7, 11, 'eval'),
      end(1, 13),
    ];
    expect(ledger(run).buckets_s).toEqual({ productive: 9, custom: 4 });
  });

  it('is taken from its net time, in a line of many steps from the whole line', () => {
    const run = [
      start(1, 0),
      span(1, 'ckpt_restore', 2, 6),
      step(1, 0, 0, 16),
      ...steps(1, 1, 4, 16, 3),
      end(1, 28),
    ];
    expect(ledger(run).buckets_s).toEqual({ productive: 15, program_startup: 9, ckpt_restore: 4 });
    const lines = [
      step(1, 10, 0, 50, { count: 10 }),
      step(1, 20, 50, 80, { count: 10 }),
      step(1, 30, 80, 110, { count: 10 }),
    ];
    expect(ledger([start(1, 0), ...lines, end(1, 110)]).buckets_s).toEqual({
      productive: 90,
      program_startup: 20,
    });
  });

  it('cannot be told where an attempt kept one step, and is none where the first is the fastest', () => {
    expect(ledger([start(1, 0), step(1, 0, 0, 50), end(1, 50)]).buckets_s).toEqual({ productive: 50 });
    expect(ledger([start(1, 0), step(1, 0, 0, 1), ...steps(1, 1, 3, 1, 5), end(1, 16)]).buckets_s).toEqual({
      productive: 16,
    });
  });
});

describe('excluded time', () => {
  const exclude = (from_s: number, to_s: number): JobScopedEvent => {
    return { type: 'exclude', job: JOB, start_us: from_s * S, end_us: to_s * S, reason: 'power' };
  };

  it('leaves numerator and denominator, whatever lies under it', () => {
    const run = [start(1, 0), ...steps(1, 0, 9, 10, 1), end(1, 40)];
    expect(ledger([...run, exclude(15, 90)])).toMatchObject({
      horizon_s: 40,
      buckets_s: { productive: 5, startup: 10, excluded: 25 },
      goodput_ratio: 5 / 15,
    });
  });

  it('makes no step look fast, and with that the first one slow', () => {
    const run = [start(1, 0), step(1, 0, 10), step(1, 1, 20), end(1, 30)];
    expect(ledger([...run, exclude(20, 25)])).toMatchObject({
      buckets_s: { productive: 15, startup: 10, excluded: 5 },
      goodput_ratio: 15 / 25,
    });
    // a save is no part of a step, also where it lies under the exclusion
    const saved = [...run, span(1, 'ckpt_save', 22, 28), exclude(20, 25)];
    expect(ledger(saved).buckets_s).toEqual({
      productive: 6,
      startup: 10,
      program_startup: 6,
      ckpt_save: 3,
      excluded: 5,
    });
  });
});
