import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generatedFiles } from './src/generated-files.ts';

/** `npm run generate`: writes dashboards, rules, provisioning, runbooks and the metric reference. */
const root = fileURLToPath(new URL('../', import.meta.url));
for (const { path, content } of generatedFiles()) {
  const target = join(root, path);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, content);
  process.stderr.write(`${path}\n`);
}
