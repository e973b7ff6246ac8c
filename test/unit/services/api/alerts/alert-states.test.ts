import { describe, expect, it } from 'vitest';
import { episodesOf } from '../../../../../services/api/alerts/alert-states.ts';
import { NO_LABELS } from '../../../../../services/api/promql/labels.ts';

/** One character an evaluation, 10 s apart: `x` where the condition holds. */
function episodes(line: string, for_s: number, keep_firing_s = 0) {
  const held = [...line].flatMap((mark, index) => (mark === 'x' ? [index * 10_000] : []));
  const grid = { start_ms: 0, end_ms: (line.length - 1) * 10_000, step_ms: 10_000 };
  const series = { labels: NO_LABELS, ts_ms: held, values: held.map((ms) => ms / 1000) };
  return episodesOf(series, grid, { for_s, keep_firing_s }).map(({ labels: _, ...rest }) => rest);
}

describe('the states of an alert', () => {
  it('begin pending, and fire once the condition held for long enough', () => {
    expect(episodes('..xxx', 20)).toEqual([
      { active_ms: 20_000, firing_ms: 40_000, end_ms: null, is_cut: false, value: 40 },
    ]);
    expect(episodes('..xx', 20)).toMatchObject([{ active_ms: 20_000, firing_ms: null, end_ms: null }]);
  });

  it('fire at once without a wait', () => {
    expect(episodes('.x.', 0)).toMatchObject([{ active_ms: 10_000, firing_ms: 10_000, end_ms: 20_000 }]);
  });

  it('begin anew after a gap: what was pending before does not count', () => {
    expect(episodes('xx.xxx', 20)).toMatchObject([
      { active_ms: 0, firing_ms: null, end_ms: 20_000, is_cut: true },
      { active_ms: 30_000, firing_ms: 50_000, end_ms: null, is_cut: false },
    ]);
  });

  it('go on firing for as long as the rule says, and only then', () => {
    expect(episodes('.x...', 0, 20)).toMatchObject([{ firing_ms: 10_000, end_ms: 30_000 }]);
    expect(episodes('.x.x...', 0, 20)).toMatchObject([{ firing_ms: 10_000, end_ms: 50_000 }]);
    expect(episodes('.x...', 30, 20)).toMatchObject([{ firing_ms: null, end_ms: 20_000 }]);
  });
});
