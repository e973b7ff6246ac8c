import { randomUUID } from 'node:crypto';

/** A body of `multipart/form-data`, of which a request can be made more than once. */
export interface FormBody {
  readonly contentType: string;
  readonly chunks: readonly Uint8Array[];
}

/** Rows that come with a statement and are a table for it, of the name. */
export interface FormTable {
  readonly name: string;
  /** `name Type, ...` */
  readonly structure: string;
  readonly format: 'RowBinary' | 'JSONEachRow';
  readonly body: readonly Uint8Array[];
}

/**
 * A statement, its parameters and the tables that it reads, as one request: ClickHouse makes a temporary table of each
 * file in a form ("external data for query processing"), which the statement may read as often as it likes. Servers do
 * not decompress forms, so a body is as long as its rows.
 */
export function formOf(
  sql: string,
  parameters: ReadonlyMap<string, string>,
  tables: readonly FormTable[],
): FormBody {
  const boundary = `headway-${randomUUID()}`;
  const open = (name: string, more: string) =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n`;
  const field = (name: string, value: string) => Buffer.from(`${open(name, '')}${value}\r\n`);
  const file = ({ name, structure, format, body }: FormTable) => [
    field(`${name}_structure`, structure),
    field(`${name}_format`, format),
    Buffer.from(open(name, `; filename="${name}"\r\nContent-Type: application/octet-stream`)),
    ...body,
    Buffer.from('\r\n'),
  ];
  const chunks = [
    field('query', sql),
    ...[...parameters].map(([name, value]) => field(`param_${name}`, value)),
    ...tables.flatMap(file),
    Buffer.from(`--${boundary}--\r\n`),
  ];
  return { contentType: `multipart/form-data; boundary=${boundary}`, chunks };
}
