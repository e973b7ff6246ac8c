import { promisify } from 'node:util';
import { unzip } from 'node:zlib';
import { decompressLz4 } from './lz4.ts';
import { decompressSnappy } from './snappy.ts';
import { DecompressedTooLarge } from './too-large.ts';
import { decompressZstd } from './zstd.ts';

const unzipAsync = promisify(unzip);

/** The number of each codec in the attributes of a record batch; 0 is none. */
export const CODECS = { 1: 'gzip', 2: 'snappy', 3: 'lz4', 4: 'zstd' } as const;
export type Codec = (typeof CODECS)[keyof typeof CODECS];

/**
 * The records of a batch that some producer compressed. Rejects with {@link DecompressedTooLarge} before more than
 * `bytes_max` are made, and with another error when the bytes are not what the codec makes.
 */
export async function decompress(codec: Codec, bytes: Uint8Array, bytes_max: number): Promise<Uint8Array> {
  if (bytes.length === 0) throw new Error(`not ${codec}: nothing`);
  switch (codec) {
    case 'gzip':
      return await gunzip(bytes, bytes_max);
    case 'snappy':
      return decompressSnappy(bytes, bytes_max);
    case 'lz4':
      return decompressLz4(bytes, bytes_max);
    case 'zstd':
      return await decompressZstd(bytes, bytes_max);
  }
}

async function gunzip(bytes: Uint8Array, bytes_max: number): Promise<Uint8Array> {
  try {
    return await unzipAsync(bytes, { maxOutputLength: bytes_max });
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE')
      throw new DecompressedTooLarge(bytes_max);
    throw cause;
  }
}
