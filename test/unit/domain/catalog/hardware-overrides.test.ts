import { describe, expect, it } from 'vitest';
import {
  BadHardwareOverride,
  findHardware,
  hardwareCatalog,
  hardwareOverrides,
  peakOf,
  peakRefusal,
  sparsityLikeness,
} from '../../../../domain/catalog/hardware.ts';
import { jobReport } from '../../../../domain/report/job-report.ts';
import { SITE_DEFAULTS } from '../../../../domain/report/site.ts';
import { attempt, llamaSpec } from '../../../support/training-events.ts';

const CAPPED = { key: 'h100-sxm', peak_tflops: { bf16: 900 }, tdp_w: 500, source: 'capped at 500 W' };
const OWN = { key: 'xpu-1', names: ['Acme XPU-1'], peak_tflops: { bf16: 400 }, unit_of_device: 'chip' };

function specOf(name: string, overrides: ReturnType<typeof hardwareOverrides>) {
  const { spec, reason } = findHardware(name, overrides);
  if (spec === null) throw new Error(reason);
  return spec;
}

describe('hardware overrides', () => {
  it('go before the catalog for every name of a device, and keep what they do not say', () => {
    const overrides = hardwareOverrides([CAPPED]);
    for (const name of ['h100-sxm', 'NVIDIA H100 80GB HBM3', '64xNVIDIA HGX H100']) {
      const spec = specOf(name, overrides);
      expect(spec).toMatchObject({ tdp_w: 500, memory_gb: 80, vendor: 'NVIDIA' });
      expect(spec.peak_flops).toMatchObject({ bf16: 900e12, fp8: 1979e12 });
    }
    expect(specOf('NVIDIA H100 PCIe', overrides).peak_flops.bf16).toBe(756e12);
    expect(hardwareCatalog(overrides).find(({ key }) => key === 'h100-sxm')?.tdp_w).toBe(500);
  });

  it('say that they are the site’s where the source of a peak is printed', () => {
    const { source } = peakOf(specOf('H100', hardwareOverrides([CAPPED])), 'bf16');
    expect(source).toMatch(/site setting hardware_overrides\[0\] \(capped at 500 W\)$/);
  });

  it('add a device that the catalog lacks, under its key and its names', () => {
    const overrides = hardwareOverrides([OWN]);
    for (const name of ['xpu-1', 'acme  xpu_1', 'Acme XPU-1']) {
      expect(specOf(name, overrides)).toMatchObject({
        key: 'xpu-1',
        unit_of_device: 'chip',
        memory_gb: null,
      });
    }
    expect(hardwareCatalog(overrides).at(-1)).toMatchObject({ key: 'xpu-1', name: 'Acme XPU-1' });
    expect(findHardware('xpu-1').spec).toBeNull();
  });

  it('give a name of another device to their own', () => {
    const overrides = hardwareOverrides([{ ...OWN, names: ['NVIDIA H200 NVL'] }]);
    expect(specOf('NVIDIA H200 NVL', overrides).key).toBe('xpu-1');
  });

  it.each([
    ['hardware_overrides[0]', [7]],
    ['hardware_overrides[0].key', [{ peak_tflops: { bf16: 1 } }]],
    ['hardware_overrides[0].peak_tflops', [{ key: 'new' }]],
    ['hardware_overrides[0].peak_tflops', [{ key: 'new', peak_tflops: {} }]],
    ['hardware_overrides[0].peak_tflops.bf17', [{ key: 'new', peak_tflops: { bf17: 1 } }]],
    ['hardware_overrides[0].peak_tflops.bf16', [{ key: 'new', peak_tflops: { bf16: -1 } }]],
    ['hardware_overrides[0].peak_tflops.bf16', [{ key: 'h100-sxm', peak_tflops: { bf16: 1979 } }]],
    ['hardware_overrides[0].tdp_w', [{ key: 'h100-sxm', tdp_w: '700' }]],
    ['hardware_overrides[0].colour', [{ key: 'h100-sxm', colour: 'green' }]],
    ['hardware_overrides[0].names', [{ ...OWN, names: 'x' }]],
    ['hardware_overrides[0].unit_of_device', [{ ...OWN, unit_of_device: 'rack' }]],
    ['hardware_overrides[1].key', [CAPPED, CAPPED]],
  ])('are refused at %s', (path, list) => {
    try {
      hardwareOverrides(list);
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof BadHardwareOverride)) throw error;
      expect(error.path).toBe(path);
      expect(error.message).toMatch(/\S+ \S+/);
    }
  });

  it('decide the MFU of a report', () => {
    const events = [llamaSpec({ tokens_per_step: 65_536 }), ...attempt()];
    const site = { ...SITE_DEFAULTS, hardware_overrides: hardwareOverrides([CAPPED]) };
    const [plain, capped] = [jobReport(events, { job: 'a' }), jobReport(events, { job: 'a', site })];
    const ratio = (capped.mfu_ratio?.mm_causal ?? 0) / (plain.mfu_ratio?.mm_causal ?? Number.NaN);
    expect(ratio).toBeCloseTo(989 / 900, 9);
    expect(capped.hardware.peak_source).toMatch(/capped at 500 W/);
  });
});

describe('with-sparsity figures', () => {
  it.each([
    ['H100', 'bf16', 1979e12, /with-sparsity bf16 figure of NVIDIA H100 SXM: .* peak is 989 /],
    ['H100', 'bf16', 3958e12, /with-sparsity fp8 figure/],
    ['H100', 'fp8', 3958e12, /with-sparsity fp8 figure/],
    ['A100', 'bf16', 624e12, /with-sparsity bf16 figure of NVIDIA A100 SXM/],
    ['A100', 'bf16', 1248e12, /with-sparsity int8 figure/],
    ['H100 PCIe', 'bf16', 1513e12, /with-sparsity/],
    ['B200', 'bf16', 4500e12, /with-sparsity bf16/],
    ['MI300X', 'bf16', 2614.9e12, /with-sparsity/],
  ] as const)('of %s at %s, %d, are refused by name', (name, dtype, flops, reason) => {
    expect(peakRefusal(specOf(name, []), dtype, flops)).toMatch(reason);
  });

  it.each([
    ['H100', 'bf16', 989e12],
    ['H100', 'bf16', 989.5e12],
    ['H100', 'fp8', 1979e12],
    ['H100', 'bf16', 800e12],
    ['A100', 'bf16', 312e12],
  ] as const)('of %s at %s: %d is none', (name, dtype, flops) => {
    expect(peakRefusal(specOf(name, []), dtype, flops)).toBeNull();
  });

  it('are pointed out where nobody said which device it is', () => {
    expect(sparsityLikeness('bf16', 1979e12)).toMatch(/with-sparsity bf16 figure of NVIDIA/);
    expect(sparsityLikeness('bf16', 989e12)).toBeNull();
    expect(sparsityLikeness('bf16', 700e12)).toBeNull();
  });
});
