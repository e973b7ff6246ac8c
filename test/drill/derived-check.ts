import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import type { RunEvent } from '../../domain/events.ts';
import { silentLog } from '../../platform/log.ts';
import { STORE_DEFAULTS } from '../../platform/store/config.ts';
import { openEmbeddedStore } from '../../platform/store/embedded.ts';
import { migrate } from '../../platform/store/migrate.ts';
import type { Store } from '../../platform/store/store.ts';
import { eventually } from '../support/loopback.ts';
import { contentOf, publishResults } from '../support/result-rows.ts';
import type { Member } from './member.ts';

export interface DerivedParts {
  readonly store: Store;
  readonly api: Member;
  /** All of them ended. */
  readonly jobs: readonly string[];
  readonly folder: string;
}

/**
 * Holds what was derived while things went wrong against the same made from scratch of the stored events: the ledger
 * that the API answers against that of the command line, and the result tables against those that one pass over all
 * events writes into tables of its own. Returns the jobs that differ, each with what did.
 */
export async function compareDerived({ store, api, jobs, folder }: DerivedParts): Promise<string[]> {
  const differing: string[] = [];
  const at_us = Date.now() * 1000;
  const scratch = await openEmbeddedStore(join(folder, 'scratch'), STORE_DEFAULTS, silentLog);
  try {
    await migrate(scratch);
    for (const job of jobs) {
      const rows = await store.query<{ body: string }>(
        'SELECT DISTINCT body FROM run_events FINAL WHERE job = {job:String}',
        { job },
      );
      const bodies = rows.map(({ body }) => body);
      const told = await ledgerOfApi(api, job, at_us);
      const file = join(folder, `${job}.ndjson`);
      await writeFile(file, `${bodies.join('\n')}\n`);
      const own = await ledgerOfFile(file, job, at_us);
      if (!isDeepStrictEqual(told, own)) differing.push(`${job}: ledger\n${difference(told, own)}`);
      const events = bodies.map((body) => JSON.parse(body) as RunEvent);
      await publishResults(scratch, events, at_us);
      const problem = await differenceOfResults(store, scratch, job);
      if (problem !== null) differing.push(`${job}: results\n${problem}`);
    }
    return differing;
  } finally {
    await scratch.close();
  }
}

/** The analyzers get some time to come to the same rows; null when they do. */
async function differenceOfResults(store: Store, scratch: Store, job: string): Promise<string | null> {
  const wanted = await contentOf(scratch, job);
  let last = '';
  try {
    return await eventually(
      async () => {
        const content = await contentOf(store, job);
        last = difference(content, wanted);
        return isDeepStrictEqual(content, wanted) ? null : undefined;
      },
      { limit_ms: RESULTS_LIMIT_MS, every_ms: 2000 },
    );
  } catch {
    return last;
  }
}

type Json = Readonly<Record<string, unknown>>;

async function ledgerOfApi(api: Member, job: string, at_us: number): Promise<Json> {
  const response = await fetch(`${api.url}/v1/jobs/${job}/ledger?at=${at_us}`);
  const text = await response.text();
  if (!response.ok) throw new Error(`the ledger of ${job} was not answered: ${text}`);
  return comparable(text);
}

async function ledgerOfFile(file: string, job: string, at_us: number): Promise<Json> {
  const args = [HEADWAY, 'ledger', file, '--job', job, '--at', String(at_us), '--json'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => chunks.push(bytes));
  await once(child, 'close');
  return comparable(Buffer.concat(chunks).toString());
}

/** Without what only one of them tells: the range that was asked for, and lines of the file that were refused. */
function comparable(text: string): Json {
  const { range: _, quality, ...ledger } = JSON.parse(text) as Json & { quality: Json };
  const { rejected: __, ...known } = quality;
  return { ...ledger, quality: known };
}

/** The first fields that differ, for a person. */
function difference(a: unknown, b: unknown, path = '$'): string {
  if (isDeepStrictEqual(a, b)) return '';
  if (!isObject(a) || !isObject(b)) return `${path}: ${JSON.stringify(a)} against ${JSON.stringify(b)}`;
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  const lines = keys.map((key) => difference(a[key], b[key], `${path}.${key}`)).filter((line) => line !== '');
  return lines.slice(0, 5).join('\n');
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null;
}

const HEADWAY = fileURLToPath(new URL('../../bin/headway.js', import.meta.url));
const RESULTS_LIMIT_MS = 90_000;
