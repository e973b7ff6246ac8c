import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distinctSteps } from '../../../../domain/ledger/executions.ts';

describe('distinctSteps', () => {
  it('counts each step once, however the lines that cover it overlap', () => {
    const line = fc.record({
      step: fc.integer({ min: 20, max: 60 }),
      count: fc.integer({ min: 1, max: 20 }),
    });
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const covered = new Set<number>();
        for (const { step, count } of lines) for (let n = step - count + 1; n <= step; n++) covered.add(n);
        expect(distinctSteps(lines)).toBe(covered.size);
      }),
    );
  });
});
