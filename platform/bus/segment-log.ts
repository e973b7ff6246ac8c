import { type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceDurably, syncFolder } from '../durable-file.ts';
import type { Log } from '../log.ts';
import { readFrame } from './frame.ts';

/** A place in the log. Places compare by segment, then offset. */
export interface Position {
  readonly segment: number;
  readonly offset: number;
}

/** First bytes of every segment file; another layout gets another number. */
const MAGIC = Buffer.from('HWSPOOL1');
export const SEGMENT_START = MAGIC.length;

export function isBefore(a: Position, b: Position): boolean {
  return a.segment < b.segment || (a.segment === b.segment && a.offset < b.offset);
}

interface Segment {
  readonly number: number;
  readonly path: string;
  /** Bytes that are synced; what lies behind them was never acknowledged. */
  size: number;
}

/** A file of the spool that this version cannot read. */
export class UnknownSegment extends Error {
  constructor(path: string) {
    super(`${path} is not a spool segment of this version. Move it away, or run the version that wrote it.`);
    this.name = 'UnknownSegment';
  }
}

/** Numbered append-only files in one folder. One appender and one reader, in this process. */
export class SegmentLog {
  readonly #folder: string;
  readonly #segments: Segment[];
  #lastNumber: number;
  #active: { readonly segment: Segment; readonly file: FileHandle } | undefined;
  #reading: { readonly segment: Segment; readonly file: FileHandle } | undefined;

  private constructor(folder: string, segments: Segment[], lastNumber: number) {
    this.#folder = folder;
    this.#segments = segments;
    this.#lastNumber = lastNumber;
  }

  /**
   * Opens the folder, creating it. The tail of the last segment that a crash cut is removed: no part of it had been
   * acknowledged. `consumed` is where reading will go on. Throws {@link UnknownSegment}.
   */
  static async open(folder: string, consumed: Position | undefined, log: Log): Promise<SegmentLog> {
    await mkdir(folder, { recursive: true });
    const segments: Segment[] = [];
    for (const name of (await readdir(folder)).sort()) {
      const match = /^(\d{10})\.segment$/.exec(name);
      if (match === null) continue;
      const path = join(folder, name);
      const size = await checkedSize(path);
      // Shorter than its first bytes: the crash came between creating the file and the first frame.
      if (size === undefined) await rm(path);
      else segments.push({ number: Number(match[1]), path, size });
    }
    const last = segments.at(-1);
    if (last !== undefined) await cutTail(last, consumed, log);
    // A number that was consumed is not given again, even when its file is gone: it is part of a delivery's token.
    return new SegmentLog(folder, segments, Math.max(last?.number ?? 0, consumed?.segment ?? 0));
  }

  /** Synced bytes on disk. */
  get bytes(): number {
    return this.#segments.reduce((sum, { size }) => sum + size, 0);
  }

  /** Synced bytes of frames behind a position. */
  bytesAfter({ segment, offset }: Position): number {
    const later = this.#segments.filter(({ number }) => number >= segment);
    return later.reduce(
      (sum, { number, size }) => sum + size - (number === segment ? Math.min(offset, size) : SEGMENT_START),
      0,
    );
  }

  /** Behind the last synced frame. */
  get end(): Position {
    // A segment just begun holds nothing yet: its first frame is not synced.
    const last = this.#segments.findLast(({ size }) => size > SEGMENT_START);
    return { segment: last?.number ?? 0, offset: last?.size ?? SEGMENT_START };
  }

  /** Where the oldest segment begins, or `end` when there is none. */
  get start(): Position {
    const first = this.#segments[0];
    return first === undefined ? this.end : { segment: first.number, offset: SEGMENT_START };
  }

  /** Synced bytes of the segment being written; 0 when the next append begins one. */
  get activeBytes(): number {
    return this.#active?.segment.size ?? 0;
  }

  /** Synced bytes of a segment; undefined when there is no such segment (any more). */
  sizeOf(number: number): number | undefined {
    return this.#segments.find((segment) => segment.number === number)?.size;
  }

  /** The first segment after `number`, if there is one. */
  segmentAfter(number: number): number | undefined {
    return this.#segments.find((segment) => segment.number > number)?.number;
  }

  /** Resolves when the bytes are synced. When it throws none of them count, and the next append begins a new segment. */
  async append(bytes: Uint8Array): Promise<void> {
    this.#active ??= await this.#begin();
    const { segment, file } = this.#active;
    try {
      await writeAll(file, bytes, segment.size);
      await file.datasync();
    } catch (cause) {
      // After a failed sync the kernel may hold anything for these pages: the file is not written to again.
      this.#active = undefined;
      await file.truncate(segment.size).catch(() => {});
      await file.close().catch(() => {});
      throw cause;
    }
    segment.size += bytes.length;
  }

  /** Lets the next append begin a new segment. */
  async finishSegment(): Promise<void> {
    const active = this.#active;
    this.#active = undefined;
    await active?.file.close();
  }

  /** Bytes `from` to `to` of a segment; fewer when it ends before. */
  async read({ segment: number, offset }: Position, to: number): Promise<Buffer> {
    const segment = this.#segments.find((one) => one.number === number);
    if (segment === undefined) return Buffer.alloc(0);
    if (this.#reading?.segment !== segment) {
      await this.#reading?.file.close();
      this.#reading = { segment, file: await open(segment.path, 'r') };
    }
    return await readUpTo(this.#reading.file, offset, Math.min(to, segment.size));
  }

  /** Deletes the segments that lie wholly before `position`, but for the one being written. */
  async deleteBefore(position: Position): Promise<void> {
    for (const segment of [...this.#segments]) {
      if (segment === this.#active?.segment || segment.number > position.segment) return;
      if (segment.number === position.segment && position.offset < segment.size) return;
      if (this.#reading?.segment === segment) await this.#closeReading();
      this.#segments.splice(this.#segments.indexOf(segment), 1);
      await rm(segment.path, { force: true });
    }
  }

  /** Keeps a copy of bytes that could not be read, for a person to look at; returns its path. */
  async keepDamaged(from: Position, to: number): Promise<string> {
    const folder = join(this.#folder, 'damaged');
    await mkdir(folder, { recursive: true });
    const path = join(folder, `${from.segment}-${from.offset}-${to}`);
    await replaceDurably(path, await this.read(from, to));
    return path;
  }

  async close(): Promise<void> {
    await this.finishSegment();
    await this.#closeReading();
  }

  /** A new segment: its first bytes and its name in the folder are synced. */
  async #begin(): Promise<{ segment: Segment; file: FileHandle }> {
    const number = this.#lastNumber + 1;
    const path = join(this.#folder, `${String(number).padStart(10, '0')}.segment`);
    const file = await open(path, 'w');
    try {
      await writeAll(file, MAGIC, 0);
      await file.datasync();
      await syncFolder(this.#folder);
    } catch (cause) {
      await file.close().catch(() => {});
      await rm(path, { force: true }).catch(() => {});
      throw cause;
    }
    this.#lastNumber = number;
    const segment = { number, path, size: SEGMENT_START };
    this.#segments.push(segment);
    return { segment, file };
  }

  async #closeReading(): Promise<void> {
    const reading = this.#reading;
    this.#reading = undefined;
    await reading?.file.close();
  }
}

/** Size of a segment file, undefined when it is too short to be one. */
async function checkedSize(path: string): Promise<number | undefined> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size < SEGMENT_START) return undefined;
    if (!(await readUpTo(file, 0, SEGMENT_START)).equals(MAGIC)) throw new UnknownSegment(path);
    return size;
  } finally {
    await file.close();
  }
}

/**
 * Cuts the segment behind its last whole frame. A damaged frame with a whole one behind it is no cut tail: it stays,
 * for the reader to report.
 */
async function cutTail(segment: Segment, consumed: Position | undefined, log: Log): Promise<void> {
  const from = consumed?.segment === segment.number ? Math.min(consumed.offset, segment.size) : SEGMENT_START;
  const file = await open(segment.path, 'r+');
  try {
    const bytes = await readUpTo(file, from, segment.size);
    const whole = from + lastWholeFrameEnd(bytes);
    if (whole === segment.size) return;
    log.warn('spool tail cut by a crash was removed', { path: segment.path, bytes: segment.size - whole });
    await file.truncate(whole);
    await file.sync();
    segment.size = whole;
  } finally {
    await file.close();
  }
}

function lastWholeFrameEnd(bytes: Buffer): number {
  let at = 0;
  while (at < bytes.length) {
    const frame = readFrame(bytes, at);
    if ('batches' in frame) {
      at = frame.end;
    } else {
      if (frame.fault === 'cut' || !('batches' in readFrame(bytes, frame.end))) return at;
      at = frame.end;
    }
  }
  return at;
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

async function readUpTo(file: FileHandle, from: number, to: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(Math.max(0, to - from));
  let done = 0;
  while (done < buffer.length) {
    const { bytesRead } = await file.read(buffer, done, buffer.length - done, from + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return buffer.subarray(0, done);
}
