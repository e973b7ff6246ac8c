import { describe, expect, it } from 'vitest';
import {
  denominatorsOf,
  findHardware,
  hardwareCatalog,
  peakOf,
  peakRefusal,
} from '../../../../domain/catalog/hardware.ts';

function specOf(name: string) {
  const { spec, reason } = findHardware(name);
  if (spec === null) throw new Error(reason);
  return spec;
}

describe('findHardware', () => {
  it.each([
    ['NVIDIA H100 80GB HBM3', 'h100-sxm'],
    ['NVIDIA-H100-80GB-HBM3', 'h100-sxm'],
    ['H100', 'h100-sxm'],
    ['h100-sxm5-80gb', 'h100-sxm'],
    ['NVIDIA H100-SXM5-80GB', 'h100-sxm'],
    ['64xNVIDIA HGX H100', 'h100-sxm'],
    ['64xNVIDIA DGX H100', 'h100-sxm'],
    ['H100SXM', 'h100-sxm'],
    ['NVIDIA H100 PCIe', 'h100-pcie'],
    ['H100PCIe', 'h100-pcie'],
    ['NVIDIA H100 NVL', 'h100-nvl'],
    ['NVIDIA GH200 480GB', 'gh200'],
    ['NVIDIA H200', 'h200-sxm'],
    ['NVIDIA H20', 'h20'],
    ['NVIDIA H20-3e', 'h20-141gb'],
    ['NVIDIA H800', 'h800-sxm'],
    ['NVIDIA A100-SXM4-80GB', 'a100-sxm'],
    ['NVIDIA A100 80GB PCIe', 'a100-pcie'],
    ['NVIDIA A100-SXM4-40GB', 'a100-sxm-40gb'],
    ['A100-PCIE-40GB', 'a100-pcie-40gb'],
    ['A100', 'a100-sxm'],
    ['NVIDIA A800-SXM4-80GB', 'a800-sxm'],
    ['Tesla V100-SXM2-32GB', 'v100-sxm'],
    ['Tesla V100-PCIE-16GB', 'v100-pcie'],
    ['NVIDIA B200', 'b200'],
    ['NVIDIA GB200', 'gb200'],
    ['Tyche (72x NVIDIA GB200)', 'gb200'],
    ['NVIDIA B300 SXM6 AC', 'b300'],
    ['NVIDIA GB300', 'gb300'],
    ['NVIDIA L40S', 'l40s'],
    ['NVIDIA L40', 'l40'],
    ['Tesla T4', 't4'],
    ['MTT S4000', 'mtt-s4000'],
    ['NVIDIA L4', 'l4'],
    ['Aqua Vanjaram [Instinct MI300X VF]', 'mi300x'],
    ['AMD_Instinct_MI300X_OAM', 'mi300x'],
    ['AMD Instinct MI250X/MI250', 'mi250x'],
    ['AMD Instinct MI355X', 'mi355x'],
    ['910A-Ascend-V1', 'ascend-910a'],
    ['Ascend910B3', 'ascend-910b3'],
    ['Ascend 910B', 'ascend-910b'],
    ['TPU v4', 'tpu-v4'],
    ['TPU v5', 'tpu-v5p'],
    ['TPU v5 lite', 'tpu-v5e'],
    ['tpu-v5p', 'tpu-v5p'],
    ['TPU v6 lite', 'tpu-v6e'],
    ['TPU7x', 'tpu-v7'],
    ['8xGaudi2', 'gaudi2'],
    ['HL-225', 'gaudi2'],
    ['trn2', 'trainium2'],
  ])('takes %s for %s', (name, key) => {
    expect(specOf(name).key).toBe(key);
  });

  it.each([
    'NVIDIA GeForce RTX 4090',
    'H1000',
    'MI300A',
    '',
    'NVIDIA H200 NVL',
    'NVIDIA H100 80GB HBM3 MIG 1g.10gb',
    'NVIDIA H800 PCIe',
    'A100-SXM-64GB',
    'Ascend910',
    'Ascend910_9391',
    'x'.repeat(10_000),
  ])('gives a reason instead of a guess for %j', (name) => {
    const found = findHardware(name);
    expect(found.spec).toBeNull();
    expect(found.reason).toMatch(/\S+ \S+/);
  });

  it('finds every row under its key and under its own name', () => {
    const keys = hardwareCatalog().map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    for (const spec of hardwareCatalog()) {
      expect(specOf(spec.key)).toBe(spec);
      expect(spec.source).toMatch(/\S/);
      expect(spec.read_on).toMatch(/^\d{4}-\d{2}-\d{2}$/);
    }
  });
});

describe('peakOf', () => {
  it.each([
    ['H100', 'bf16', 989e12],
    ['H100', 'torch.bfloat16', 989e12],
    ['H100', 'bf16-mixed', 989e12],
    ['H100', 'fp8', 1979e12],
    ['H100', 'float8_e4m3fn', 1979e12],
    ['NVIDIA H100 PCIe', 'bf16', 756e12],
    ['NVIDIA H100 NVL', 'bf16', 835e12],
    ['A100', 'fp16', 312e12],
    ['V100', 'fp16', 125e12],
    ['MI250X', 'bf16', 191.5e12],
    ['MI300X', 'bf16', 1307e12],
    ['TPU v4', 'bf16', 275e12],
    ['B200', 'nvfp4', 9000e12],
  ])('of %s at %s is %d', (name, dtype, peak) => {
    expect(peakOf(specOf(name), dtype)).toMatchObject({ peak_flops: peak, reason: null });
  });

  it('says its unit of device and where it was read', () => {
    expect(peakOf(specOf('MI250X'), 'bf16').source).toMatch(/dense bf16, per gcd: .*torchtitan.*read \d{4}/);
  });

  it.each([
    ['V100', 'bf16'],
    ['A100', 'fp8'],
    ['H100', 'fp4'],
    ['H100', 'complex64'],
  ])('of %s at %s is null with a reason', (name, dtype) => {
    expect(peakOf(specOf(name), dtype)).toMatchObject({ peak_flops: null, source: null });
    expect(peakOf(specOf(name), dtype).reason).toMatch(/known/i);
  });

  it('holds no with-sparsity figure: fp8 is at most twice bf16, fp4 at most twice fp8 and a rounding', () => {
    for (const { peak_flops } of hardwareCatalog()) {
      const { bf16, fp8, fp4 } = peak_flops;
      if (bf16 !== undefined && fp8 !== undefined) expect(fp8).toBeLessThanOrEqual(2.03 * bf16);
      if (fp8 !== undefined && fp4 !== undefined) expect(fp4).toBeLessThanOrEqual(2.03 * fp8);
    }
  });
});

describe('denominatorsOf', () => {
  it('shows FP8 runs against both peaks', () => {
    expect(denominatorsOf(specOf('H100'), 'fp8')).toEqual([
      { dtype: 'fp8', peak_flops: 1979e12 },
      { dtype: 'bf16', peak_flops: 989e12 },
    ]);
    expect(denominatorsOf(specOf('H100'), 'bf16')).toEqual([{ dtype: 'bf16', peak_flops: 989e12 }]);
  });
});

describe('peakRefusal', () => {
  it.each([1979e12, 1978.9e12, 1970e12])('names %d on an H100 at bf16 as with sparsity', (given) => {
    expect(peakRefusal(specOf('H100'), 'bf16', given)).toMatch(/with-sparsity bf16 .*989 TFLOP/);
  });

  it('takes a measured, a dense or an unknown peak', () => {
    expect(peakRefusal(specOf('H100'), 'bf16', 989.5e12)).toBeNull();
    expect(peakRefusal(specOf('H100'), 'bf16', 795e12)).toBeNull();
    expect(peakRefusal(specOf('H100'), 'fp8', 1979e12)).toBeNull();
    expect(peakRefusal(specOf('H100'), 'fp4', 1979e12)).toBeNull();
  });
});
