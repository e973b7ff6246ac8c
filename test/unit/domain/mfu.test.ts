import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  flopsPerDevice,
  hardwareFlopsPerToken,
  hfuRatio,
  isAbovePeak,
  mfuByConvention,
  mfuRatio,
  recogniseLogged,
} from '../../../domain/mfu.ts';
import { presetNames, readArchitecture } from '../../../domain/model-config.ts';
import { modelFlops } from '../../../domain/model-flops.ts';

const bloom = modelFlops(readArchitecture('bloom-176b'), 2048);
const bloomRate = (2048 * 2048) / 105.22 / 384;
const llama = modelFlops(readArchitecture('llama3-8b'), 8192);

describe('mfuRatio', () => {
  it('is achieved over peak', () => {
    expect(mfuRatio({ flops_per_token: 10, tokens_per_s: 8, devices: 4, peak_flops: 100 })).toBe(0.2);
    expect(flopsPerDevice(10, { tokens_per_s: 8, devices: 4 })).toBe(20);
  });

  it('is unknown where a part is, and never clamped', () => {
    const known = { flops_per_token: 10, tokens_per_s: 8, devices: 4, peak_flops: 100 };
    expect(mfuRatio({ ...known, tokens_per_s: null })).toBeNull();
    expect(mfuRatio({ ...known, devices: null })).toBeNull();
    expect(mfuRatio({ ...known, devices: 0 })).toBeNull();
    expect(mfuRatio({ ...known, peak_flops: null })).toBeNull();
    expect(mfuRatio({ ...known, peak_flops: 10 })).toBe(2);
  });

  it('of BLOOM on 384 A100 is 36.0 % (full) and 35.6 % (causal)', () => {
    const mfu = mfuByConvention(bloom, { tokens_per_s: bloomRate * 384, devices: 384, peak_flops: 312e12 });
    expect(mfu.mm_full).toBeCloseTo(0.36002292, 7);
    expect(mfu.mm_causal).toBeCloseTo(0.35592009, 7);
  });
});

describe('hardware FLOPs', () => {
  const { mm_full } = bloom.flops_per_token;

  it('exist only with a known recompute setting', () => {
    const speed = { tokens_per_s: 1, devices: 1, peak_flops: 1e15, model: bloom };
    expect(hardwareFlopsPerToken(bloom, undefined)).toBeNull();
    expect(hfuRatio({ ...speed, recompute: undefined })).toBeNull();
    expect(hardwareFlopsPerToken(bloom, 'none')).toBe(mm_full);
  });

  it('with full recomputation are the SC21 formula', () => {
    const [s, h, L, V] = [2048, 14_336, 70, 250_880];
    const sc21 = 96 * L * h ** 2 * (1 + s / (6 * h) + V / (16 * L * h));
    expect((hardwareFlopsPerToken(bloom, 'full') ?? 0) / sc21).toBeCloseTo(1, 12);
  });

  it('with selective recomputation are the formula of arXiv 2205.05198', () => {
    const [s, h, L, V] = [2048, 14_336, 70, 250_880];
    const formula = 72 * L * h ** 2 * (1 + s / (3 * h) + V / (12 * L * h));
    expect((hardwareFlopsPerToken(bloom, 'selective') ?? 0) / formula).toBeCloseTo(1, 12);
  });

  it('are between the model FLOPs and 4/3 of them when everything is recomputed', () => {
    fc.assert(
      fc.property(fc.constantFrom(...presetNames()), fc.integer({ min: 1, max: 200_000 }), (name, length) => {
        const model = modelFlops(readArchitecture(name), length);
        for (const convention of ['mm_full', 'mm_causal'] as const) {
          const hardware = hardwareFlopsPerToken(model, 'full', convention) ?? 0;
          expect(hardware).toBeGreaterThan(model.flops_per_token[convention]);
          expect(hardware).toBeLessThanOrEqual((4 / 3) * model.flops_per_token[convention] * (1 + 1e-12));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('of BLOOM are 47.8 % of the peak', () => {
    const speed = { tokens_per_s: bloomRate * 384, devices: 384, peak_flops: 312e12 };
    expect(hfuRatio({ ...speed, model: bloom, recompute: 'full' })).toBeCloseTo(0.47763724, 7);
  });
});

describe('recogniseLogged', () => {
  it('sees that the 149.02 TFLOP/s in BLOOM’s log are hardware FLOPs', () => {
    const seen = recogniseLogged({
      logged_flops_per_device: 149.02e12,
      tokens_per_s_per_device: bloomRate,
      model: bloom,
    });
    expect(seen.recognised_as).toBe('hfu_full_recompute_sc21');
    expect(seen.note).toMatch(/HFU, not MFU/);
    expect(Math.abs(seen.residual_ratio)).toBeLessThan(1e-4);
  });

  it('sees that torchtitan counts the whole score matrix', () => {
    const logged = { logged_flops_per_device: 338.24e12, tokens_per_s_per_device: 5840, model: llama };
    expect(recogniseLogged(logged).recognised_as).toBe('mm_full');
    expect(recogniseLogged({ ...logged, recompute: 'selective' }).recognised_as).toBe('mm_full');
  });

  it('recognises each convention in its own figure', () => {
    for (const [convention, flops] of Object.entries(llama.flops_per_token)) {
      const seen = recogniseLogged({
        logged_flops_per_device: flops * 5000 * 1.0005,
        tokens_per_s_per_device: 5000,
        model: llama,
      });
      expect(seen.recognised_as).toBe(convention);
      expect(seen.candidates[0]).toBe(convention);
    }
  });

  it('leaves hardware FLOPs out where the job recomputes nothing', () => {
    const logged = { logged_flops_per_device: 149.02e12, tokens_per_s_per_device: bloomRate, model: bloom };
    expect(recogniseLogged({ ...logged, recompute: 'none' }).recognised_as).toBeNull();
  });

  it('says by how much the nearest is off when nothing explains the figure', () => {
    const seen = recogniseLogged({
      logged_flops_per_device: 700e12,
      tokens_per_s_per_device: 5840,
      model: llama,
    });
    expect(seen.recognised_as).toBeNull();
    expect(seen.candidates).toEqual([]);
    expect(seen.note).toMatch(/off by .*%/);
  });
});

describe('isAbovePeak', () => {
  it('rejects what a device cannot do, and nothing where the peak is unknown', () => {
    expect(isAbovePeak(2400e12, 459e12)).toBe(true);
    expect(isAbovePeak(459e12, 459e12)).toBe(false);
    expect(isAbovePeak(2400e12, null)).toBe(false);
  });
});
