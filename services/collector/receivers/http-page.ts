import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { PageFormat } from '../decoders/sample-tail.ts';
import type { ScrapeTarget } from './scrape-target.ts';

export interface Page {
  readonly bytes: Uint8Array;
  readonly format: PageFormat;
  readonly content_type: string;
  /** False when the transfer's end was the connection's: nothing says that the page was whole. */
  readonly is_whole: boolean;
}

export type PageFailureCode = 'timeout' | 'unreachable' | 'status' | 'too_large' | 'content_type' | 'broken';

/** The page could not be had; the message names what happened, for people. */
export class PageFailed extends Error {
  readonly code: PageFailureCode;
  constructor(code: PageFailureCode, message: string) {
    super(message);
    this.name = 'PageFailed';
    this.code = code;
  }
}

/** Text formats only: a reader of the protobuf format is not here. */
const ACCEPT =
  'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.7,text/plain;q=0.3,*/*;q=0.1';

/**
 * One GET of a target's page. Redirects are not followed: a target must not choose where the collector asks next.
 * Aborts at `page_bytes_max` bytes after decompression, at the target's timeout, and by `signal`. Throws
 * {@link PageFailed}.
 */
export async function getPage(
  target: ScrapeTarget,
  page_bytes_max: number,
  signal: AbortSignal,
): Promise<Page> {
  const timeout = AbortSignal.timeout(Math.ceil(target.timeout_s * 1000));
  try {
    const response = await open(target, AbortSignal.any([signal, timeout]));
    return await readPage(response, page_bytes_max);
  } catch (error) {
    if (error instanceof PageFailed) throw error;
    if (timeout.aborted) throw new PageFailed('timeout', `no page within ${target.timeout_s} s (timeout_s)`);
    throw new PageFailed('unreachable', reasonOf(error));
  }
}

function open(target: ScrapeTarget, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const send = target.url.protocol === 'https:' ? requestHttps : requestHttp;
    const request = send(
      target.url,
      {
        signal,
        rejectUnauthorized: !target.insecure_skip_verify,
        headers: {
          accept: ACCEPT,
          'accept-encoding': 'gzip',
          'user-agent': 'headway',
          'x-prometheus-scrape-timeout-seconds': String(target.timeout_s),
          ...(target.authorization === undefined ? {} : { authorization: target.authorization }),
        },
      },
      resolve,
    );
    request.on('error', reject);
    request.end();
  });
}

async function readPage(response: IncomingMessage, page_bytes_max: number): Promise<Page> {
  const status = response.statusCode ?? 0;
  const content_type = response.headers['content-type'] ?? '';
  try {
    if (status !== 200) throw new PageFailed('status', statusText(response, status));
    const format = formatOf(content_type);
    const bytes = await readAtMost(decompressed(response), page_bytes_max);
    if (!response.complete) throw new PageFailed('broken', 'the connection ended inside the page');
    const { headers } = response;
    const is_whole = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
    return { bytes, format, content_type, is_whole };
  } finally {
    response.destroy();
  }
}

function statusText(response: IncomingMessage, status: number): string {
  const location = response.headers.location;
  const note = location === undefined ? '' : `, redirects are not followed (to ${location})`;
  return `HTTP status ${status}${note}`;
}

/** Exporters send all kinds of text types or none; only what certainly is another format is refused. */
function formatOf(content_type: string): PageFormat {
  const type = content_type.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (type === 'application/openmetrics-text') return 'openmetrics';
  if (/^(image|video|audio)\/|protobuf|application\/(zip|gzip|pdf)/.test(type)) {
    throw new PageFailed('content_type', `content type ${content_type} is no text format of metrics`);
  }
  return 'prometheus';
}

function decompressed(response: IncomingMessage): Readable {
  const encoding = (response.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity' || encoding === '') return response;
  if (encoding !== 'gzip' && encoding !== 'x-gzip') {
    throw new PageFailed('content_type', `content encoding ${encoding} was not asked for`);
  }
  const gunzip = createGunzip();
  response.on('error', (error) => gunzip.destroy(error));
  return response.pipe(gunzip);
}

async function readAtMost(stream: Readable, page_bytes_max: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > page_bytes_max) {
      throw new PageFailed('too_large', `more than ${page_bytes_max} bytes (page_bytes_max)`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return error.message === '' ? (code ?? error.name) : error.message;
}
