import { describe, expect, it } from 'vitest';
import { findHardware } from '../../../../domain/catalog/hardware.ts';

/** Units and FLOP a clock and unit as vendors' white papers state them; the peak is their product with the clock. */
const UNITS: readonly (readonly [string, number, number])[] = [
  ['v100-sxm', 80, 1024],
  ['v100-pcie', 80, 1024],
  ['a100-sxm', 108, 2048],
  ['h100-sxm', 132, 4096],
  ['h100-pcie', 114, 4096],
  ['l40s', 142, 1024],
  ['b200', 148, 8192],
  ['gb200', 148, 8192],
  ['mi300x', 304, 2048],
];

describe('the clock at which a peak is stated', () => {
  it.each(UNITS)(
    '%s: %i units of %i FLOP a clock come to the peak within 0.1 percent',
    (key, units, flop) => {
      const { spec } = findHardware(key);
      const peak = spec?.peak_flops.bf16 ?? spec?.peak_flops.fp16 ?? 0;
      const clock_hz = (spec?.reference_clock_mhz ?? 0) * 1e6;
      expect(Math.abs((units * flop * clock_hz) / peak - 1)).toBeLessThan(0.001);
    },
  );
});
