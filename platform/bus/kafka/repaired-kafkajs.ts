import { createRequire } from 'node:module';
import { CODECS, decompress } from './codecs/codecs.ts';
import { crc32c } from './crc32c.ts';
import {
  type BatchDecoder,
  createMessageDecoder,
  type NewWireDecoder,
  type ReadLimits,
} from './record-batches.ts';

/**
 * kafkajs 2.2.4 (the last release, of 2023) with the repairs that cannot be made from outside. `client.ts` alone uses
 * what this loads; it is a copy of its own, whatever else loads the package.
 */
export function loadRepairedKafkajs(limits: ReadLimits): unknown {
  const require = createRequire(import.meta.url);
  for (const path of Object.keys(require.cache)) {
    if (path.includes('/node_modules/kafkajs/')) delete require.cache[path];
  }
  const load: (id: string) => unknown = require;
  restWhenIdle(load(`${SOURCE}network/requestQueue/index.js`));
  readEveryCodec(load(`${SOURCE}protocol/message/compression/index.js`), limits);
  // Their users take these functions when they are loaded, which is below.
  const replace = (path: string, own: unknown) => {
    const name = require.resolve(SOURCE + path);
    load(name);
    const module = require.cache[name];
    if (typeof module?.exports !== 'function') throw changed(path);
    module.exports = own;
  };
  // The same sum three times as fast: it is made of every byte that is sent.
  replace('protocol/recordBatch/crc32C/crc32C.js', crc32c);
  const decoders = {
    WireDecoder: part<NewWireDecoder>(load, 'protocol/decoder.js'),
    decodeBatch: part<BatchDecoder>(load, 'protocol/recordBatch/v0/decoder.js'),
  };
  replace('protocol/requests/fetch/v4/decodeMessages.js', createMessageDecoder(decoders, limits));
  endWhenStopped(load(`${SOURCE}consumer/runner.js`));
  return load('kafkajs');
}

const SOURCE = 'kafkajs/src/';

function part<F>(load: (id: string) => unknown, path: string): F {
  const found = load(SOURCE + path);
  if (typeof found !== 'function') throw changed(path);
  return found as F;
}

function changed(what: string): Error {
  return new Error(`kafkajs is another version than the repairs are for: ${what} is not as it was`);
}

/**
 * With nothing to send and no throttling the queue of each connection sets a timer of minus the time of day, which Node
 * makes one of 1 ms, for ever (kafkajs issues 1556, 1604, 1751). The timer is for requests that wait, and only for them.
 */
function restWhenIdle(requestQueue: unknown): void {
  const prototype: unknown = typeof requestQueue === 'function' ? requestQueue.prototype : undefined;
  if (!schedules(prototype)) throw changed('the request queue');
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function () {
    if (this.pending.length > 0) schedule.call(this);
  };
}

interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests(this: RequestQueue): void;
}

function schedules(prototype: unknown): prototype is RequestQueue {
  return (
    typeof prototype === 'object' &&
    prototype !== null &&
    'scheduleCheckPendingRequests' in prototype &&
    typeof prototype.scheduleCheckPendingRequests === 'function'
  );
}

/**
 * Stopped while the brokers of the cluster change, a consumer starts to fetch from the new ones although it is over, and
 * nothing ends that: each fetch is answered at once with nothing, and the process does nothing else ever again.
 */
function endWhenStopped(runner: unknown): void {
  const prototype: unknown = typeof runner === 'function' ? runner.prototype : undefined;
  if (!fetches(prototype)) throw changed('the runner of a consumer');
  const fetch = prototype.fetch;
  prototype.fetch = async function (nodeId) {
    if (this.running) return await fetch.call(this, nodeId);
    // Not awaited: it waits for this fetch.
    void this.fetchManager.stop();
    return [];
  };
}

interface Runner {
  readonly running: boolean;
  readonly fetchManager: { stop(): Promise<void> };
  fetch(this: Runner, nodeId: number): Promise<unknown[]>;
}

function fetches(prototype: unknown): prototype is Runner {
  return (
    typeof prototype === 'object' &&
    prototype !== null &&
    'fetch' in prototype &&
    typeof prototype.fetch === 'function'
  );
}

/** It knows gzip alone, without a limit, and its consumer ends for good at a message that another codec packed. */
function readEveryCodec(compression: unknown, limits: ReadLimits): void {
  if (!hasObject(compression, 'Codecs')) throw changed('the register of codecs');
  for (const [number, codec] of Object.entries(CODECS)) {
    compression.Codecs[number] = () => ({
      compress: () => Promise.reject(new Error(`messages are not sent with ${codec}`)),
      decompress: (bytes: Buffer) => decompress(codec, bytes, limits.decompressed_bytes_max),
    });
  }
}

function hasObject<N extends string>(value: unknown, name: N): value is Record<N, Record<string, unknown>> {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, name) === 'object';
}
