import { crc32 } from 'node:zlib';
import { BATCH_KINDS, type Batch, type BatchKind } from './bus.ts';

/**
 * One `publish` on disk: payload length (uint32), CRC-32 of the payload (uint32), payload; little-endian. The payload
 * is the length of a JSON header (uint32), the header, then the bodies one after another.
 */
export const FRAME_HEAD_BYTES = 8;

export interface Frame {
  /** Milliseconds since the epoch. */
  readonly published_at_ms: number;
  readonly batches: readonly Batch[];
  /** Offset behind the frame. */
  readonly end: number;
}

/**
 * Why no frame could be read at an offset. `cut`: the bytes end before it does, so more may follow, or the write was
 * cut. `corrupt`: the bytes are not those that were written. `end` is where it would end by its length, as far as
 * the length could be read.
 */
export interface FrameFault {
  readonly fault: 'cut' | 'corrupt';
  readonly end: number;
}

interface FrameHeader {
  readonly published_at_ms: number;
  readonly batches: readonly {
    readonly id: string;
    readonly kind: BatchKind;
    readonly schema_version: number;
    readonly key: string;
    readonly rows: number;
    readonly bytes: number;
  }[];
}

/** The frame in parts: the bodies are not copied. */
export function encodeFrame(batches: readonly Batch[], published_at_ms: number): Uint8Array[] {
  const header: FrameHeader = {
    published_at_ms,
    batches: batches.map(({ id, kind, schemaVersion, key, rows, body }) => ({
      id,
      kind,
      schema_version: schemaVersion,
      key,
      rows,
      bytes: body.length,
    })),
  };
  const text = Buffer.from(JSON.stringify(header));
  const headerLength = Buffer.alloc(4);
  headerLength.writeUInt32LE(text.length);
  const payload = [headerLength, text, ...batches.map(({ body }) => body)];
  const head = Buffer.alloc(FRAME_HEAD_BYTES);
  head.writeUInt32LE(byteLength(payload), 0);
  head.writeUInt32LE(
    payload.reduce((sum, part) => crc32(part, sum), 0),
    4,
  );
  return [head, ...payload];
}

export function byteLength(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

/** Reads the frame at `offset`; bodies are views into `bytes`. */
export function readFrame(bytes: Buffer, offset: number): Frame | FrameFault {
  const payloadStart = offset + FRAME_HEAD_BYTES;
  if (bytes.length < payloadStart) return { fault: 'cut', end: payloadStart };
  const length = bytes.readUInt32LE(offset);
  const end = payloadStart + length;
  // A hole that a power loss left reads as zeros, and zeros are the right checksum of nothing.
  if (length === 0) return { fault: 'corrupt', end };
  if (bytes.length < end) return { fault: 'cut', end };
  const payload = bytes.subarray(payloadStart, end);
  if (crc32(payload) !== bytes.readUInt32LE(offset + 4)) return { fault: 'corrupt', end };
  return decodePayload(payload, end) ?? { fault: 'corrupt', end };
}

function decodePayload(payload: Buffer, end: number): Frame | undefined {
  const bodiesStart = 4 + (payload.length < 4 ? 0 : payload.readUInt32LE(0));
  const header = parseJson(payload.toString('utf8', 4, bodiesStart));
  if (!isFrameHeader(header)) return undefined;
  let at = bodiesStart;
  const batches = header.batches.map(({ id, kind, schema_version, key, rows, bytes }): Batch => {
    const body = payload.subarray(at, at + bytes);
    at += bytes;
    return { id, kind, schemaVersion: schema_version, key, rows, body };
  });
  return at === payload.length ? { published_at_ms: header.published_at_ms, batches, end } : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The checksum vouches for the bytes; this tells frames of another version of Headway apart. */
function isFrameHeader(value: unknown): value is FrameHeader {
  if (typeof value !== 'object' || value === null || !('batches' in value)) return false;
  if (!Array.isArray(value.batches)) return false;
  return value.batches.every(
    (batch: unknown) =>
      typeof batch === 'object' &&
      batch !== null &&
      'kind' in batch &&
      'bytes' in batch &&
      typeof batch.bytes === 'number' &&
      BATCH_KINDS.some((kind) => kind === batch.kind),
  );
}
