import { describe, expect, it } from 'vitest';
import { ownLabels } from '../../../../../services/collector/normalize/own-labels.ts';

const TARGET = { job: 'dcgm', instance: 'node-1:9400', rack: 'r1' };

describe('labels of a scraped series', () => {
  it('are its own and the target’s', () => {
    expect({ ...ownLabels([['gpu', '0']], TARGET) }).toEqual({ gpu: '0', ...TARGET });
  });

  it('give way to the target’s as exported_<name>, and again where that is taken', () => {
    const labels = ownLabels(
      [
        ['job', 'theirs'],
        ['exported_job', 'older'],
        ['rack', 'r9'],
      ],
      TARGET,
    );
    expect({ ...labels }).toEqual({
      ...TARGET,
      exported_job: 'older',
      exported_exported_job: 'theirs',
      exported_rack: 'r9',
    });
  });

  it('may have any name', () => {
    const labels = ownLabels(
      [
        ['__proto__', 'x'],
        ['constructor', 'y'],
      ],
      { job: 'a' },
    );
    expect(Object.entries(labels).sort()).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
      ['job', 'a'],
    ]);
  });
});
