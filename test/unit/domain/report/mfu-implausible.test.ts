import { describe, expect, it } from 'vitest';
import { findHardware } from '../../../../domain/catalog/hardware.ts';
import { MFU_OVER_OFU_MAX, mfuImplausible } from '../../../../domain/report/mfu-implausible.ts';

const { spec: hardware } = findHardware('h100-sxm');
const spec = { hardware, dtype: 'bf16', devices: 8 };
const mfu = (mm_causal: number) => ({ mm_causal, mm_full: mm_causal * 1.1, palm: null, six_n: null });
const asked = { ofu_ratio: 0.4, mfu_ratio: mfu(0.38), logged_mfu_ratio: null, spec };

describe('MFU against what the tensor units did', () => {
  it('says nothing up to the tolerance, nor where either is unknown', () => {
    const edge = 0.4 + MFU_OVER_OFU_MAX;
    expect(mfuImplausible(asked)).toEqual([]);
    expect(mfuImplausible({ ...asked, mfu_ratio: mfu(edge) })).toEqual([]);
    expect(mfuImplausible({ ...asked, mfu_ratio: mfu(0.9), ofu_ratio: null })).toEqual([]);
    expect(mfuImplausible({ ...asked, mfu_ratio: null })).toEqual([]);
    expect(mfuImplausible({ ...asked, mfu_ratio: mfu(edge + 1e-6) })).toHaveLength(1);
  });

  it('names FP8 products judged by the bf16 peak, and a whole factor of tokens or devices', () => {
    const [verdict] = mfuImplausible({ ...asked, mfu_ratio: mfu(0.78) });
    expect(verdict).toMatchObject({
      name: 'mfu_implausible',
      severity: 'warning',
      logged: 0.78,
      computed: 0.4,
    });
    expect(verdict?.gap_ratio).toBeCloseTo(0.95, 9);
    expect(verdict?.explains.map(({ cause }) => cause)).toEqual(
      expect.arrayContaining(['peak_fp8', 'token_or_device_factor']),
    );
    expect(verdict?.message).toContain('OFU 40.0 %');
    expect(verdict?.explains.find(({ cause }) => cause === 'token_or_device_factor')?.note).toContain(
      '16 instead of 8',
    );
  });

  it('three times as much is explained by no peak of the device', () => {
    const [verdict] = mfuImplausible({ ...asked, ofu_ratio: 0.2, mfu_ratio: mfu(0.59) });
    expect(verdict?.explains.map(({ cause }) => cause)).toEqual(['token_or_device_factor']);
    const [odd] = mfuImplausible({ ...asked, ofu_ratio: 0.2, mfu_ratio: mfu(0.505) });
    expect(odd?.explains).toEqual([]);
    expect(odd?.message).toContain('is wrong');
  });

  it('a printed MFU above OFU is explained by its convention, where ours is plausible', () => {
    const own = { mm_causal: 0.4, mm_full: 0.5, palm: 0.53, six_n: 0.38 };
    const [verdict, ...others] = mfuImplausible({ ...asked, mfu_ratio: own, logged_mfu_ratio: 0.501 });
    expect(others).toEqual([]);
    expect(verdict?.explains.map(({ cause }) => cause)).toEqual(['mm_full']);
    expect(verdict?.message).toContain('framework');
  });
});
