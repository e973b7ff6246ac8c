import { mkdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../log.ts';
import type { BusReader, BusWriter } from './bus.ts';
import type { SpoolConfig } from './config.ts';
import { ReadPositionFile } from './read-position.ts';
import { isBefore, SegmentLog } from './segment-log.ts';
import { SpoolReader } from './spool-reader.ts';
import { SpoolWriter } from './spool-writer.ts';

export interface SpoolStats {
  /** Bytes on disk. */
  readonly bytes: number;
  /** Bytes of them that are not in the tables yet. */
  readonly waiting_bytes: number;
  /** Age of the oldest frame that is not in the tables yet, seconds; null when all are. */
  readonly oldest_age_s: number | null;
  readonly failed_deliveries: number;
  readonly repeated_deliveries: number;
  readonly damaged_bytes: number;
}

export interface Spool {
  readonly writer: BusWriter;
  readonly reader: BusReader;
  stats(): SpoolStats;
  /** Stops the reader after the delivery it is at, writes what waits to be published, refuses what comes later. */
  close(): Promise<void>;
}

/**
 * The bus of embedded mode: append-only files under `dir`, synced before `publish` resolves, read by one reader of
 * this process. One process at a time: whoever opens it holds the lock of the store beside it.
 */
export async function openSpool(
  dir: string,
  config: SpoolConfig,
  log: Log,
  now_ms: () => number = Date.now,
): Promise<Spool> {
  await mkdir(dir, { recursive: true });
  const { file: position, isFresh } = await ReadPositionFile.open(join(dir, 'position'), log);
  const { consumed, handed_out_to } = position.position;
  const segments = await SegmentLog.open(join(dir, 'segments'), consumed, log).catch(
    async (cause: unknown) => {
      await position.close();
      throw cause;
    },
  );
  const handedOut = { segment: consumed.segment, offset: handed_out_to ?? consumed.offset };
  const reader = new SpoolReader(segments, position, isFresh ? segments.end : handedOut, config, log);
  const writer = new SpoolWriter(segments, config, {
    now_ms,
    freeBytes: async () => {
      const { bavail, bsize } = await statfs(dir);
      return bavail * bsize;
    },
    appended: () => reader.appended(now_ms()),
    reclaimableBytes: () => (isBefore(reader.consumed, segments.end) ? 0 : segments.bytes),
  });
  await writer.open();
  return {
    writer,
    reader,
    stats: () => ({
      bytes: segments.bytes,
      waiting_bytes: segments.bytesAfter(reader.consumed),
      oldest_age_s: reader.oldest_ms === null ? null : Math.max(0, now_ms() - reader.oldest_ms) / 1000,
      ...reader.counts,
    }),
    async close() {
      await reader.stop();
      await writer.close();
      await segments.close();
      await position.close();
    },
  };
}
