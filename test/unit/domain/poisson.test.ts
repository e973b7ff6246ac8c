import { describe, expect, it } from 'vitest';
import { chiSquareQuantile, garwoodInterval, meanTimeInterval } from '../../../domain/poisson.ts';

describe('quantiles of the chi-square distribution', () => {
  // NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.4, critical values (three decimals)
  it.each([
    [0.95, 1, 3.841],
    [0.95, 2, 5.991],
    [0.975, 10, 20.483],
    [0.025, 10, 3.247],
    [0.99, 20, 37.566],
    [0.05, 50, 34.764],
    [0.999, 30, 59.703],
    [0.99, 100, 135.807],
    [0.01, 100, 70.065],
  ])('chi2(%d; %d) is %d', (p, freedom, value) => {
    expect(chiSquareQuantile(p, freedom)).toBeCloseTo(value, 3);
  });

  it('of two degrees of freedom are -2 ln(1 - p), exactly', () => {
    for (const p of [0.001, 0.5, 0.95, 0.999_999]) {
      expect(chiSquareQuantile(p, 2) / (-2 * Math.log(1 - p))).toBeCloseTo(1, 10);
    }
  });

  it('hold for thousands of failures', () => {
    // Wilson and Hilferty's approximation is good to 1e-5 there
    const freedom = 20_000;
    const wilson = freedom * (1 - 2 / (9 * freedom) + 1.959_963_985 * Math.sqrt(2 / (9 * freedom))) ** 3;
    expect(chiSquareQuantile(0.975, freedom) / wilson).toBeCloseTo(1, 6);
  });
});

describe('the exact interval of a Poisson count', () => {
  // The 95 % limits as printed in every table after Garwood (1936)
  it.each([
    [0, 0, 3.689],
    [1, 0.0253, 5.572],
    [2, 0.242, 7.225],
    [3, 0.619, 8.767],
    [5, 1.623, 11.668],
    [10, 4.795, 18.39],
    [20, 12.217, 30.888],
    [50, 37.111, 65.919],
    [100, 81.364, 121.627],
  ])('of %d events', (count, low, high) => {
    const interval = garwoodInterval(count, 0.95);
    expect(interval.low).toBeCloseTo(low, 3);
    expect(interval.high).toBeCloseTo(high, 3);
  });

  it('becomes one of the mean time between them; without an event only its lower end is known', () => {
    expect(meanTimeInterval(1000, 1, 0.95).low).toBeCloseTo(1000 / 5.571_643, 4);
    expect(meanTimeInterval(1000, 1, 0.95).high).toBeCloseTo(1000 / 0.025_317_8, 0);
    const none = meanTimeInterval(1000, 0, 0.95);
    expect(none.low).toBeCloseTo(1000 / 2.995_732, 4);
    expect(none.high).toBeNull();
  });
});
