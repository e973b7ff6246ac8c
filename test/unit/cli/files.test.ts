import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { textOfFile, textOfInput } from '../../../cli/files.ts';
import { EXIT } from '../../../cli/outcome.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** Numbered, so that a part can be told from the whole; hashed, so that it does not shrink to one block. */
const LINES = Array.from({ length: 20_000 }, (_, n) => `${n} ${(n * 2_654_435_761) % 4_294_967_296}\n`);

async function file(bytes: Buffer | string): Promise<string> {
  const path = join(await temporaryFolder(), 'a.log.gz');
  await writeFile(path, bytes);
  return path;
}

describe('a compressed file', () => {
  const whole = gzipSync(LINES.join(''));

  it('is unpacked, also without the name', async () => {
    expect(await textOfInput(await file(whole))).toEqual({ text: LINES.join(''), damage: null });
    expect(await textOfInput(await file('plain\n'))).toEqual({ text: 'plain\n', damage: null });
  });

  it.each([0.25, 0.5, 0.9])('that is cut at %d of it gives its whole lines, and says so', async (share) => {
    const { text, damage } = await textOfInput(await file(whole.subarray(0, whole.length * share)));
    const kept = text.split('\n').length - 1;
    expect(text).toBe(LINES.slice(0, kept).join(''));
    expect(kept / LINES.length).toBeGreaterThan(share * 0.8);
    expect(kept).toBeLessThan(LINES.length);
    expect(damage).toContain(`first ${kept} lines`);
  });

  it('that lost only its checksum gives everything', async () => {
    const { text, damage } = await textOfInput(await file(whole.subarray(0, -4)));
    expect(text).toBe(LINES.join(''));
    expect(damage).toContain('cut');
  });

  it('that gives no line is refused', async () => {
    const path = await file(whole.subarray(0, 12));
    await expect(textOfInput(path)).rejects.toMatchObject({
      exitCode: EXIT.usage,
      message: expect.stringContaining(path),
    });
  });

  it('is taken whole or not at all where a part means something else', async () => {
    const path = await file(whole.subarray(0, whole.length / 2));
    await expect(textOfFile(path)).rejects.toMatchObject({ exitCode: EXIT.usage });
  });
});
