import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { generatedFiles } from '../../../dashboards/src/generated-files.ts';

const ROOT = new URL('../../../', import.meta.url);

describe('what `npm run generate` writes', () => {
  it.each(generatedFiles().map(({ path, content }) => [path, content]))(
    'is committed: %s',
    (path, content) => {
      expect(readFileSync(new URL(path, ROOT), 'utf8')).toBe(content);
    },
  );

  it.each(['dashboards/generated/', 'dashboards/generated/dashboards/', 'docs/runbooks/'])(
    'is all there is in %s',
    (folder) => {
      const written = generatedFiles().map(({ path }) => path);
      const present = readdirSync(fileURLToPath(new URL(folder, ROOT)), { withFileTypes: true });
      const files = present.filter((entry) => entry.isFile()).map(({ name }) => `${folder}${name}`);
      expect(files.filter((path) => !written.includes(path))).toEqual([]);
    },
  );
});
