import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { replaceDurably } from '../durable-file.ts';
import type { Log } from '../log.ts';
import type { Position } from './segment-log.ts';

/** How far the spool has been read. */
export interface ReadPosition {
  /** Part of every token: a spool begun anew never repeats the tokens of the one before. */
  readonly spool: string;
  /** Everything before it is in the tables. */
  readonly consumed: Position;
  /** The delivery handed out behind `consumed` and not known to be stored: its end in the same segment. */
  readonly handed_out_to: number | null;
}

/** Undefined when there is none yet or it cannot be read: then everything in the spool is delivered again. */
export async function loadReadPosition(path: string, log: Log): Promise<ReadPosition | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw cause;
  }
  const position = parse(text);
  if (position === undefined)
    log.error('spool position was unreadable; the whole spool is delivered again', { path });
  return position;
}

export async function saveReadPosition(path: string, position: ReadPosition): Promise<void> {
  await replaceDurably(path, `${JSON.stringify(position)}\n`);
}

export function newSpoolName(): string {
  return randomUUID();
}

function parse(text: string): ReadPosition | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isReadPosition(value) ? value : undefined;
}

function isReadPosition(value: unknown): value is ReadPosition {
  if (typeof value !== 'object' || value === null) return false;
  const { spool, consumed, handed_out_to } = value as Partial<Record<keyof ReadPosition, unknown>>;
  if (typeof spool !== 'string' || typeof consumed !== 'object' || consumed === null) return false;
  const { segment, offset } = consumed as Partial<Record<keyof Position, unknown>>;
  const isPlace = Number.isSafeInteger(segment) && Number.isSafeInteger(offset);
  return isPlace && (handed_out_to === null || Number.isSafeInteger(handed_out_to));
}
