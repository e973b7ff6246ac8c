import { Readable, type Transform } from 'node:stream';
import type { ReadableStream as WebStream } from 'node:stream/web';
import * as zlib from 'node:zlib';

/** The body was not taken; `status` is the HTTP answer, `reason` a word for counters. */
export class BodyRefused extends Error {
  readonly status: 400 | 413 | 415 | 429;
  readonly reason: string;
  constructor(status: BodyRefused['status'], reason: string, message: string) {
    super(message);
    this.name = 'BodyRefused';
    this.status = status;
    this.reason = reason;
  }
}

/** Bytes of all bodies that are being read or written, over all requests of one receiver. */
export interface InflightBytes {
  bytes: number;
  readonly bytes_max: number;
}

export interface BodyReading {
  readonly bytes: Uint8Array;
  /** Gives the bytes back to the budget; to be called when the request is over. */
  release(): void;
}

/**
 * Reads a request's body, decompressed, and counts the bytes that come OUT of the decompression while they come: a
 * declared length says nothing about chunked or compressed bodies, and 10 GB of zeros fit in 10 MB of gzip. Throws
 * {@link BodyRefused}.
 */
export async function readBody(
  request: Request,
  body_bytes_max: number,
  inflight: InflightBytes,
): Promise<BodyReading> {
  const decoder = decoderOf(request.headers.get('content-encoding'));
  const declared = Number(request.headers.get('content-length') ?? 0);
  if (declared > body_bytes_max) throw tooLarge(body_bytes_max);
  let taken = 0;
  const release = (): void => {
    inflight.bytes -= taken;
    taken = 0;
  };
  if (request.body === null) return { bytes: new Uint8Array(0), release };
  const source = Readable.fromWeb(request.body as unknown as WebStream);
  const stream = decoder === undefined ? source : piped(source, decoder);
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      taken += chunk.length;
      inflight.bytes += chunk.length;
      if (taken > body_bytes_max) throw tooLarge(body_bytes_max);
      if (inflight.bytes > inflight.bytes_max) {
        throw new BodyRefused(
          429,
          'busy',
          `bodies under way hold ${inflight.bytes_max} bytes (inflight_bytes_max)`,
        );
      }
      chunks.push(chunk);
    }
  } catch (error) {
    release();
    source.destroy();
    if (error instanceof BodyRefused) throw error;
    throw new BodyRefused(400, 'broken_body', `the body could not be read: ${reasonOf(error)}`);
  }
  return { bytes: Buffer.concat(chunks), release };
}

function piped(source: Readable, decoder: Transform): Readable {
  source.on('error', (error) => decoder.destroy(error));
  decoder.on('close', () => source.destroy());
  return source.pipe(decoder);
}

function decoderOf(encoding: string | null): Transform | undefined {
  const name = (encoding ?? 'identity').trim().toLowerCase();
  if (name === 'identity' || name === '') return undefined;
  if (name === 'gzip' || name === 'x-gzip') return zlib.createGunzip();
  if (name === 'zstd' && createZstd !== undefined) return createZstd();
  const known = createZstd === undefined ? 'gzip or identity' : 'gzip, zstd or identity';
  const note = name === 'zstd' ? ' (zstd needs Node 22.15 or later)' : '';
  throw new BodyRefused(415, 'encoding', `content encoding ${name} is not read here${note}; send ${known}`);
}

/** In node:zlib since 22.15; the types are those of Node 20. */
const createZstd = (zlib as unknown as { createZstdDecompress?: () => Transform }).createZstdDecompress;

function tooLarge(body_bytes_max: number): BodyRefused {
  const mend = 'send fewer lines at a time, or raise collector.events.body_bytes_max';
  return new BodyRefused(413, 'too_large', `the body is larger than ${body_bytes_max} bytes; ${mend}`);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
