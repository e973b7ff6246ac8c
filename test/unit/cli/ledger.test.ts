import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addLedger } from '../../../cli/commands/ledger.ts';
import { addSpec } from '../../../cli/commands/spec.ts';
import { CommandFailure } from '../../../cli/outcome.ts';
import type { RunEvent } from '../../../domain/events.ts';
import { end, fail, mark, start, step, steps } from '../domain/ledger/timeline.ts';

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'headway-ledger-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const RUN: RunEvent[] = [
  start(1, 0, 8),
  ...steps(1, 0, 4, 5, 10),
  fail(1, 60, 'xid:79'),
  mark('detect', 65),
  start(2, 100, 8),
  ...steps(2, 3, 9, 120, 10),
  end(2, 190),
];

async function file(name: string, lines: readonly (RunEvent | string)[]): Promise<string> {
  const path = join(dir, name);
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
  await writeFile(path, name.endsWith('.gz') ? gzipSync(text) : text);
  return path;
}

async function run(...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const into = (chunks: string[]) =>
    new Writable({
      write: (chunk, _encoding, done) => {
        chunks.push(String(chunk));
        done();
      },
    });
  const terminal = { out: into(out), err: into(err) };
  let code = 0;
  const program = new Command('headway').exitOverride();
  addLedger(program, terminal, (value) => {
    code = value;
  });
  addSpec(program, terminal, (value) => {
    code = value;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    return { code: error.exitCode, out: out.join(''), err: error.message };
  }
  return { code, out: out.join(''), err: err.join('') };
}

describe('headway ledger', () => {
  it('prints one JSON document and nothing else', async () => {
    const { code, out, err } = await run(
      'ledger',
      await file('run.ndjson', RUN),
      '--json',
      '--windows',
      '95',
    );
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const answer = JSON.parse(out) as Record<string, unknown>;
    expect(answer).toMatchObject({
      job: 'j',
      state: 'ended',
      horizon_s: 190,
      buckets_s: { productive: 100, lost_work: 20, startup: 25, down: 35, down_detect: 5, other: 5 },
      goodput_ratio: 100 / 190,
      interruptions: 1,
      device_seconds: { productive: 800 },
      incidents: [{ cause: 'xid:79', time_to_detect_s: 5, time_to_first_step_s: 60, lost_steps: 2 }],
      windows: [{ buckets_s: { productive: 30 } }, { buckets_s: { productive: 70 } }],
      quality: { rejected: [] },
    });
  });

  it('says once who speaks, and that a compressed file was cut', async () => {
    const bad = await run('ledger', await file('bad.ndjson', ['{"type":"x"}']));
    expect(bad.code).toBe(1);
    expect(bad.err).toMatch(/^1 line cannot be used\./);
    const partly = await run('ledger', await file('partly.ndjson', [...RUN, '{"type":"x"}']));
    expect(partly.code).toBe(1);
    expect(partly.err).toMatch(/^headway: 1 line cannot be used\./);

    const packed = gzipSync(RUN.map((event) => `${JSON.stringify(event)}\n`).join(''));
    const path = join(dir, 'cut.gz');
    await writeFile(path, packed.subarray(0, packed.length - 20));
    const { code, out, err } = await run('ledger', path, '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ job: 'j' });
    expect(err).toContain(`headway: ${path}: the gzip file is cut`);
  });

  it('looks as of a moment, and reads gzip', async () => {
    const path = await file('run.ndjson.gz', RUN);
    const { out } = await run('ledger', path, '--json', '--at', '58000000');
    expect(JSON.parse(out)).toMatchObject({
      horizon_s: 58,
      interruptions: 0,
      incidents: [],
      state: 'running',
    });
  });

  it('keeps what is good, names each bad line, and exits 1', async () => {
    const path = await file('bad.ndjson', [...RUN, '{"type":"step","job":"j"}', 'nope']);
    const { code, out, err } = await run('ledger', path, '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      horizon_s: 190,
      quality: {
        rejected: [
          { line: RUN.length + 1, code: 'missing_field' },
          { line: RUN.length + 2, code: 'not_json' },
        ],
      },
    });
    expect(err).toContain(`${path}:${RUN.length + 1}: missing_field: step.step is missing; it is required`);
  });

  it('says of a file with nothing usable what a usable one is', async () => {
    const { code, err } = await run('ledger', await file('log.txt', ['step 1 loss 2', 'step 2 loss 1']));
    expect(code).toBe(1);
    expect(err).toMatch(/2 lines cannot be used. Run events are one JSON object a line/);
    expect(await run('ledger', await file('empty.ndjson', []))).toMatchObject({ code: 1 });
  });

  it('answers for several jobs, or for the one asked for', async () => {
    const other: RunEvent = { type: 'attempt_start', job: 'k', attempt: 1, time_us: 0 };
    const path = await file('two.ndjson', [other, ...RUN]);
    const { out } = await run('ledger', path, '--json');
    expect((JSON.parse(out) as { jobs: { job: string }[] }).jobs.map(({ job }) => job)).toEqual(['k', 'j']);
    expect(JSON.parse((await run('ledger', path, '--json', '--job', 'j')).out)).toMatchObject({ job: 'j' });
    expect(await run('ledger', path, '--job', 'x')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/It has: k, j\.$/),
    });
  });

  it.each([
    [['--at', '1.5'], /--at 1.5 is not a time: give microseconds/],
    [['--windows', '0'], /--windows 0 is not a length/],
    [['--windows', '0.0001'], /1900000 windows of that size; at most 100000/],
  ])('refuses %j as usage', async (args, message) => {
    const { code, err } = await run('ledger', await file('run.ndjson', RUN), ...args);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });

  it('tells a missing file as usage', async () => {
    expect(await run('ledger', join(dir, 'none'))).toMatchObject({
      code: 2,
      err: expect.stringContaining('ENOENT'),
    });
  });

  it('gives a person the goodput, the losses and the ladder', async () => {
    const { out } = await run('ledger', await file('run.ndjson', [...RUN, step(2, 10, 500)]));
    expect(out).toMatch(/^j: ended; goodput 52.6 % of 190.0 s, 1 interruption\n/);
    expect(out).toMatch(/ lost_work +10.5 % +█+ +20.0 s {2}0.0444 device-h/);
    expect(out).toContain('interruption (recovered): xid:79; 2 steps lost');
    expect(out).toContain('detected +5.000 s > restarted +40.0 s > first step +60.0 s > regained +80.0 s');
  });
});

describe('headway spec validate', () => {
  it('counts what can be used, and exits 0', async () => {
    const { code, out } = await run('spec', 'validate', await file('run.ndjson', RUN));
    expect(code).toBe(0);
    expect(out).toContain('17 events can be used (2 attempt_start, 12 step, 1 fail, 1 mark, 1 attempt_end)');
  });

  it('lists every bad line with its place, and exits 1', async () => {
    const lines = Array.from({ length: 30 }, () => '{"type":"mark"}');
    const path = await file('marks.ndjson', lines);
    const { code, err } = await run('spec', 'validate', path);
    expect(code).toBe(1);
    expect(err).toContain(`${path}:30: missing_field: mark.job is missing`);
    const json = await run('spec', 'validate', path, '--json');
    expect(JSON.parse(json.out)).toMatchObject({ accepted: 0, types: {}, rejected: { length: 30 } });
  });
});
