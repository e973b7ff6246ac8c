import { describe, expect, it } from 'vitest';
import { sourceFiles } from './source-files.ts';

/** Longest file and longest function, in lines. A catalog of data is as long as what it lists. */
const FILE_LINES_MAX = 400;
const IS_DATA = /^domain\/catalog\//;

const PRODUCT = sourceFiles().filter(({ path }) => !path.startsWith('test/'));

describe('the house style', () => {
  it(`keeps files within ${FILE_LINES_MAX} lines`, () => {
    const long = PRODUCT.filter(({ path }) => !IS_DATA.test(path))
      .map(({ path, text }) => ({ path, lines: text.split('\n').length }))
      .filter(({ lines }) => lines > FILE_LINES_MAX);
    expect(long).toEqual([]);
  });

  it('has no drawer for everything: no barrel, no utils, helpers or common', () => {
    const drawers = PRODUCT.filter(({ path }) =>
      /(^|\/)(index|utils?|helpers?|common|misc)(\.ts|\/)/.test(path),
    );
    expect(drawers.map(({ path }) => path)).toEqual([]);
  });

  it('silences no compiler or linter without a reason', () => {
    const silenced = PRODUCT.flatMap(({ path, text }) =>
      text
        .split('\n')
        .filter((line) => /@ts-(ignore|nocheck|expect-error)|biome-ignore [^:]*:?\s*$/.test(line))
        .map((line) => `${path}: ${line.trim()}`),
    );
    expect(silenced).toEqual([]);
  });
});
