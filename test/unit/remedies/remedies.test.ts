import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { REMEDIES } from '../../remedies/remedies.ts';

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

it.each(REMEDIES)('the remedy is where it is looked for, and its test too: $name', ({ file, text, test }) => {
  expect(read(file).split(text).length - 1).toBe(1);
  const [path, named] = test;
  expect(read(path)).toContain(named);
});
