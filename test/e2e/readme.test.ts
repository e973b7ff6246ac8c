import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const run = promisify(execFile);

/** A command of the README and the output printed right after it. */
function examples(): { command: string; output: string }[] {
  const pattern = /```bash\n([^\n]+)\n```\s+```text\n([\s\S]*?)\n```/g;
  return [...README.matchAll(pattern)].map((match) => ({ command: match[1] ?? '', output: match[2] ?? '' }));
}

describe('the README', () => {
  it('shows at least one command with its output', () => {
    expect(examples().length).toBeGreaterThan(0);
  });

  it.each(examples())('prints what it shows: $command', async ({ command, output }) => {
    const [npx, name, ...args] = command.split(' ');
    expect([npx, name]).toEqual(['npx', 'headway']);
    const { stdout } = await run(process.execPath, [join(ROOT, 'bin/headway.js'), ...args], { cwd: ROOT });
    expect(stdout.trimEnd()).toBe(output);
  });

  it('links to files that exist', () => {
    const links = [...README.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map((match) => match[1] ?? '');
    expect(links.length).toBeGreaterThan(5);
    expect(links.filter((link) => !existsSync(join(ROOT, link)))).toEqual([]);
  });
});
