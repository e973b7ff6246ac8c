import { randomUUID } from 'node:crypto';
import type { Fence } from '../fence.ts';
import type { FormBody } from './server-connection.ts';

/** Name of the table that comes with an insert. */
export const STAGED = 'headway_staged';

export interface StagedRows {
  /** `name Type, ...` */
  readonly structure: string;
  readonly format: 'RowBinary' | 'JSONEachRow';
  readonly body: readonly Uint8Array[];
}

/**
 * A statement and the rows that it reads, as one request: ClickHouse makes a temporary table of a file in a form
 * ("external data for query processing"), which the statement may read as often as it likes. So the rows of a body can
 * be counted and compared with the stored ones by the statement that inserts them, without a table that would have to
 * be made and dropped, or a session that all requests would have to find again behind a load balancer. Servers do not
 * decompress forms, so the body is as long as its rows.
 */
export function insertForm(sql: string, { structure, format, body }: StagedRows): FormBody {
  const boundary = `headway-${randomUUID()}`;
  const field = (name: string, value: string) =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const head =
    field('query', sql) +
    field(`${STAGED}_structure`, structure) +
    field(`${STAGED}_format`, format) +
    `--${boundary}\r\nContent-Disposition: form-data; name="${STAGED}"; filename="${STAGED}"\r\n` +
    'Content-Type: application/octet-stream\r\n\r\n';
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    chunks: [Buffer.from(head), ...body, Buffer.from(`\r\n--${boundary}--\r\n`)],
  };
}

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
