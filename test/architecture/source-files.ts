import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface SourceFile {
  /** Relative to the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

export interface Import {
  /** Path relative to the repository for a file of ours, else the name of a package (`hono`, `node:fs`). */
  readonly target: string;
  readonly own: boolean;
  readonly typeOnly: boolean;
}

/** Every TypeScript file that git knows or would add, outside the browser page. */
export function sourceFiles(): readonly SourceFile[] {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.ts'], { cwd: ROOT });
  return listed
    .toString()
    .split('\n')
    .filter((path) => path !== '' && !path.endsWith('.d.ts'))
    .map((path) => {
      const text = readFileSync(join(ROOT, path), 'utf8');
      return { path, text, imports: importsOf(path, text) };
    });
}

const IMPORT = /(?:^|\n)\s*(import|export)\s+(type\s+)?(?:([^'";]*?)\s+from\s+)?['"]([^'"]+)['"]/g;
const DYNAMIC = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

function importsOf(path: string, text: string): Import[] {
  const found: Import[] = [];
  for (const [, , type, names, specifier] of text.matchAll(IMPORT)) {
    if (specifier === undefined) continue;
    found.push(importOf(path, specifier, type !== undefined || onlyTypes(names)));
  }
  for (const [, specifier] of text.matchAll(DYNAMIC)) {
    if (specifier !== undefined) found.push(importOf(path, specifier, false));
  }
  return found;
}

/** `{ type A, type B }` brings no code either. */
function onlyTypes(names: string | undefined): boolean {
  const inner = /^\{([\s\S]*)\}$/.exec(names?.trim() ?? '')?.[1];
  if (inner === undefined) return false;
  const parts = inner.split(',').map((part) => part.trim());
  return parts.every((part) => part === '' || part.startsWith('type '));
}

function importOf(path: string, specifier: string, typeOnly: boolean): Import {
  if (!specifier.startsWith('.')) return { target: packageOf(specifier), own: false, typeOnly };
  const target = normalize(join(dirname(path), specifier));
  return { target: relative('.', target), own: true, typeOnly };
}

function packageOf(specifier: string): string {
  const [scope, name] = specifier.split('/');
  if (specifier.startsWith('node:') || scope === undefined) return specifier;
  return scope.startsWith('@') ? `${scope}/${name}` : scope;
}
