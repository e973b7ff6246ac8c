import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe } from 'vitest';

/** Real public inputs live beside the checkout of its makers, never inside it: a user's clone has none. */
const FIXTURES = fileURLToPath(new URL('../../../shared/fixtures/', import.meta.url));
const CASES = fileURLToPath(new URL('../../../shared/spec/cases/', import.meta.url));

export function fixturePath(name: string): string {
  return `${FIXTURES}${name}`;
}

/** Open scenarios with worked answers: `ledger.json`, `efficiency.json`. */
export function casePath(name: string): string {
  return `${CASES}${name}`;
}

/** `describe` that is skipped, under a name that says why, where the public inputs are not there. */
export function describeWithFixtures(name: string, body: () => void): void {
  if (existsSync(FIXTURES)) describe(name, body);
  else describe.skip(`${name} [skipped: shared/fixtures is not beside this checkout]`, body);
}
