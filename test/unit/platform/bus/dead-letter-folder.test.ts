import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DeadLettersFull, openDeadLetterFolder } from '../../../../platform/bus/dead-letter-folder.ts';
import {
  type DeadLetter,
  type DeadLetterReason,
  isOpen,
  NoSuchLetter,
} from '../../../../platform/bus/dead-letters.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const REASON: DeadLetterReason = { code: 'refused_by_tables', text: 'row count differs' };

function letter(id: string, body: string | Uint8Array = `body of ${id}`): DeadLetter {
  return { id, kind: 'series_points', schemaVersion: 1, key: 'n1', rows: 3, body: Buffer.from(body) };
}

/** A folder whose clock goes on by a second with each look at it. */
async function opened(folder_bytes_max = 1_000_000) {
  const path = join(await temporaryFolder(), 'dead-letter');
  let now_ms = 1_700_000_000_000;
  const clock = () => (now_ms += 1000);
  const open = () => openDeadLetterFolder(path, { folder_bytes_max }, clock);
  return { path, open, letters: open() };
}

describe('a folder of dead letters', () => {
  it('gives back what was put, byte for byte, also to another process', async () => {
    const { letters, open } = await opened();
    const bytes = Uint8Array.from({ length: 256 }, (_, n) => n);
    const origin = { topic: 't', partition: 3, offset: 9, headers: { a: 'é' } };
    await letters.put(letter('../b/1', bytes), REASON, origin);
    await letters.put(letter('c'), { code: 'bad_lines', text: 'x' });
    const other = open();
    const [first, second] = await other.list();
    expect(first).toMatchObject({ id: '../b/1', key: 'n1', rows: 3, bytes: 256, reason: REASON, origin });
    expect(first).toMatchObject({ put_at_ms: 1_700_000_001_000, replays: 0, replayed_at_ms: null });
    expect(second).toMatchObject({ id: 'c', origin: {} });
    expect(Buffer.from((await other.read(first?.name ?? '')).body)).toEqual(Buffer.from(bytes));
    expect([...letters.counts]).toEqual([
      ['refused_by_tables', 1],
      ['bad_lines', 1],
    ]);
  });

  it('takes the same letter for one, and one of the same id with another body for another', async () => {
    const { letters } = await opened();
    await letters.put(letter('a', 'one'), REASON);
    await letters.put(letter('a', 'one'), { ...REASON, text: 'later' });
    await letters.put(letter('a', 'two'), REASON);
    const notes = await letters.list();
    expect(notes.map(({ bytes, reason }) => [bytes, reason.text])).toEqual([
      [3, 'later'],
      [3, 'row count differs'],
    ]);
    expect([...letters.counts]).toEqual([['refused_by_tables', 2]]);
  });

  it('is open again when it comes back after it was sent again', async () => {
    const { letters } = await opened();
    await letters.put(letter('a'), REASON);
    const [note] = await letters.list();
    if (note === undefined) throw new Error('a letter was put');
    await letters.replayed(note);
    const [sent] = await letters.list();
    expect(sent).toMatchObject({ replays: 1 });
    expect(sent === undefined || isOpen(sent)).toBe(false);
    await letters.put(letter('a'), REASON);
    const [back] = await letters.list();
    expect(back).toMatchObject({ replays: 1 });
    expect(back !== undefined && isOpen(back)).toBe(true);
    expect([...letters.counts]).toEqual([['refused_by_tables', 2]]);
  });

  it('makes room with what was sent again, oldest first, and never with the rest', async () => {
    const { letters, path } = await opened(9000);
    const big = (id: string) => letter(id, Buffer.alloc(2000, id));
    for (const id of ['a', 'b', 'c']) await letters.put(big(id), REASON);
    await expect(letters.put(big('d'), REASON)).rejects.toThrow(DeadLettersFull);
    const before = await letters.list();
    expect(before.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    for (const note of before.slice(1)) await letters.replayed(note);
    await letters.put(big('d'), REASON);
    expect((await letters.list()).map(({ id }) => id)).toEqual(['a', 'c', 'd']);
    expect(await readdir(path)).toHaveLength(6);
    await letters.put(big('e'), REASON);
    await expect(letters.put(big('f'), REASON)).rejects.toThrow('folder_bytes_max');
    // Room is counted anew each time: somebody moved letters away.
    await rm(path, { recursive: true });
    await letters.put(big('f'), REASON);
  });

  it('passes over files that are no letters, and says so of a name that is none', async () => {
    const { letters, path } = await opened();
    await letters.put(letter('a'), REASON);
    await writeFile(join(path, 'notes.json'), '{}');
    await writeFile(join(path, 'abc.json'), 'cut of');
    expect(await letters.list()).toHaveLength(1);
    for (const name of ['abc', '../../etc/passwd', '0123456789abcdef'])
      await expect(letters.read(name)).rejects.toThrow(NoSuchLetter);
  });

  it('is empty where there is no folder', async () => {
    expect(await openDeadLetterFolder('/nowhere/at/all').list()).toEqual([]);
  });
});
