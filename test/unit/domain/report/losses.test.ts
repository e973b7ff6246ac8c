import { describe, expect, it } from 'vitest';
import type { FailEvent, FaultEvent, JobScopedEvent, NodeStateEvent } from '../../../../domain/events.ts';
import { jobReport } from '../../../../domain/report/job-report.ts';
import type { ViewOptions } from '../../../../domain/report/job-view.ts';
import { attempt, endOf, START_US } from '../../../support/training-events.ts';

const FAILED_US = endOf() + 120e6;
const fail = (cause: string, more: Partial<FailEvent> = {}): FailEvent => ({
  type: 'fail',
  job: 'a',
  attempt: 1,
  time_us: FAILED_US,
  cause,
  ...more,
});
const again = attempt({ attempt: 2, start_us: FAILED_US + 30e6, first: 8 });
const fault = (code: string, after_s = 1): FaultEvent => ({
  type: 'fault',
  time_us: endOf() + after_s * 1e6,
  node: 'n1',
  device: 'GPU-1',
  code,
});

function reportOf(failure: JobScopedEvent, options: Partial<ViewOptions> = {}) {
  return jobReport([...attempt({ nodes: ['n1', 'n2'] }), failure, ...again], { job: 'a', ...options });
}
const total = (values: readonly (number | null)[]) => values.reduce<number>((sum, v) => sum + (v ?? 0), 0);

describe('causes of incidents', () => {
  it('keep the symptom that the job told apart from the fault that made it', () => {
    const { incidents } = reportOf(fail('nccl_timeout'), { faults: [fault('xid:79')] });
    expect(incidents[0]?.causes).toMatchObject({
      symptom: 'nccl_timeout',
      root_cause: 'xid:79',
      class: 'device_lost',
      domain: 'infrastructure',
      node: 'n1',
      device: 'GPU-1',
      recoverability: 'reboot_node',
      source: 'fault',
      interruption: 'explicit',
    });
  });

  it('leave the root cause open where only a symptom is known', () => {
    const { incidents } = reportOf(fail('nccl_timeout'));
    expect(incidents[0]?.causes).toMatchObject({
      symptom: 'nccl_timeout',
      root_cause: null,
      domain: 'unknown',
      source: 'fail',
    });
  });

  it('believe the job before a fault', () => {
    const { incidents } = reportOf(fail('oom'), { faults: [fault('xid:79')] });
    expect(incidents[0]?.causes).toMatchObject({
      root_cause: 'out_of_memory',
      domain: 'software',
      source: 'fail',
    });
  });

  it('keep a cause that nobody listed as it was told, its domain unknown', () => {
    const { incidents } = reportOf(fail('gremlins'));
    expect(incidents[0]?.causes).toMatchObject({ root_cause: 'gremlins', domain: 'unknown', source: 'fail' });
  });

  it('read the exit status and the log line that came with a failure that says nothing', () => {
    const killed = reportOf(fail('unknown', { labels: { exit_code: 137 } }));
    expect(killed.incidents[0]?.causes).toMatchObject({ symptom: 'sigkill', source: 'exit_code' });
    const logged = reportOf(fail('failed', { labels: { message: 'slurmstepd: DUE TO PREEMPTION' } }));
    expect(logged.incidents[0]?.causes).toMatchObject({ root_cause: 'preempted', source: 'log' });
  });

  it('put down to the fault what it made, not what followed from it', () => {
    const faults = [fault('xid:45', 0), fault('xid:79', 5), fault('xid:63', 0)];
    expect(reportOf(fail('unknown'), { faults }).incidents[0]).toMatchObject({ cause: 'xid:79' });
    expect(reportOf(fail('unknown'), { faults: [fault('xid:45')] }).incidents[0]?.cause).toBe('xid:45');
  });

  it.each([
    ['xid:79', {}, 'explicit'],
    ['code_change', {}, 'manual'],
    ['time_limit', {}, 'planned'],
    ['xid:79', { planned: true }, 'planned'],
  ] as const)('count %s %j as %s', (cause, more, kind) => {
    const { interruptions_by_kind } = reportOf(fail(cause, more));
    expect(interruptions_by_kind[kind].count).toBe(1);
    expect(total(Object.values(interruptions_by_kind).map(({ count }) => count))).toBe(1);
  });

  it('take a clean end before another start for somebody’s will, and no word at all for none', () => {
    const end = { type: 'attempt_end', job: 'a', attempt: 1, time_us: FAILED_US } as const;
    expect(reportOf({ ...end, clean: true }).incidents[0]?.causes).toMatchObject({
      symptom: 'clean_stop',
      interruption: 'manual',
    });
    expect(reportOf({ ...end, clean: false }).incidents[0]?.causes).toMatchObject({
      symptom: 'unclean_end',
      interruption: 'implicit',
    });
    const silent = jobReport([...attempt(), ...again], { job: 'a' });
    expect(silent.incidents[0]?.causes).toMatchObject({
      symptom: 'unannounced_restart',
      interruption: 'implicit',
    });
  });

  it('call a hang that lasts implicit', () => {
    const open = { type: 'step', job: 'a', attempt: 1, step: 11, start_us: endOf() } as const;
    const report = jobReport([...attempt(), open], { job: 'a', now_us: endOf() + 600e6 });
    expect(report.incidents[0]?.causes).toMatchObject({ symptom: 'hang', interruption: 'implicit' });
    expect(report.losses[0]).toMatchObject({ cause: 'hang', device_seconds: 4800, buckets: { hang: 4800 } });
  });
});

describe('losses', () => {
  const report = reportOf(fail('nccl_timeout'), { faults: [fault('xid:79')] });

  it('charge an incident with the work undone, the time down and the start after it', () => {
    const [first] = report.losses;
    // 3 steps of 2 s undone, 120 s from the last step to the failure, 30 s down and 10 s of start
    expect(first).toMatchObject({ cause: 'xid:79', count: 1, wall_s: 166, device_seconds: 1328 });
    expect(first?.buckets).toEqual({ lost_work: 48, other: 960, down: 240, startup: 80 });
    expect(report.incidents[0]).toMatchObject({ device_seconds: 1328, wall_s: 166 });
  });

  it('are ranked by what they cost and add up to what was lost', () => {
    const amounts = report.losses.map(({ device_seconds }) => device_seconds ?? 0);
    expect(amounts).toEqual([...amounts].sort((a, b) => b - a));
    const { productive = 0, in_flight = 0, excluded = 0, ...lost } = report.ledger.device_seconds;
    expect(productive).toBeGreaterThan(0);
    expect(in_flight + excluded).toBe(0);
    expect(total(amounts)).toBeCloseTo(total(Object.values(lost)) + 0, 6);
  });

  it('rank one long cause above many short ones', () => {
    const short = [1, 2, 3].flatMap((number): JobScopedEvent[] => {
      const start_us = START_US + number * 1000e6;
      const end_us = endOf({ start_us });
      return [
        ...attempt({ attempt: number, start_us, first: number * 10 }),
        { type: 'fail', job: 'a', attempt: number, time_us: end_us, cause: 'oom' },
      ];
    });
    const late = attempt({ attempt: 4, start_us: START_US + 3100e6, first: 40 });
    const long = fail('xid:79', { attempt: 4, time_us: endOf({ start_us: START_US + 3100e6 }) });
    const last = attempt({ attempt: 5, start_us: START_US + 90_000e6, first: 50 });
    const { losses } = jobReport([...short, ...late, long, ...last], { job: 'a' });
    expect(losses.slice(0, 2).map(({ cause, count }) => [cause, count])).toEqual([
      ['xid:79', 1],
      ['out_of_memory', 3],
    ]);
  });

  it('show missing elastic capacity as its share', () => {
    const capacity = {
      type: 'capacity',
      job: 'a',
      time_us: START_US + 10e6,
      stepping: 6,
      available: 6,
      total: 8,
    } as const;
    const { losses } = jobReport([...attempt(), capacity], { job: 'a' });
    const missing = losses.find(({ class: name }) => name === 'missing_capacity');
    expect(missing).toMatchObject({ device_seconds: 40, domain: 'infrastructure' });
    expect(missing?.share).toBeCloseTo(40 / 240, 12);
  });

  it('are in seconds where nobody said how many devices there are', () => {
    const events = [...attempt(), fail('xid:79'), ...again].map((event) => {
      if (event.type !== 'attempt_start') return event;
      const { device_count: _, ...bare } = event;
      return bare;
    });
    const { losses } = jobReport(events, { job: 'a' });
    expect(losses[0]).toMatchObject({ device_seconds: null, wall_s: 166 });
    expect(losses[0]?.share).toBeGreaterThan(0);
  });

  it('add up over windows', () => {
    const cuts = [START_US, START_US + 21e6, FAILED_US + 5e6, FAILED_US + 38e6, FAILED_US + 100e6];
    const parts = cuts.slice(1).map((to_us, index) => {
      return reportOf(fail('oom'), { from_us: cuts[index], to_us }).losses;
    });
    const whole = reportOf(fail('oom')).losses;
    const own = (list: typeof whole) =>
      list.find(({ cause }) => cause === 'out_of_memory')?.device_seconds ?? 0;
    expect(total(parts.map(own))).toBeCloseTo(own(whole), 6);
  });
});

describe('the repair ladder', () => {
  const state = (name: NodeStateEvent['state'], after_s: number, node = 'n1'): NodeStateEvent => ({
    type: 'node_state',
    node,
    time_us: FAILED_US + after_s * 1e6,
    state: name,
  });
  const rungsOf = (report: ReturnType<typeof reportOf>) =>
    report.incidents[0]?.ladder.map(({ rung, after_s, source }) => [rung, after_s, source]);

  it('has all eight rungs, each with who told it', () => {
    const detect = { type: 'mark', job: 'a', kind: 'detect', time_us: FAILED_US + 4e6 } as const;
    const events = [...attempt(), fail('xid:79', { node: 'n1' }), detect, ...again];
    const node_states = [
      state('unhealthy', 2),
      state('quarantined', 9),
      state('healthy', 25),
      state('healthy', 60),
    ];
    expect(rungsOf(jobReport(events, { job: 'a', node_states }))).toEqual([
      ['last_progress', -120, 'step'],
      ['fail', 0, 'fail'],
      ['detected', 4, 'mark'],
      ['localized', 9, 'node_state'],
      ['nodes_ready', 25, 'node_state'],
      ['processes_up', 30, 'attempt_start'],
      ['first_step', 40, 'step'],
      ['progress_regained', 46, 'step'],
    ]);
  });

  it('says of a rung that was not reached, or that nobody told, nothing', () => {
    const ladder = rungsOf(reportOf(fail('oom')));
    expect(ladder?.slice(2, 5)).toEqual([
      ['detected', null, null],
      ['localized', null, null],
      ['nodes_ready', null, null],
    ]);
    const still = jobReport([...attempt(), fail('oom')], { job: 'a', now_us: FAILED_US + 50e6 });
    expect(still.incidents[0]?.ladder.at(-1)).toEqual({
      rung: 'progress_regained',
      at_us: null,
      after_s: null,
      source: null,
    });
  });

  it('knows no failure time of an attempt that another one replaced without a word', () => {
    const ladder = jobReport([...attempt(), ...again], { job: 'a' }).incidents[0]?.ladder;
    expect(ladder?.find(({ rung }) => rung === 'fail')).toMatchObject({ at_us: null, source: null });
    expect(ladder?.every(({ after_s }) => after_s === null)).toBe(true);
    expect(ladder?.find(({ rung }) => rung === 'last_progress')?.at_us).toBe(endOf());
  });

  it('looks at no other node than the one at fault', () => {
    const events = [...attempt(), fail('xid:79', { node: 'n1' }), ...again];
    const node_states = [state('unhealthy', 2, 'n2')];
    const ladder = rungsOf(jobReport(events, { job: 'a', node_states }));
    expect(ladder?.[2]).toEqual(['detected', null, null]);
  });
});
