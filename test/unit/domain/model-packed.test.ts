import { describe, expect, it } from 'vitest';
import { readArchitecture } from '../../../domain/model-config.ts';
import { modelFlops } from '../../../domain/model-flops.ts';
import { BadPackedLengths, packedLengthsFrom, packedLengthsFromText } from '../../../domain/model-packed.ts';

describe('packed lengths', () => {
  const same = [
    { tokens: 512, documents: 3 },
    { tokens: 4096, documents: 1 },
  ];

  it.each([
    '512,512,4096,512',
    '512 512\n4096\n512\n',
    '512x3, 4096x1',
    '[512, 512, 512, 4096]',
    '[{"tokens": 512, "documents": 3}, {"tokens": 4096}]',
    '{"4096": 1, "512": 3}',
  ])('are read as written: %j', (text) => {
    expect(packedLengthsFromText(text)).toEqual(same);
  });

  it.each(['', '0', '512,-1', '512x', 'abc', '[1.5]', '{"512": 0}', '[', '[{"documents": 2}]', 'true'])(
    'refuse %j',
    (text) => {
      expect(() => packedLengthsFromText(text)).toThrow(BadPackedLengths);
    },
  );

  it('refuse a value that is none', () => {
    expect(() => packedLengthsFrom(7)).toThrow(/expected a list of lengths/);
  });

  it('cost attention as the sum of their squares over their tokens', () => {
    const llama = readArchitecture('llama3-8b');
    const packed = modelFlops(llama, same);
    const squares = 3 * 512 ** 2 + 4096 ** 2;
    const tokens = 3 * 512 + 4096;
    expect(packed.flops_per_token.mm_full).toBeCloseTo(
      6 * packed.matmul_parameters + (6 * 32 * 32 * 256 * squares) / tokens,
      0,
    );
    expect(packed.notes.join()).toMatch(/4 packed documents/);
  });
});
