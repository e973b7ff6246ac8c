import { describe, expect, it } from 'vitest';
import { type Import, type SourceFile, sourceFiles } from './source-files.ts';

const FILES = sourceFiles();

/** Who may import what. A room that is not named here may import nothing of ours. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  domain: ['domain'],
  platform: ['platform', 'domain'],
  'services/collector': ['services/collector', 'platform', 'domain'],
  'services/analyzer': ['services/analyzer', 'platform', 'domain'],
  'services/api': ['services/api', 'platform', 'domain'],
  'services/all-in-one': ['services', 'platform', 'domain'],
  'services/cluster': ['services', 'platform', 'domain'],
  dashboards: ['dashboards', 'domain'],
  simulator: ['simulator', 'platform', 'domain'],
  cli: ['cli', 'services', 'platform', 'domain', 'simulator', 'dashboards'],
};

function roomOf(path: string): string {
  const [top, second] = path.split('/');
  return top === 'services' && second !== undefined ? `${top}/${second}` : (top ?? '');
}

function violations(
  files: readonly SourceFile[],
  wrong: (file: SourceFile, one: Import) => boolean,
): string[] {
  return files.flatMap((file) =>
    file.imports.filter((one) => wrong(file, one)).map((one) => `${file.path} imports ${one.target}`),
  );
}

const PRODUCT = FILES.filter(({ path }) => !path.startsWith('test/') && path.includes('/'));

describe('the import law', () => {
  it('knows every room', () => {
    const unknown = new Set(PRODUCT.map(({ path }) => roomOf(path)).filter((room) => !(room in ALLOWED)));
    expect([...unknown]).toEqual([]);
  });

  it('lets a room import only what it may', () => {
    const isWithin = (target: string, place: string) => target.startsWith(`${place}/`);
    const found = violations(PRODUCT, ({ path }, { own, target }) => {
      const allowed = ALLOWED[roomOf(path)] ?? [];
      return own && !allowed.some((place) => isWithin(target, place));
    });
    expect(found).toEqual([]);
  });

  it('keeps packages and Node out of the domain', () => {
    const domain = PRODUCT.filter(({ path }) => path.startsWith('domain/'));
    expect(domain.length).toBeGreaterThan(10);
    expect(violations(domain, (_, { own }) => !own)).toEqual([]);
  });

  it('lets only the composing rooms build adapters', () => {
    const adapters =
      /^platform\/(bus\/(spool|outage-writer|kafka\/(reader|writer))|store\/(embedded|server|migrate))\.ts$/;
    const builders = /^(services\/(all-in-one|cluster)|cli)\//;
    const found = violations(
      PRODUCT.filter(({ path }) => !builders.test(path) && !path.startsWith('platform/')),
      (_, { target, typeOnly }) => adapters.test(target) && !typeOnly,
    );
    expect(found).toEqual([]);
  });

  it.each([
    ['kafkajs', 1],
    ['chdb', 2],
    ['@clickhouse/client', 2],
  ])('has %s in at most %i files', (name, limit) => {
    const users = PRODUCT.filter(({ imports }) => imports.some(({ target }) => target === name));
    expect(users.map(({ path }) => path).length).toBeLessThanOrEqual(limit);
  });

  it('reads the environment in one file', () => {
    const users = PRODUCT.filter(({ text }) => /\bprocess\.env\b/.test(text)).map(({ path }) => path);
    expect(users).toEqual(['platform/environment.ts']);
  });
});
