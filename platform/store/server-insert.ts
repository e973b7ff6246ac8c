import { randomUUID } from 'node:crypto';
import type { Fence } from '../fence.ts';

/**
 * Name of the table that comes with an insert. So the rows of a body can be counted and compared with the stored ones
 * by the statement that inserts them, without a table that would have to be made and dropped, or a session that all
 * requests would have to find again behind a load balancer.
 */
export const STAGED = 'headway_staged';

/**
 * Rows as JSON lines. The settings that would make a server read ISO times cannot be sent beside a form (their names
 * end like those of its fields), so times are written as every server reads them.
 */
export function rowLines(
  rows: readonly Readonly<Record<string, unknown>>[],
  types: ReadonlyMap<string, string>,
): Buffer {
  const times = [...types].filter(([, type]) => /^(Nullable\()?DateTime/.test(type)).map(([name]) => name);
  const lines = rows.map((row) => {
    const plain: Record<string, unknown> = { ...row };
    for (const name of times) {
      const value = plain[name];
      if (typeof value === 'string' && /^[\d-]+T[\d:.]+Z$/.test(value))
        plain[name] = value.replace('T', ' ').slice(0, -1);
    }
    return JSON.stringify(plain);
  });
  return Buffer.from(lines.join('\n'));
}

/** By what the server knows an insert while it runs: of a fenced one the claim can be read from it. */
export function insertId(fence: Fence | undefined): string {
  return `${fence === undefined ? 'headway:' : claimPrefix(fence)}${randomUUID()}`;
}

/** How the ids of all inserts under a name begin. */
export function namePrefix({ name }: Pick<Fence, 'name'>): string {
  return `headway:${encodeURIComponent(name)}:`;
}

/** How the ids of all inserts under one claim begin. */
export function claimPrefix(fence: Fence): string {
  return `${namePrefix(fence)}${fence.epoch}:${encodeURIComponent(fence.owner)}:`;
}
