import { describe, expect, it } from 'vitest';
import { account, end, fail, start, step } from './timeline.ts';

const steps = (attempt: number, from: number, to: number, from_s: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => step(attempt, from + i, from_s + i * 2));

describe('incidents beyond a failure that was repaired', () => {
  it('tell of a hang that went on by itself: since when and for how long, its time still productive (R2)', () => {
    const hung = account([start(1, 0), ...steps(1, 0, 20, 0), ...steps(1, 21, 30, 4040), end(1, 4060)]);
    expect(hung.incidents).toHaveLength(1);
    expect(hung.incidents[0]).toMatchObject({
      kind: 'hang',
      state: 'recovered',
      failed_at_us: 40_000_000,
      time_to_regain_progress_s: 4000,
      lost_steps: 0,
    });
    expect(hung.segments.every(({ bucket }) => bucket === 'productive')).toBe(true);
  });

  it('take no slow first step for a hang while a first step may take so long', () => {
    const slow = account([start(1, 0), step(1, 0, 0, 1700), ...steps(1, 1, 20, 1700), end(1, 1740)]);
    expect(slow.incidents).toEqual([]);
  });

  it('know of an attempt that was superseded without a word only what is counted from its last progress', () => {
    const told = [start(1, 0), step(1, 0, 0, 10), step(1, 1, 10), start(2, 7200), step(2, 1, 7210, 7220)];
    const [incident] = account([...told, end(2, 7230)]).incidents;
    expect(incident).toMatchObject({
      state: 'recovered',
      cause: null,
      time_to_restart_s: null,
      time_to_first_step_s: null,
      time_to_regain_progress_s: null,
      last_progress_at_us: 10_000_000,
      last_progress_to_regain_s: 7200,
    });
  });

  it('show an unclean end that nothing followed', () => {
    const killed = account([start(1, 0), step(1, 0, 0, 10), end(1, 20, false)]);
    expect(killed.incidents).toMatchObject([
      { kind: 'interruption', state: 'ended', failed_at_us: 20_000_000 },
    ]);
    expect(account([start(1, 0), step(1, 0, 0, 10), end(1, 20)]).incidents).toEqual([]);
  });

  it('take the end of a log for no failure', () => {
    const closed = { ...end(1, 20, false), labels: { closed_by: 'end of log' } };
    expect(account([start(1, 0), step(1, 0, 0, 10), closed]).incidents).toEqual([]);
  });

  it('are not open for ever: the job may end before progress is regained', () => {
    const given_up = account([start(1, 0), step(1, 0, 0, 10), fail(1, 15), start(2, 20), end(2, 30)]);
    expect(given_up.incidents.map(({ state }) => state)).toEqual(['ended']);
  });
});
