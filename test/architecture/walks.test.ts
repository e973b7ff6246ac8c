import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/loopback.ts';
import { ROOT } from './source-files.ts';

/**
 * ARCHITECTURE.md tells two walks: one device sample and one step, file by file. Here both are really walked, in a
 * process whose code coverage is recorded; a file of a walk none of whose functions ran was not passed.
 */
const PAGE = `# TYPE DCGM_FI_DEV_GPU_UTIL gauge
DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="GPU-1",device="nvidia0",modelName="NVIDIA H100 80GB HBM3",Hostname="n1"} 97
`;

function walk(heading: string): string[] {
  const text = readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8');
  const section = text.split(/^### /m).find((part) => part.startsWith(heading)) ?? '';
  return [...section.matchAll(/^\d+\. `([^`]+)`/gm)].map((match) => match[1] ?? '');
}

const WALKS = { 'One device sample': walk('One device sample'), 'One step': walk('One step') };

let passed: ReadonlySet<string> = new Set();
const cleanUp: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const step of cleanUp.reverse()) await step();
});

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), 'headway-walk-'));
  cleanUp.push(() => rm(dir, { recursive: true, force: true }));
  const exporter = createServer((_, response) => response.end(PAGE)).listen(0, '127.0.0.1');
  cleanUp.push(async () => void exporter.close());
  await once(exporter, 'listening');
  const target = `127.0.0.1:${(exporter.address() as AddressInfo).port}`;
  await writeFile(
    join(dir, 'headway.yaml'),
    `collector:\n  scrape:\n    - { name: dcgm, targets: ['${target}'], interval_s: 1 }\nanalyzer: { interval_s: 1 }\n`,
  );
  const args = ['start', '--port', '0', '--data', join(dir, 'data'), '--config', join(dir, 'headway.yaml')];
  const child = spawn(process.execPath, [join(ROOT, 'bin/headway.js'), ...args], {
    env: { ...process.env, NODE_V8_COVERAGE: join(dir, 'coverage') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (bytes) => {
    said += String(bytes);
  });
  const url = await eventually(() => /listens on (http:\S+)/.exec(said)?.[1], { describe: () => said });
  await fetch(`${url}/v1/events`, { method: 'POST', body: stepLines() });
  for (const query of ['DCGM_FI_DEV_GPU_UTIL', 'headway_job_last_step{job="walk"}']) {
    await eventually(async () => {
      const response = await fetch(`${url}/prom/api/v1/query?query=${encodeURIComponent(query)}`);
      return (await response.text()).includes('"metric":{') ? true : undefined;
    });
  }
  child.kill('SIGTERM');
  await once(child, 'exit');
  passed = await filesPassed(join(dir, 'coverage'));
}, 120_000);

function stepLines(): string {
  const now_us = Date.now() * 1000;
  const at = { job: 'walk', attempt: 1 };
  return [
    {
      type: 'job',
      job: 'walk',
      model: 'llama3-8b',
      hardware: 'H100',
      sequence_length: 8192,
      device_count: 8,
    },
    { type: 'attempt_start', ...at, time_us: now_us - 10e6, device_count: 8 },
    { type: 'step', ...at, step: 1, start_us: now_us - 9e6, end_us: now_us - 6e6 },
  ]
    .map((event) => JSON.stringify(event))
    .join('\n');
}

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly functionName: string;
      readonly ranges: readonly { readonly count: number }[];
    }[];
  }[];
}

/** Files one of whose functions ran; running the top level of a module is only being imported. */
async function filesPassed(dir: string): Promise<Set<string>> {
  const files = new Set<string>();
  for (const name of await readdir(dir)) {
    const { result } = JSON.parse(await readFile(join(dir, name), 'utf8')) as Coverage;
    for (const { url, functions } of result) {
      if (!url.startsWith('file:')) continue;
      const ran = functions.some((one) => one.functionName !== '' && (one.ranges[0]?.count ?? 0) > 0);
      if (ran) files.add(relative(ROOT, fileURLToPath(url.split('?')[0] ?? url)));
    }
  }
  return files;
}

describe.each(Object.entries(WALKS))('the walk of ARCHITECTURE.md: %s', (_, files) => {
  it('names files that exist', () => {
    expect(files.length).toBeGreaterThan(8);
    expect(files.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it('passes every file it names', () => {
    const code = files.filter((path) => path.endsWith('.ts'));
    expect(code.filter((path) => !passed.has(path))).toEqual([]);
  });
});
