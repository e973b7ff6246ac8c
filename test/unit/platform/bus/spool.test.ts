import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Batch } from '../../../../platform/bus/bus.ts';
import { SPOOL_DEFAULTS, type SpoolConfig } from '../../../../platform/bus/config.ts';
import { UnknownSegment } from '../../../../platform/bus/segment-log.ts';
import { openSpool, type Spool } from '../../../../platform/bus/spool.ts';
import { createLog, type Log, silentLog } from '../../../../platform/log.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const CONFIG: SpoolConfig = { ...SPOOL_DEFAULTS, retry_first_s: 0.001 };

function batch(id: string, body: string | Uint8Array = id): Batch {
  return { id, kind: 'series_points', schemaVersion: 1, key: 'node', rows: 1, body: Buffer.from(body) };
}

async function opened(
  folder: string,
  config: Partial<SpoolConfig> = {},
  log: Log = silentLog,
): Promise<Spool> {
  const spool = await openSpool(folder, { ...CONFIG, ...config }, log);
  onTestFinished(() => spool.close());
  return spool;
}

/** Ids of everything that is delivered until the spool is empty. */
async function drain(spool: Spool): Promise<string[]> {
  const ids: string[] = [];
  spool.reader.run(async ({ batches }) => void ids.push(...batches.map(({ id }) => id)));
  await spool.reader.drained();
  return ids;
}

async function segmentPaths(folder: string): Promise<string[]> {
  const names = (await readdir(join(folder, 'segments'))).filter((name) => name.endsWith('.segment'));
  return names.sort().map((name) => join(folder, 'segments', name));
}

/** A closed spool with these ids published one by one; the sizes of its only segment after each. */
async function written(folder: string, ids: readonly string[]): Promise<{ path: string; sizes: number[] }> {
  const spool = await openSpool(folder, CONFIG, silentLog);
  const sizes: number[] = [];
  for (const id of ids) {
    await spool.writer.publish([batch(id)]);
    sizes.push(spool.stats().bytes);
  }
  await spool.close();
  const [path] = await segmentPaths(folder);
  if (path === undefined) throw new Error('no segment was written');
  return { path, sizes };
}

function collectingLog(): { log: Log; lines: string[] } {
  const lines: string[] = [];
  return { lines, log: createLog('info', (line) => void lines.push(line)) };
}

describe('the spool after a crash', () => {
  it('keeps every whole frame wherever the last one was cut, and goes on behind them', async () => {
    const origin = await temporaryFolder();
    const { sizes } = await written(origin, ['a', 'b', 'c']);
    const [, two = 0, three = 0] = sizes;
    for (let size = two; size < three; size += 3) {
      const folder = join(await temporaryFolder(), 'cut');
      await cp(origin, folder, { recursive: true });
      const [path = ''] = await segmentPaths(folder);
      await truncate(path, size);
      const spool = await opened(folder);
      await spool.writer.publish([batch('d')]);
      expect(await drain(spool), `cut at ${size}`).toEqual(['a', 'b', 'd']);
      expect(spool.stats().damaged_bytes).toBe(0);
    }
  });

  it('does not take a hole of zeros at the end for frames', async () => {
    const folder = await temporaryFolder();
    const { path, sizes } = await written(folder, ['a', 'b']);
    await truncate(path, (sizes[1] ?? 0) + 4096);
    const spool = await opened(folder);
    expect(await drain(spool)).toEqual(['a', 'b']);
    expect(spool.stats().damaged_bytes).toBe(0);
  });

  it('survives a segment whose first bytes were not written', async () => {
    const folder = await temporaryFolder();
    await written(folder, ['a']);
    await writeFile(join(folder, 'segments', '0000000002.segment'), 'HW');
    const spool = await opened(folder);
    await spool.writer.publish([batch('b')]);
    expect(await drain(spool)).toEqual(['a', 'b']);
  });

  it('reports a damaged frame in the middle, keeps a copy, and delivers what follows', async () => {
    const folder = await temporaryFolder();
    const { path, sizes } = await written(folder, ['a', 'b', 'c']);
    const bytes = await readFile(path);
    const inSecond = (sizes[1] ?? 0) - 1;
    bytes[inSecond] = (bytes[inSecond] ?? 0) ^ 0xff;
    await writeFile(path, bytes);
    const { log, lines } = collectingLog();
    const spool = await opened(folder, {}, log);
    expect(await drain(spool)).toEqual(['a', 'c']);
    const damaged = (sizes[1] ?? 0) - (sizes[0] ?? 0);
    expect(spool.stats().damaged_bytes).toBe(damaged);
    expect(lines.join('')).toContain('spool bytes were damaged and skipped');
    const [copy = ''] = await readdir(join(folder, 'segments', 'damaged'));
    const kept = await readFile(join(folder, 'segments', 'damaged', copy));
    expect(kept.equals(bytes.subarray(sizes[0], sizes[1]))).toBe(true);
  });

  it('skips to the next segment when the damage hides where the next frame begins', async () => {
    const folder = await temporaryFolder();
    const { path, sizes } = await written(folder, ['a', 'b', 'c']);
    const later = await openSpool(folder, CONFIG, silentLog);
    await later.writer.publish([batch('in the next segment')]);
    await later.close();
    const bytes = await readFile(path);
    bytes.writeUInt32LE(0xfffffff0, sizes[0] ?? 0);
    await writeFile(path, bytes);
    const spool = await opened(folder);
    expect(await drain(spool)).toEqual(['a', 'in the next segment']);
    expect(spool.stats().damaged_bytes).toBe((sizes[2] ?? 0) - (sizes[0] ?? 0));
  });

  it('delivers everything again, marked so, when its position is unreadable', async () => {
    const folder = await temporaryFolder();
    await written(folder, ['a', 'b']);
    await writeFile(join(folder, 'position'), '{');
    const spool = await opened(folder);
    const seen: [string, boolean][] = [];
    spool.reader.run(async ({ batches, again }) => {
      for (const { id } of batches) seen.push([id, again]);
    });
    await spool.reader.drained();
    expect(seen).toEqual([
      ['a', true],
      ['b', true],
    ]);
  });

  it('goes on from the position before when the newest one was torn', async () => {
    const folder = await temporaryFolder();
    const tokens: string[] = [];
    const first = await openSpool(folder, CONFIG, silentLog);
    await first.writer.publish([batch('a')]);
    first.reader.run(async ({ token }) => void tokens.push(token));
    await first.reader.drained();
    await first.close();
    const path = join(folder, 'position');
    const slots = await readFile(path, 'latin1');
    const serials = [...slots.matchAll(/"serial":(\d+)/g)];
    const newest = serials[0]?.[1] !== undefined && Number(serials[0][1]) > Number(serials[1]?.[1]) ? 0 : 512;
    await writeFile(
      path,
      `${slots.slice(0, newest)}${'x'.repeat(100)}${slots.slice(newest + 100)}`,
      'latin1',
    );
    const second = await opened(folder);
    second.reader.run(async ({ token, again }) => void tokens.push(`${token}${again ? ' again' : ''}`));
    await second.reader.drained();
    // The frame of a consumed segment is still there, and comes as the same delivery.
    expect(tokens).toEqual([tokens[0], `${tokens[0]} again`]);
  });

  it('never gives a number or a token twice, not even after its files were deleted', async () => {
    const folder = await temporaryFolder();
    const tokens: string[] = [];
    for (const round of ['kept', 'segments deleted', 'all deleted']) {
      if (round === 'segments deleted') await rm(join(folder, 'segments'), { recursive: true });
      if (round === 'all deleted') await rm(folder, { recursive: true });
      const spool = await openSpool(folder, CONFIG, silentLog);
      await spool.writer.publish([batch('same')]);
      spool.reader.run(async ({ token }) => void tokens.push(token));
      await spool.reader.drained();
      await spool.close();
    }
    expect(new Set(tokens).size).toBe(3);
  });

  it('refuses a segment of another layout and names the file', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'segments'), { recursive: true });
    await writeFile(join(folder, 'segments', '0000000001.segment'), 'HWSPOOL9 and more');
    await expect(openSpool(folder, CONFIG, silentLog)).rejects.toThrow(UnknownSegment);
  });
});

describe('room in the spool', () => {
  it('refuses what does not fit, with a time to come again, and takes it once the tables have the rest', async () => {
    const spool = await opened(await temporaryFolder(), {
      spool_bytes_max: 10_000,
      segment_bytes_max: 100_000,
    });
    const large = batch('large', Buffer.alloc(6000));
    await spool.writer.publish([large]);
    await expect(spool.writer.publish([large])).rejects.toMatchObject({
      code: 'spool_full',
      retryable: true,
      retryAfter_s: CONFIG.full_retry_after_s,
    });
    expect(await drain(spool)).toEqual(['large']);
    await spool.writer.publish([large]);
    await spool.reader.drained();
    expect(spool.stats().bytes).toBeLessThan(10_000);
  });

  it('deletes segments once they are consumed', async () => {
    const folder = await temporaryFolder();
    const spool = await opened(folder, { segment_bytes_max: 2000 });
    for (let n = 0; n < 20; n++) await spool.writer.publish([batch(`b${n}`, Buffer.alloc(900))]);
    expect((await segmentPaths(folder)).length).toBeGreaterThan(5);
    expect(spool.stats().waiting_bytes).toBeGreaterThan(18_000);
    expect(await drain(spool)).toHaveLength(20);
    expect((await segmentPaths(folder)).length).toBe(1);
    expect(spool.stats()).toMatchObject({ waiting_bytes: 0, oldest_age_s: null });
  });

  it('says that the disk refused, and takes data again when the disk does', async () => {
    const folder = await temporaryFolder();
    const spool = await opened(folder);
    await rm(join(folder, 'segments'), { recursive: true });
    await expect(spool.writer.publish([batch('a')])).rejects.toMatchObject({
      code: 'disk_full',
      retryable: true,
    });
    await mkdir(join(folder, 'segments'));
    await spool.writer.publish([batch('b')]);
    expect(await drain(spool)).toEqual(['b']);
  });

  it('leaves room on the disk for the tables, and delivers what it has meanwhile', async () => {
    const folder = await temporaryFolder();
    const before = await openSpool(folder, CONFIG, silentLog);
    await before.writer.publish([batch('a')]);
    await before.close();
    const spool = await opened(folder, { disk_free_bytes_min: Number.MAX_SAFE_INTEGER });
    const refused = spool.writer.publish([batch('b')]);
    await expect(refused).rejects.toMatchObject({ code: 'disk_full', retryable: true });
    expect(await drain(spool)).toEqual(['a']);
  });

  it('says how long the oldest frame has waited', async () => {
    let now_ms = 1_000_000;
    const spool = await openSpool(await temporaryFolder(), CONFIG, silentLog, () => now_ms);
    onTestFinished(() => spool.close());
    expect(spool.stats().oldest_age_s).toBeNull();
    await spool.writer.publish([batch('a')]);
    now_ms += 4000;
    await spool.writer.publish([batch('b')]);
    expect(spool.stats().oldest_age_s).toBe(4);
    await drain(spool);
    expect(spool.stats().oldest_age_s).toBeNull();
  });
});

describe('group commit', () => {
  it('writes what waits together, and loses and mixes nothing', async () => {
    const folder = await temporaryFolder();
    const spool = await opened(folder, { segment_bytes_max: 50_000 });
    const bodies = Array.from({ length: 500 }, (_, n) => createHash('sha512').update(`${n}`).digest());
    await Promise.all(bodies.map((body, n) => spool.writer.publish([batch(`b${n}`, body)])));
    const seen = new Map<string, Buffer>();
    spool.reader.run(async ({ batches }) => {
      for (const { id, body } of batches) seen.set(id, Buffer.from(body));
    });
    await spool.reader.drained();
    expect(seen.size).toBe(500);
    expect(bodies.every((body, n) => seen.get(`b${n}`)?.equals(body) === true)).toBe(true);
  });
});
