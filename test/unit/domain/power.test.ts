import { describe, expect, it } from 'vitest';
import { facilityOf, itPowerW } from '../../../domain/power.ts';

/** The AIInfra course, 06Power, pages 12 to 14: 350 W a card, PUE 1.3. */
describe('power of a cluster, against the ladder of a course', () => {
  it('100,000 cards: 35 MW of IT, 45.5 MW with the facility', () => {
    expect(itPowerW(100_000, 350)).toBe(35e6);
    expect(facilityOf(itPowerW(100_000, 350), 1.3)).toBeCloseTo(45.5e6, 3);
  });

  it.each([
    [10_000, 4.55],
    [50_000, 22.75],
    [500_000, 227.5],
    [1_000_000, 455],
  ])('%i cards: %d MW', (cards, megawatts) => {
    expect(facilityOf(itPowerW(cards, 350), 1.3) / 1e6).toBeCloseTo(megawatts, 9);
  });

  it('a rack of 72: 110 kW that compute are 130 kW with fabric and pumps', () => {
    expect(facilityOf(110e3, 130 / 110)).toBeCloseTo(130e3, 6);
  });

  it('refuses a PUE below 1: the facility cannot draw less than what stands in it', () => {
    for (const pue of [0.99, 0, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => facilityOf(1, pue)).toThrow(RangeError);
    }
  });
});
