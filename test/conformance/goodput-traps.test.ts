import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobScopedEvent } from '../../domain/events.ts';
import { ledgerOf } from '../../domain/ledger/ledger.ts';
import type { Bucket, LedgerJson } from '../../domain/ledger/ledger-shape.ts';
import { jobReport } from '../../domain/report/job-report.ts';
import {
  account,
  end,
  fail,
  JOB,
  ledger,
  S,
  span,
  start,
  step,
  steps,
} from '../unit/domain/ledger/timeline.ts';

/**
 * Timelines on which the best public goodput library (Google ml-goodput-measurement v0.2.3, commit 57092cf, run on
 * timelines of these kinds) gives another answer. The true one is worked out by hand beside each; `library` is what it
 * says. Seconds from the start of the run.
 */
interface Trap {
  readonly name: string;
  readonly library: string;
  readonly events: readonly JobScopedEvent[];
  readonly buckets_s: Readonly<Partial<Record<Bucket, number>>>;
  /** Productive over (horizon - excluded), as two numbers of seconds. */
  readonly goodput: readonly [productive_s: number, of_s: number];
  readonly interruptions?: number;
}

/** Starts alone: a step lasts to the next one. */
function starts(attempt: number, from: number, at_s: readonly number[]): JobScopedEvent[] {
  return at_s.map((at, index) => step(attempt, from + index, at));
}

// 5 steps of 3 s, then 985 s down, 10 s to start, steps 5 to 7: 24 s of 1019 s
const NEXT_STEP: Trap = {
  name: 'restart exactly at the next step',
  library: '100 %, no disruption: no step number is repeated',
  events: [
    start(1, 0),
    ...steps(1, 0, 4, 0, 3),
    fail(1, 15),
    start(2, 1000),
    ...steps(2, 5, 7, 1010, 3),
    end(2, 1019),
  ],
  buckets_s: { productive: 24, down: 985, startup: 10 },
  goodput: [24, 1019],
  interruptions: 1,
};

// Attempt 1 does steps 0..5, attempt 2 goes back to 4 and does 4..7, attempt 3 goes back to 2 and does 2..10, 5 s each.
// Kept: 0, 1 of the first and 2..10 of the last: 11 x 5 = 55. Lost: 2..5 (20) and 4..7 (20). Down twice 10, start twice
// 10, and 5 s at the end in which nothing runs: 55 + 40 + 20 + 20 + 5 = 140
const DEEPER: Trap = {
  name: 'a second rollback that is deeper than the first',
  library: '42.9 %: the steps that were redone twice count twice',
  events: [
    start(1, 0),
    ...steps(1, 0, 5, 0, 5),
    fail(1, 30),
    start(2, 40),
    ...steps(2, 4, 7, 50, 5),
    fail(2, 70),
    start(3, 80),
    ...steps(3, 2, 10, 90, 5),
    end(3, 140),
  ],
  buckets_s: { productive: 55, lost_work: 40, startup: 20, down: 20, other: 5 },
  goodput: [55, 140],
  interruptions: 2,
};

// 9 steps of 10 s; the tenth begins at 90 and never ends; killed an hour after the start
const HANG: Trap = {
  name: 'a hang in the last step, killed after an hour',
  library: '100 %: the last step is credited up to the end of the job',
  events: [start(1, 0), ...steps(1, 0, 8, 0, 10), step(1, 9, 90), end(1, 3600, false)],
  buckets_s: { productive: 90, hang_or_unfinished: 3510 },
  goodput: [90, 3600],
};

// 90 s of work, a step that hangs from 90 until it is killed at 690, 90 s down, 10 s to start, 20 steps of 10 s
const OUTAGE: Trap = {
  name: 'an outage that windows look into',
  library: 'no data point for a window inside it, and 100 % of 80 s for the one in which it begins',
  events: [
    start(1, 0),
    ...steps(1, 0, 8, 0, 10),
    step(1, 9, 90),
    fail(1, 690, 'hang'),
    start(2, 780),
    ...steps(2, 9, 28, 790, 10),
    end(2, 990),
  ],
  buckets_s: { productive: 290, lost_work: 600, startup: 10, down: 90 },
  goodput: [290, 990],
  interruptions: 1,
};

const BIG_FOUR = [NEXT_STEP, DEEPER, HANG, OUTAGE];

const OTHERS: readonly Trap[] = [
  {
    // Steps begin at 0, 5, 10 and 21; the evaluation from 8 to 16 takes 2 s of step 1 and 6 s of step 2: 26 - 8 = 18
    name: 'an evaluation across a step boundary',
    library: '100 %: an event that spans a step start is ignored',
    events: [start(1, 0), ...starts(1, 0, [0, 5, 10, 21]), span(1, 'custom', 8, 16, 'eval'), end(1, 26)],
    buckets_s: { productive: 18, custom: 8 },
    goodput: [18, 26],
  },
  {
    // 10 to 13 and 12 to 15 are 5 s together: 40 - 5 = 35
    name: 'two events that overlap',
    library: '70 %: their sum is taken, and then the start-up rule goes wrong',
    events: [
      start(1, 0),
      ...starts(1, 0, [0, 5, 10, 20, 25, 30, 35]),
      span(1, 'custom', 10, 13, 'a'),
      span(1, 'custom', 12, 15, 'b'),
      end(1, 40),
    ],
    buckets_s: { productive: 35, custom: 5 },
    goodput: [35, 40],
  },
  {
    // 3 s of waiting before each of five steps of 3 s
    name: 'blocking data loads before each step',
    library: '83.3 %: every load after the first is taken for overlapped',
    events: [
      start(1, 0),
      ...[0, 6, 12, 18, 24].flatMap((at, index) => [
        span(1, 'data_wait', at, at + 3),
        step(1, index, at + 3, at + 6),
      ]),
      end(1, 30),
    ],
    buckets_s: { productive: 15, data_wait: 15 },
    goodput: [15, 30],
  },
  {
    // 5 steps of 3 s from 6 on; nothing is said of the 5 s after the last
    name: 'five idle seconds after the last step',
    library: '76.9 %: they are the last step, because only starts are recorded',
    events: [start(1, 0), span(1, 'init', 0, 1), ...steps(1, 0, 4, 6, 3), end(1, 26)],
    buckets_s: { productive: 15, startup: 5, init: 1, other: 5 },
    goodput: [15, 26],
  },
  {
    // One load of 2 s, steps 0..2 of 4 s, 6 s down, 2 s to start, step 2 again and step 3. Kept: 0, 1, 2, 3 = 16
    name: 'one data load and one failure',
    library: 'the load counts again after the failure: 4 s',
    events: [
      start(1, 0),
      span(1, 'data_wait', 0, 2),
      ...steps(1, 0, 2, 2, 4),
      fail(1, 14),
      start(2, 20),
      ...steps(2, 2, 3, 22, 4),
      end(2, 30),
    ],
    buckets_s: { productive: 16, lost_work: 4, startup: 2, data_wait: 2, down: 6 },
    goodput: [16, 30],
    interruptions: 1,
  },
  {
    // 11 steps of 5 s, a save of 5 s; nothing excluded: 55 of 60
    name: 'a run with a save and without exclusions, asked for with exclusions',
    library: '100 %: with the exclusion interface saves are forgotten',
    events: [
      start(1, 0),
      ...steps(1, 0, 4, 0, 5),
      span(1, 'ckpt_save', 25, 30),
      ...steps(1, 5, 10, 30, 5),
      end(1, 60),
    ],
    buckets_s: { productive: 55, ckpt_save: 5 },
    goodput: [55, 60],
  },
  {
    // The same, then 20 s of nothing that are taken out: still 55 of 60
    name: 'an exclusion of time that has no name, beside a save',
    library: 'the time is not excluded, and the save is forgotten',
    events: [
      start(1, 0),
      ...steps(1, 0, 4, 0, 5),
      span(1, 'ckpt_save', 25, 30),
      ...steps(1, 5, 10, 30, 5),
      { type: 'exclude', job: JOB, start_us: 60 * S, end_us: 80 * S, reason: 'maintenance' },
      end(1, 80),
    ],
    buckets_s: { productive: 55, ckpt_save: 5, excluded: 20 },
    goodput: [55, 60],
  },
  {
    // Step 1 is saved (5 s), undone, done again and saved again (5 s). Kept: 0, and 1, 2 of attempt 2 = 30; lost 1, 2 = 20
    name: 'the same step saved twice because it was redone',
    library: '5 s of saving: reports of one step are averaged',
    events: [
      start(1, 0),
      ...steps(1, 0, 1, 0, 10),
      { ...span(1, 'ckpt_save', 20, 25), step: 1 } as JobScopedEvent,
      step(1, 2, 25, 35),
      fail(1, 35),
      start(2, 40),
      step(2, 1, 50, 60),
      { ...span(2, 'ckpt_save', 60, 65), step: 1 } as JobScopedEvent,
      step(2, 2, 65, 75),
      end(2, 75),
    ],
    buckets_s: { productive: 30, lost_work: 20, startup: 10, ckpt_save: 10, down: 5 },
    goodput: [30, 75],
    interruptions: 1,
  },
  {
    // The save at 20 to 25 lies between steps that are undone down to step 1; what it took is still saving, once
    name: 'a save inside work that is rolled back later',
    library: 'the save is taken off productive time that is no longer there',
    events: [
      start(1, 0),
      ...steps(1, 0, 1, 0, 10),
      span(1, 'ckpt_save', 20, 25),
      ...steps(1, 2, 3, 25, 10),
      fail(1, 45),
      start(2, 50),
      ...steps(2, 1, 3, 60, 10),
      end(2, 90),
    ],
    buckets_s: { productive: 40, lost_work: 30, startup: 10, ckpt_save: 5, down: 5 },
    goodput: [40, 90],
    interruptions: 1,
  },
  {
    // Steps 0 and 1 begin at 0 and 10, the save from 14 to 18 is inside step 1 and undone with it: 20 - 4 = 16 lost
    name: 'a save in the middle of a step that is rolled back later',
    library: 'the save is taken off productive time that is no longer there',
    events: [
      start(1, 0),
      ...starts(1, 0, [0, 10]),
      span(1, 'ckpt_save', 14, 18),
      fail(1, 20),
      start(2, 30),
      ...steps(2, 0, 1, 40, 10),
      end(2, 60),
    ],
    buckets_s: { productive: 20, lost_work: 16, startup: 10, ckpt_save: 4, down: 10 },
    goodput: [20, 60],
    interruptions: 1,
  },
  {
    // Lines say 0, 10, 20, 30, each 100 s after the other; the last runs for 50 s. Attempt 2 begins at 20 again.
    // Kept: 0, 10 of the first and 20, 30 of the second = 400; lost 20 (100) and the open 30 (50)
    name: 'a step line every tenth step',
    library: 'step times ten times too long, and a rollback between lines is not seen',
    events: [
      start(1, 0),
      ...[0, 10, 20, 30].map((number, index) => step(1, number, index * 100)),
      fail(1, 350),
      start(2, 400),
      step(2, 20, 420),
      step(2, 30, 520),
      end(2, 620),
    ],
    buckets_s: { productive: 400, lost_work: 150, startup: 20, down: 50 },
    goodput: [400, 620],
    interruptions: 1,
  },
  {
    // Lines average 10 steps. The save was at step 25, so of the line 21..30 half is undone: 50 of its 100 s.
    // Kept: 100 + 100 + 50, then 26..30 (50) and 31..40 (100) = 400. From 300 to the failure at 350 nobody said anything
    name: 'a line that averages ten steps, of which five are undone',
    library: 'a line is one step',
    events: [
      start(1, 0),
      ...[10, 20, 30].map((number, index) => step(1, number, index * 100, (index + 1) * 100, { count: 10 })),
      fail(1, 350),
      start(2, 400),
      step(2, 30, 420, 470, { count: 5 }),
      step(2, 40, 470, 570, { count: 10 }),
      end(2, 570),
    ],
    buckets_s: { productive: 400, lost_work: 50, startup: 20, down: 50, other: 50 },
    goodput: [400, 570],
    interruptions: 1,
  },
  {
    // Both tell steps 0..9; rank 1 half a second later. One run of 100 s
    name: 'two ranks that write the same steps',
    library: 'each repeated number is a disruption',
    events: [
      start(1, 0),
      ...steps(1, 0, 9, 0, 10).map((event) => ({ ...event, rank: 0 }) as JobScopedEvent),
      ...Array.from({ length: 10 }, (_, index) =>
        step(1, index, index * 10 + 0.5, index * 10 + 10, { rank: 1 }),
      ),
      end(1, 100),
    ],
    buckets_s: { productive: 100 },
    goodput: [100, 100],
    interruptions: 0,
  },
  {
    // The same without ranks and without ends, and one of them a step behind at times
    name: 'two writers of the same steps that do not say who they are',
    library: 'each repeated number is a disruption',
    events: [
      start(1, 0),
      ...starts(1, 0, [0, 10, 20, 30, 40]),
      ...starts(1, 0, [1, 11, 21, 31, 41]),
      end(1, 50),
    ],
    buckets_s: { productive: 50 },
    goodput: [50, 50],
    interruptions: 0,
  },
  ...(['elastic_scale_up', 'elastic_reinit', 'prep', 'init', 'data_wait'] as const).map((kind): Trap => {
    // 6 s between two steps of 10 s, told by starts alone: 20 of 26
    return {
      name: `${kind} between two steps`,
      library: 'the time stays in the step before it, or in no bucket',
      events: [start(1, 0), step(1, 0, 0), span(1, kind, 10, 16), step(1, 1, 16), end(1, 26)],
      buckets_s: { productive: 20, [kind]: 6 },
      goodput: [20, 26],
    };
  }),
];

describe('timelines that the best public goodput library gets wrong', () => {
  it.each([...BIG_FOUR, ...OTHERS])('$name', (trap) => {
    compare(ledger(trap.events), trap);
  });

  it('are told alike in any order of arrival, twice or once', () => {
    for (const { events } of [...BIG_FOUR, ...OTHERS]) {
      const known = ledger(events);
      expect(ledger([...events].reverse())).toEqual(known);
      expect(ledger([...events, ...events])).toEqual(known);
    }
  });

  it('a late step line gives its time back, and is no disruption', () => {
    const whole = [start(1, 0), ...steps(1, 0, 9, 0, 10), end(1, 100)];
    const late = whole.filter((event) => !(event.type === 'step' && event.step === 5));
    expect(ledger(late).buckets_s).toEqual({ productive: 90, other: 10 });
    const told = ledger([...late, step(1, 5, 50, 60)]);
    expect(told.buckets_s).toEqual({ productive: 100 });
    expect(told.interruptions).toBe(0);
    // starts alone: step 4 had the time of step 5, and gives it back
    const bare = [start(1, 0), ...starts(1, 0, [0, 10, 20, 30, 40]), ...starts(1, 6, [60, 70]), end(1, 80)];
    expect(ledger([...bare, step(1, 5, 50)]).buckets_s).toEqual({ productive: 80 });
    expect(ledger([...bare, step(1, 5, 50)]).interruptions).toBe(0);
  });
});

describe('a job at half speed for half of its steps', () => {
  // 100 steps of 1 s, then 100 of 2 s: all of the 300 s are productive, and 100 s of them need not have been
  const events = [start(1, 0), ...steps(1, 0, 99, 0, 1), ...steps(1, 100, 199, 100, 2), end(1, 300)];

  it.each([
    ['learned', []],
    ['operator', [{ type: 'job', job: JOB, ideal_step_s: 1 } as const]],
  ])('is at 100 % in the library; against the ideal (%s) a third of the time is lost', (source, told) => {
    const { ledger: whole, slow_time } = jobReport([...told, ...events], { job: JOB });
    expect(whole.goodput_ratio).toBe(1);
    expect(slow_time.ideal_over_actual_ratio).toBeCloseTo(200 / 300, 12);
    expect(slow_time.ideals.map((ideal) => [ideal.source, ideal.ideal_step_s])).toEqual([[source, 1]]);
  });
});

describe('windows during an outage', () => {
  const outage = account(OUTAGE.events);

  it('read 15 % of the one in which it begins, and 0 of one inside it', () => {
    // 90 s of the first 600 trained; from 600 to 780 the step hung, then the job was down
    expect(ledgerOf(outage, { from_us: 0, to_us: 600 * S }).goodput_ratio).toBe(0.15);
    const inside = ledgerOf(outage, { from_us: 600 * S, to_us: 780 * S });
    expect(inside.goodput_ratio).toBe(0);
    expect(inside.buckets_s).toEqual({ lost_work: 90, down: 90 });
  });

  it('of 60 s add up to all 990 s, bucket by bucket', () => {
    const { windows, buckets_s } = ledgerOf(outage, { windows_us: { size_us: 60 * S, count_max: 100 } });
    expect(windows).toHaveLength(17);
    const sums: Partial<Record<Bucket, number>> = {};
    for (const window of windows) {
      for (const [bucket, seconds] of Object.entries(window.buckets_s)) {
        sums[bucket as Bucket] = (sums[bucket as Bucket] ?? 0) + seconds;
      }
    }
    expect(sums).toEqual(buckets_s);
    expect(Object.values(sums).reduce((a, b) => a + b, 0)).toBe(990);
  });

  it('read 0 while it lasts, and the hang is known since the last progress', () => {
    const events = [...OUTAGE.events.slice(0, 11)];
    const live = account(events, { at_us: 600 * S });
    expect(live.state).toBe('hang');
    const minute = ledgerOf(live, { from_us: 540 * S, to_us: 600 * S });
    expect(minute.goodput_ratio).toBe(0);
    expect(minute.buckets_s).toEqual({ hang: 60 });
    expect(ledgerOf(live).buckets_s).toEqual({ productive: 90, hang: 510 });
  });
});

const HEADWAY = fileURLToPath(new URL('../../bin/headway.js', import.meta.url));

describe('the same through the commands', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'headway-traps-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(BIG_FOUR)('$name', async (trap) => {
    const file = join(folder, 'run.ndjson');
    // times of the present era: an import would call the seventies implausible
    const origin_us = 1_750_000_000_000_000;
    await writeFile(file, trap.events.map((event) => JSON.stringify(moved(event, origin_us))).join('\n'));
    const answer = (await headway('ledger', file, '--windows', '60', '--json')) as LedgerJson;
    compare(answer, trap);
    const windowed = answer.windows.flatMap(({ buckets_s }) => Object.values(buckets_s));
    expect(windowed.reduce((a, b) => a + b, 0)).toBeCloseTo(answer.horizon_s, 6);
    const report = (await headway('import', file, '--json')) as { readonly ledger: LedgerJson };
    compare(report.ledger, trap);
  });
});

function compare(
  answer: LedgerJson,
  { buckets_s, goodput: [productive_s, of_s], interruptions }: Trap,
): void {
  expect(answer.buckets_s).toEqual(buckets_s);
  expect(answer.goodput_ratio).toBeCloseTo(productive_s / of_s, 12);
  if (interruptions !== undefined) expect(answer.interruptions).toBe(interruptions);
}

function moved(event: JobScopedEvent, origin_us: number): unknown {
  const fields = Object.entries(event).map(([name, value]) => [
    name,
    name.endsWith('_us') && typeof value === 'number' ? origin_us + value : value,
  ]);
  return Object.fromEntries(fields);
}

async function headway(...args: string[]): Promise<unknown> {
  const child = spawn(process.execPath, [HEADWAY, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect(code).toBe(0);
  return JSON.parse(out);
}
