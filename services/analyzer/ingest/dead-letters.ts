import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Batch } from '../../../platform/bus/bus.ts';
import { replaceDurably } from '../../../platform/durable-file.ts';

/** Where batches go that no table takes: acknowledged data is kept even when nothing can be done with it. */
export interface DeadLetters {
  /** Batches put aside since the start. */
  readonly count: number;
  /** Resolves when the batch is durable there. Putting the same batch again overwrites it. */
  put(batch: Batch, reason: string): Promise<void>;
}

/** Two files a batch in `folder`: `<id>.json` says what it is and why it is here, `<id>.body` is its body. */
export function openDeadLetters(folder: string): DeadLetters {
  const known = new Set<string>();
  return {
    get count() {
      return known.size;
    },
    async put({ body, ...batch }, reason) {
      await mkdir(folder, { recursive: true });
      const path = join(folder, encodeURIComponent(batch.id).slice(0, NAME_CHARS_MAX));
      await replaceDurably(`${path}.body`, body);
      const about = { ...batch, bytes: body.length, reason, put_at: new Date().toISOString() };
      await replaceDurably(`${path}.json`, `${JSON.stringify(about, null, 2)}\n`);
      known.add(batch.id);
    },
  };
}

/** File systems take names of 255 bytes. */
const NAME_CHARS_MAX = 200;
