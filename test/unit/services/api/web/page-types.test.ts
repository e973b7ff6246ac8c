import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../../../', import.meta.url));

it('the modules of the page pass the strict type check, with the types of the dashboards they read', () => {
  const { status, stdout } = spawnSync(
    process.execPath,
    ['node_modules/typescript/bin/tsc', '-p', 'services/api/web/page/tsconfig.json'],
    { cwd: ROOT, encoding: 'utf8' },
  );
  expect([status, stdout]).toEqual([0, '']);
});
