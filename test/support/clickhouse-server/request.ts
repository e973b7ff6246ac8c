import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { ServerException } from './exceptions.ts';
import { partsOf } from './multipart.ts';

const inflate = promisify(gunzip);

/** Body of a request, decompressed; more is refused. */
const BODY_BYTES_MAX = 1024 ** 3;

/** Value of a parameter or field, `http_max_field_value_size` of a server that nobody configured. */
const VALUE_BYTES_MAX = 128 * 1024;

/** A table that comes with the statement and lives as long as it. */
export interface ExternalTable {
  readonly name: string;
  readonly structure: string;
  readonly format: string;
  readonly body: Buffer;
}

export interface QueryRequest {
  readonly sql: string;
  /** Rows behind an `INSERT ... FORMAT x` whose statement came in the URL. */
  readonly data: { readonly format: string; readonly body: Buffer } | null;
  readonly tables: readonly ExternalTable[];
  /** Names without `param_`, values as they are written in a URL: escaped as in a tab-separated file. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly settings: ReadonlyMap<string, string>;
  /** What a server reads itself: `query_id`, `database`, `session_id` and so on. */
  readonly own: ReadonlyMap<string, string>;
}

/** Parameters that are no settings, or that only the HTTP layer of a server has. */
const OWN =
  /^(database|default_format|query|query_id|user|password|quota_key|session_\w+|close_session|compress|decompress|buffer_size|wait_end_of_query|stacktrace|role|client_protocol_version|enable_http_compression|http_\w+|send_progress_in_http_headers|cancel_http_\w+)$/;

/** Splits a request into what it asks and how, by the rules of ClickHouse's src/Server/HTTPHandler.cpp. */
export async function readQueryRequest(request: IncomingMessage, url: URL): Promise<QueryRequest> {
  const sent = await readBody(request);
  const parts = partsOf(request.headers['content-type'], sent);
  if (parts !== null && request.headers['content-encoding'] !== undefined) {
    throw new ServerException(36, 'BAD_ARGUMENTS', 'a server does not decompress multipart/form-data');
  }
  const fields = [...url.searchParams];
  const tables: ExternalTable[] = [];
  for (const { name, filename, body } of parts ?? []) {
    if (filename === undefined) fields.push([name, body.toString()]);
    else tables.push(externalTable(name, body, new Map(fields)));
  }
  const isOfTable = (name: string) => parts !== null && /_(format|types|structure)$/.test(name);
  for (const [name, value] of fields) {
    if (value.length > VALUE_BYTES_MAX)
      throw new ServerException(1000, 'POCO_EXCEPTION', `Field value too long: ${name}`);
  }
  const sql = fields.flatMap(([name, value]) => (name === 'query' ? [value] : [])).join('');
  const settings = new Map<string, string>();
  const own = new Map<string, string>();
  const parameters = new Map<string, string>();
  for (const [name, value] of fields) {
    if (name.startsWith('param_')) parameters.set(name.slice('param_'.length), value);
    else if (OWN.test(name)) own.set(name, value);
    else if (!isOfTable(name)) settings.set(name, value);
  }
  if (parts !== null) return { sql, data: null, tables, parameters, settings, own };
  return { ...withBody(sql, await decompressed(request, sent)), tables, parameters, settings, own };
}

function externalTable(name: string, body: Buffer, fields: ReadonlyMap<string, string>): ExternalTable {
  const structure = fields.get(`${name}_structure`);
  if (structure === undefined) {
    throw new ServerException(36, 'BAD_ARGUMENTS', `no structure was given for external table ${name}`);
  }
  return { name, structure, format: fields.get(`${name}_format`) ?? 'TabSeparated', body };
}

/** A statement begins in the URL and goes on in the body; behind `FORMAT x` of an insert there are rows. */
function withBody(sql: string, body: Buffer): Pick<QueryRequest, 'sql' | 'data'> {
  const insert = /^\s*INSERT\s[\s\S]*\bFORMAT\s+(\w+)\s*$/i.exec(sql);
  if (insert !== null) return { sql, data: { format: insert[1] ?? '', body } };
  return { sql: sql === '' ? body.toString() : `${sql}\n${body.toString()}`, data: null };
}

async function decompressed(request: IncomingMessage, body: Buffer): Promise<Buffer> {
  const encoding = request.headers['content-encoding'];
  if (encoding === undefined || encoding === '') return body;
  if (encoding === 'gzip') return await inflate(body, { maxOutputLength: BODY_BYTES_MAX });
  throw new ServerException(
    48,
    'NOT_IMPLEMENTED',
    `this trial store does not know Content-Encoding ${encoding}`,
  );
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new ServerException(163, 'QUERY_IS_TOO_LARGE', 'the body is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
