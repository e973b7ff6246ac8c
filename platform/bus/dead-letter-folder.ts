import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceDurably } from '../durable-file.ts';
import {
  type DeadLetter,
  type DeadLetterBox,
  type DeadLetterCode,
  type DeadLetterNote,
  type DeadLetterOrigin,
  type DeadLetterReason,
  type DeadLetters,
  isOpen,
  NoSuchLetter,
  nameOf,
} from './dead-letters.ts';

export interface DeadLetterConfig {
  /**
   * Bytes that the folder of dead letters may take. Letters that were sent again make room; the others are never deleted:
   * when they fill it, what would be put aside stays on the bus, and everything behind it, until somebody has looked.
   */
  readonly folder_bytes_max: number;
  /** How long the topic of dead letters of a cluster keeps them, sent again or not, hours. */
  readonly retention_hours: number;
}

export const DEAD_LETTER_DEFAULTS: DeadLetterConfig = {
  folder_bytes_max: 1024 ** 3,
  retention_hours: 14 * 24,
};

/** There is no room for a letter; nothing was put and nothing deleted that nobody has sent again. */
export class DeadLettersFull extends Error {
  constructor(folder: string, config: Pick<DeadLetterConfig, 'folder_bytes_max'>) {
    super(
      `${folder} is full (dead_letters.folder_bytes_max, ${config.folder_bytes_max} bytes): look at it with ` +
        '`headway dead-letters list`, send again or move away what is there, or raise the limit',
    );
    this.name = 'DeadLettersFull';
  }
}

/** Two files a letter: `<name>.json` says what it is and why it is here, `<name>.body` is its body. */
export function openDeadLetterFolder(
  folder: string,
  config: Pick<DeadLetterConfig, 'folder_bytes_max'> = DEAD_LETTER_DEFAULTS,
  now_ms: () => number = Date.now,
): DeadLetters & DeadLetterBox {
  return new DeadLetterFolder(folder, config, now_ms);
}

class DeadLetterFolder implements DeadLetters, DeadLetterBox {
  readonly counts = new Map<DeadLetterCode, number>();
  readonly #folder: string;
  readonly #config: Pick<DeadLetterConfig, 'folder_bytes_max'>;
  readonly #now_ms: () => number;
  /** One put at a time: each has to know what the others took. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(folder: string, config: Pick<DeadLetterConfig, 'folder_bytes_max'>, now_ms: () => number) {
    this.#folder = folder;
    this.#config = config;
    this.#now_ms = now_ms;
  }

  put(letter: DeadLetter, reason: DeadLetterReason, origin: DeadLetterOrigin = {}): Promise<void> {
    const turn = this.#turn.then(() => this.#put(letter, reason, origin));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async list(): Promise<DeadLetterNote[]> {
    const notes: DeadLetterNote[] = [];
    for (const file of await filesOf(this.#folder)) {
      const note = file.endsWith('.json') ? await this.#note(file.slice(0, -'.json'.length)) : null;
      if (note !== null) notes.push(note);
    }
    return notes.sort((a, b) => a.put_at_ms - b.put_at_ms);
  }

  async read(name: string): Promise<{ note: DeadLetterNote; body: Uint8Array }> {
    const note = await this.#note(name);
    if (note === null) throw new NoSuchLetter(name);
    return { note, body: await readFile(this.#path(name, 'body')) };
  }

  async replayed(note: DeadLetterNote): Promise<void> {
    const now = await this.#note(note.name);
    if (now === null) return;
    const isSame = now.put_at_ms === note.put_at_ms;
    const replayed_at_ms = isSame ? this.#now_ms() : now.replayed_at_ms;
    await this.#write({ ...now, replays: now.replays + 1, replayed_at_ms });
  }

  async #put(letter: DeadLetter, reason: DeadLetterReason, origin: DeadLetterOrigin): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const { body, id, kind, schemaVersion, key, rows } = letter;
    const name = nameOf(letter);
    const known = await this.#note(name);
    const note: DeadLetterNote = {
      ...{ name, id, kind, schemaVersion, key, rows, bytes: body.length, reason, origin },
      put_at_ms: this.#now_ms(),
      replays: known?.replays ?? 0,
      replayed_at_ms: null,
    };
    if (known === null) {
      await this.#makeRoom(body.length + textOf(note).length);
      await replaceDurably(this.#path(name, 'body'), body);
    }
    // The note comes last: a letter is there when its note is.
    await this.#write(note);
    if (known !== null && isOpen(known)) return;
    this.counts.set(reason.code, (this.counts.get(reason.code) ?? 0) + 1);
  }

  /** Looked at anew each time: whoever sends letters again, or moves them away, is another process. */
  async #makeRoom(bytes: number): Promise<void> {
    let taken = await bytesIn(this.#folder);
    if (taken + bytes <= this.#config.folder_bytes_max) return;
    for (const note of await this.list()) {
      if (isOpen(note)) continue;
      // The note first: without it the body is nobody's, and the letter is put anew should it come again.
      await rm(this.#path(note.name, 'json'), { force: true });
      await rm(this.#path(note.name, 'body'), { force: true });
      taken -= note.bytes + textOf(note).length;
      if (taken + bytes <= this.#config.folder_bytes_max) return;
    }
    throw new DeadLettersFull(this.#folder, this.#config);
  }

  #path(name: string, kind: 'json' | 'body'): string {
    return join(this.#folder, `${name}.${kind}`);
  }

  async #write(note: DeadLetterNote): Promise<void> {
    await replaceDurably(this.#path(note.name, 'json'), textOf(note));
  }

  /** Null when there is none, or no note that this version wrote. */
  async #note(name: string): Promise<DeadLetterNote | null> {
    if (!/^[0-9a-f]+$/.test(name)) return null;
    try {
      const note: unknown = JSON.parse(await readFile(this.#path(name, 'json'), 'utf8'));
      return isNote(note, name) ? note : null;
    } catch (cause) {
      if (cause instanceof SyntaxError) return null;
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
      throw cause;
    }
  }
}

function textOf(note: DeadLetterNote): string {
  return `${JSON.stringify(note, null, 2)}\n`;
}

/** The name is a checksum of the letter: who wrote it knew the layout. */
function isNote(value: unknown, name: string): value is DeadLetterNote {
  return typeof value === 'object' && value !== null && 'name' in value && value.name === name;
}

async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  for (const file of await filesOf(folder)) {
    const found = await stat(join(folder, file)).catch(() => undefined);
    bytes += found?.size ?? 0;
  }
  return bytes;
}

async function filesOf(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return [];
    throw cause;
  }
}
