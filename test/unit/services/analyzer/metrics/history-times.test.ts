import { describe, expect, it } from 'vitest';
import { gridTime, historyTimes } from '../../../../../services/analyzer/metrics/history-times.ts';

const LIMITS = { interval_ms: 5000, points_max: 100, visits_max: 1e6 };
const FROM_US = 1_800_000_003_000_000;

describe('historyTimes', () => {
  it('lies on the grid and draws the end itself', () => {
    const times = historyTimes(FROM_US, FROM_US + 21e6, 10, LIMITS);
    expect(times).toEqual([5, 10, 15, 20, 25].map((s) => 1_800_000_000_000 + s * 1000));
  });

  it('spreads over a longer run, within the points allowed', () => {
    const times = historyTimes(FROM_US, FROM_US + 3600e6, 10, LIMITS);
    expect(times.length).toBeGreaterThan(80);
    expect(times.length).toBeLessThanOrEqual(100);
    expect((times[0] ?? 0) - FROM_US / 1000).toBeLessThan(40_000);
  });

  it('draws fewer points where each goes through more events', () => {
    expect(historyTimes(FROM_US, FROM_US + 400e6, 10, LIMITS).length).toBeGreaterThan(70);
    expect(historyTimes(FROM_US, FROM_US + 400e6, 100_000, LIMITS).length).toBeLessThanOrEqual(10);
  });

  it('leaves no gap that a query would see: rather the oldest part undrawn', () => {
    const times = historyTimes(FROM_US, FROM_US + 10 * 86_400e6, 10, LIMITS);
    expect(times).toHaveLength(100);
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(Math.max(...gaps)).toBe(240_000);
    expect(times.at(-1)).toBe(gridTime(FROM_US + 10 * 86_400e6, 5000) + 5000);
  });
});
