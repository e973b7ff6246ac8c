/**
 * `npx tsx test/remedies/main.ts [part of a name ...]`: takes out the remedies against the client of Kafka one by one, in
 * a copy of this tree, runs the test that shows each, and says whether it failed. Exit code 1 when one did not: then that
 * remedy could be lost and nobody would know. The tests run beforehand with everything in place belong to `npm test`.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { REMEDIES, type Remedy } from './remedies.ts';

const TEST_LIMIT_MS = 300_000;
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const COPIED = [
  ...['package.json', 'tsconfig.json', 'vitest.config.ts'],
  ...[
    'bin',
    'cli',
    'dashboards',
    'deploy',
    'docs',
    'domain',
    'platform',
    'services',
    'simulator',
    'sql',
    'test',
  ],
];

const parts = process.argv.slice(2);
const chosen = REMEDIES.filter(({ name }) => parts.length === 0 || parts.some((part) => name.includes(part)));
if (chosen.length === 0) throw new Error(`no remedy is called like ${parts.join(', ')}`);
const copy = mkdtempSync(join(tmpdir(), 'headway-remedies-'));
try {
  for (const path of COPIED) cpSync(join(ROOT, path), join(copy, path), { recursive: true });
  mkdirSync(join(copy, '.cache'), { recursive: true });
  for (const path of ['node_modules', '.cache']) {
    rmSync(join(copy, path), { recursive: true, force: true });
    symlinkSync(join(ROOT, path), join(copy, path));
  }
  for (const remedy of chosen) {
    const hasFailed = failsWithout(remedy);
    process.stdout.write(
      `${hasFailed ? 'test fails  ' : 'TEST PASSES '} without: ${remedy.name} (${remedy.test.join(': ')})\n`,
    );
    if (!hasFailed) process.exitCode = 1;
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}

/** Whether the test notices; the copy is whole again afterwards. */
function failsWithout({ file, text, instead, test: [path, named] }: Remedy): boolean {
  const place = join(copy, file);
  const whole = readFileSync(place, 'utf8');
  try {
    writeFileSync(
      place,
      whole.replace(text, () => instead),
    );
    const filter = named === '' ? [] : ['-t', named];
    const { status } = spawnSync('npx', ['vitest', 'run', path, ...filter], {
      ...{ cwd: copy, stdio: 'ignore', timeout: TEST_LIMIT_MS },
    });
    return status !== 0;
  } finally {
    writeFileSync(place, whole);
  }
}
