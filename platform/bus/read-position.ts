import { randomUUID } from 'node:crypto';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { replaceDurably } from '../durable-file.ts';
import type { Log } from '../log.ts';
import { type Position, SEGMENT_START } from './segment-log.ts';

/** How far the spool has been read. */
export interface ReadPosition {
  /** Part of every token: a spool begun anew never repeats the tokens of the one before. */
  readonly spool: string;
  /** Everything before it is in the tables. */
  readonly consumed: Position;
  /** The delivery handed out behind `consumed` and not known to be stored: its end in the same segment. */
  readonly handed_out_to: number | null;
}

/** One line of text in a place of fixed size: checksum, serial number, position as JSON, blanks. */
const SLOT_BYTES = 512;

/**
 * The position on disk: two slots that are written in turn, each over itself. Writing it needs no room, so a full disk
 * cannot stop the reader, who is the one that makes room; a slot that a crash tore leaves the other.
 */
export class ReadPositionFile {
  readonly #file: FileHandle;
  #serial: number;
  #position: ReadPosition;

  private constructor(file: FileHandle, serial: number, position: ReadPosition) {
    this.#file = file;
    this.#serial = serial;
    this.#position = position;
  }

  /** Without a readable position the spool gets a new name and is read from its start; `isFresh` says so. */
  static async open(path: string, log: Log): Promise<{ file: ReadPositionFile; isFresh: boolean }> {
    const slots = await readSlots(path);
    const newest = slots?.sort((a, b) => b.serial - a.serial)[0];
    if (newest !== undefined) {
      const file = new ReadPositionFile(await open(path, 'r+'), newest.serial, newest.position);
      return { file, isFresh: false };
    }
    if (slots !== undefined)
      log.error('spool position was unreadable; the whole spool is delivered again', { path });
    const start = { segment: 0, offset: SEGMENT_START };
    const position = { spool: randomUUID(), consumed: start, handed_out_to: null };
    // The name must be durable before the first token that has it.
    await replaceDurably(path, slotOf({ serial: 0, position }) + slotOf({ serial: 1, position }));
    return { file: new ReadPositionFile(await open(path, 'r+'), 1, position), isFresh: true };
  }

  get position(): ReadPosition {
    return this.#position;
  }

  /** Resolves when it is durable. */
  async save(next: Omit<ReadPosition, 'spool'>): Promise<void> {
    const position = { spool: this.#position.spool, ...next };
    const serial = this.#serial + 1;
    await this.#file.write(slotOf({ serial, position }), (serial % 2) * SLOT_BYTES);
    await this.#file.datasync();
    this.#serial = serial;
    this.#position = position;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

interface Slot {
  readonly serial: number;
  readonly position: ReadPosition;
}

function slotOf(slot: Slot): string {
  const text = JSON.stringify(slot);
  return `${checksum(text)} ${text}`.padEnd(SLOT_BYTES - 1).concat('\n');
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}

/** The slots that can be read; undefined when there is no file. */
async function readSlots(path: string): Promise<Slot[] | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'latin1');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw cause;
  }
  const slots = [text.slice(0, SLOT_BYTES), text.slice(SLOT_BYTES, 2 * SLOT_BYTES)];
  return slots.map(parseSlot).filter((slot) => slot !== undefined);
}

function parseSlot(slot: string): Slot | undefined {
  const text = slot.slice(9).trimEnd();
  if (slot.slice(0, 8) !== checksum(text)) return undefined;
  // Its checksum says that it is a slot of ours, as it was written.
  return JSON.parse(text) as Slot;
}
