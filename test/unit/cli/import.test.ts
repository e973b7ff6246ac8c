import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addImport } from '../../../cli/commands/import.ts';
import { jobNameOf } from '../../../cli/import-files.ts';
import { EXIT, type ExitCode } from '../../../cli/outcome.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headway-import-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function file(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

async function run(...args: string[]): Promise<{ out: string; err: string; exitCode: ExitCode }> {
  const terminal = { out: new PassThrough(), err: new PassThrough() };
  const program = new Command('headway').exitOverride();
  let exitCode: ExitCode = EXIT.fine;
  addImport(program, terminal, (code) => {
    exitCode = code;
  });
  await program.parseAsync(['import', ...args], { from: 'user' });
  const text = (stream: PassThrough) => String(stream.read() ?? '');
  return { out: text(terminal.out), err: text(terminal.err), exitCode };
}

const at = (time: string, message: string) => `[rank0]:[titan] 2025-06-25 ${time} - root - INFO - ${message}`;
const LOG = [
  at('10:00:00,000', 'Starting job: test'),
  at('10:00:01,000', "Building 1-D device mesh with ['dp_shard'], [8]"),
  at('10:00:02,000', 'Model llama3 8B size: 8,030,261,248 total parameters'),
  at(
    '10:00:03,000',
    'Trainer is initialized with local batch size 1, global batch size 8, gradient accumulation steps 1, sequence length 8192, total steps 9 (warmup 2).',
  ),
  at('10:00:04,000', 'Training starts at step 1'),
  at('10:00:06,000', 'step:  1  loss:  8.1  memory: 1.00GiB(1.00%)  tps: 4,096'),
  at('10:00:07,000', 'step:  2  loss:  8.1  memory: 1.00GiB(1.00%)  tps: 8,192'),
  at('10:00:08,000', 'step:  3  loss:  8.1  memory: 1.00GiB(1.00%)  tps: 8,192'),
].join('\n');

const event = (job: string, step: number) =>
  JSON.stringify({ type: 'step', job, attempt: 1, step, start_us: step * 1e6, end_us: step * 1e6 + 1e6 });
const events = (job: string) =>
  [
    JSON.stringify({ type: 'attempt_start', job, attempt: 1, time_us: 1e6 }),
    event(job, 1),
    event(job, 2),
  ].join('\n');

describe('headway import', () => {
  it('prints one JSON document: the report, and what was read to make it', async () => {
    const path = await file('run.log.gz', gzipSync(LOG));
    const { out, err, exitCode } = await run(
      path,
      '--hardware',
      'NVIDIA H100 80GB HBM3',
      '--dtype',
      'bf16',
      '--json',
    );
    const report = JSON.parse(out);
    expect(report).toMatchObject({
      job: 'run',
      state: 'ended',
      steps: 3,
      devices: 8,
      step_s: { median: 1, first: 2 },
      tokens_per_s_per_device: 8192,
      model: { parameters: 8_030_261_248 },
      import: { files: [path], format: 'torchtitan', events: 6, rejected: [], rejected_count: 0 },
    });
    expect(report.mfu_ratio.mm_full).toBeCloseTo((57.9131e9 * 8192) / 989e12, 4);
    expect(err).toContain('read as UTC');
    expect(exitCode).toBe(EXIT.fine);
  });

  it('prints the report for people', async () => {
    const { out } = await run(await file('run.log', LOG), '--job', 'mine');
    expect(out).toContain('mine');
    expect(out).toContain('8,030,261,248');
  });

  it('keeps what is good of a file with bad lines, names them, and ends in 1', async () => {
    const path = await file('run.log', `${LOG}\nstep:  4  loss:  8.1  memory: 1GiB  tps: 1`);
    const { out, err, exitCode } = await run(path, '--json');
    expect(exitCode).toBe(EXIT.problem_found);
    expect(err).toContain(`${path}:9: no_time`);
    expect(JSON.parse(out)).toMatchObject({
      steps: 3,
      import: { rejected: [{ file: path, line: 9, code: 'no_time' }] },
    });
  });

  it('takes several files as one job where a job is named, and as one job each otherwise', async () => {
    const paths = [await file('a.log', LOG), await file('b.log', LOG.replaceAll('[rank0]', '[rank1]'))];
    const together = JSON.parse((await run(...paths, '--job', 'both', '--json')).out);
    expect(together).toMatchObject({ job: 'both', steps: 3, attempts: 1, quality: { ranks_seen: 2 } });
    const apart = JSON.parse((await run(...paths, '--json')).out);
    expect(apart.jobs.map(({ job }: { job: string }) => job)).toEqual(['a', 'b']);
  });

  it('takes files of run events, and revises their spec', async () => {
    const path = await file('e.ndjson', `${events('x')}\n{"type":"step"}\n${events('y')}`);
    const { out, err, exitCode } = await run(path, '--devices', '4', '--json');
    expect(JSON.parse(out).jobs).toMatchObject([
      { job: 'x', steps: 2, devices: 4 },
      { job: 'y', steps: 2, devices: 4 },
    ]);
    expect(err).toContain(`${path}:4: missing_field`);
    expect(exitCode).toBe(EXIT.problem_found);
    expect(JSON.parse((await run(path, '--job', 'y', '--json')).out)).toMatchObject({ job: 'y', steps: 2 });
  });

  it('lets events keep the job that they name, and says so where --job names another', async () => {
    const path = await file('e.ndjson', events('x'));
    const log = await file('run.log', LOG);
    const alone = await run(path, '--job', 'z', '--json');
    expect(JSON.parse(alone.out)).toMatchObject({ job: 'x', steps: 2 });
    expect([alone.exitCode, alone.err]).toEqual([EXIT.fine, expect.stringContaining('none is of z')]);
    const both = await run(path, log, '--job', 'z', '--json');
    expect(JSON.parse(both.out).jobs).toMatchObject([
      { job: 'z', steps: 3 },
      { job: 'x', steps: 2 },
    ]);
    expect(both.exitCode).toBe(EXIT.fine);
  });

  describe('of a folder', () => {
    const record = (rank: number, sequence: number) =>
      JSON.stringify({
        header: { id: '0x9e7a', rank, n_ranks: 2, nnodes: 1 },
        metadata: { dump_timestamp_us: 1.79e15 + sequence * 1000, hostname: 'n0', pid: rank },
        coll_perf: {
          coll: 'AllReduce',
          coll_sn: sequence,
          coll_msg_size_bytes: 1_048_576,
          coll_exec_time_us: 100 + rank,
        },
      });
    const records = (rank: number) => [1, 2, 3].map((sequence) => record(rank, sequence)).join('\n');

    it('takes all files in it and below as one job of its name, and leaves out what ends in nothing known', async () => {
      await mkdir(join(folder, 'job-7', 'n0'), { recursive: true });
      await file('job-7/n0/n0-pid0.log', records(0));
      await file('job-7/n0/n0-pid1.log.gz', gzipSync(records(1)));
      await file('job-7/model.pt', 'no text');
      await file('job-7/.hidden.log', 'no record');
      const { out, exitCode } = await run(join(folder, 'job-7'), '--json');
      expect(JSON.parse(out)).toMatchObject({
        job: 'job-7',
        collectives: { rows: [{ count: 6, ranks: 2 }] },
        import: { format: 'nccl-inspector', rejected: [], unusable: [] },
      });
      expect(exitCode).toBe(EXIT.fine);
    });

    it('keeps the good files, names each that is of no known kind or cut, and ends in 1', async () => {
      await mkdir(join(folder, 'job-8'));
      const config = await file('job-8/config.json', '{\n  "hidden_size": 4096\n}');
      const cut = await file('job-8/cut.json.gz', gzipSync(records(0)).subarray(0, 12));
      const torn = await file('job-8/torn.jsonl', `${records(1)}\n${record(1, 4).slice(0, 90)}`);
      const rank0 = await file('job-8/rank0.log', LOG);
      const rank1 = await file('job-8/rank1.log', 'srun: error: node n1: task 1: Killed');
      const { out, err, exitCode } = await run(join(folder, 'job-8'), '--job', 'mine', '--json');
      const { job, steps, import: read } = JSON.parse(out);
      expect([job, steps, exitCode]).toEqual(['mine', 3, EXIT.problem_found]);
      expect(read.files.sort()).toEqual([rank0, rank1, torn]);
      expect(read.rejected).toMatchObject([{ file: torn, line: 4, code: 'not_a_record' }]);
      expect(read.unusable.map(({ files }: { files: string[] }) => files)).toEqual([[cut], [config]]);
      expect(err).toContain(`headway: ${config} is of no known format`);
    });

    it('is a usage failure without any file that could be read', async () => {
      await mkdir(join(folder, 'empty'));
      const failure = run(join(folder, 'empty'));
      await expect(failure).rejects.toMatchObject({ exitCode: EXIT.usage, message: /without a file/ });
    });
  });

  it.each([
    ['empty.txt', '', 'is empty'],
    ['other.txt', 'hello', 'no known trainer wrote this log'],
    ['none.ndjson', '{"type":"x"}', 'holds no events'],
    ['cut.gz', gzipSync(LOG).subarray(0, 12), 'no whole line of it can be unpacked'],
  ])('keeps the good files beside %s, names the bad one, and ends in 1', async (name, content, reason) => {
    const bad = await file(name, content);
    const good = await file('good.ndjson', events('x'));
    const { out, err, exitCode } = await run(bad, good, '--json');
    expect(exitCode).toBe(EXIT.problem_found);
    expect(JSON.parse(out)).toMatchObject({
      job: 'x',
      steps: 2,
      import: { files: [good], unusable: [{ files: [bad], message: expect.stringContaining(reason) }] },
    });
    expect(err).toContain(`headway: ${bad}`);
    expect(err).toContain(reason);
  });

  it('keeps the good files beside one that is not there', async () => {
    const missing = join(folder, 'missing.log');
    const { out, err, exitCode } = await run(missing, await file('good.ndjson', events('x')), '--json');
    expect([exitCode, JSON.parse(out).job]).toEqual([EXIT.problem_found, 'x']);
    expect(err).toContain(`cannot read ${missing} (ENOENT)`);
  });

  it('names every file when none is good', async () => {
    const paths = [await file('a.txt', ''), await file('b.txt', 'hello')];
    await expect(run(...paths)).rejects.toMatchObject({
      exitCode: EXIT.usage,
      message: expect.stringMatching(/a\.txt is empty.*\n.*b\.txt: no known trainer/),
    });
  });

  it('takes a rank that said nothing as part of its job', async () => {
    const paths = [await file('rank0.log', LOG), await file('rank1.log', '')];
    const { out, exitCode } = await run(...paths, '--job', 'j', '--json');
    expect(exitCode).toBe(EXIT.fine);
    expect(JSON.parse(out).import.notes).toContain(`${paths[1]} has no text`);
  });

  it('uses what can be unpacked of a file that was cut, and says that it was', async () => {
    const many = Array.from({ length: 2000 }, (_, n) => event('x', n + 1)).join('\n');
    const packed = gzipSync(`${events('x')}\n${many}`);
    const path = await file('cut.ndjson.gz', packed.subarray(0, packed.length / 2));
    const { out, err, exitCode } = await run(path, '--json');
    expect(exitCode).toBe(EXIT.problem_found);
    const { steps, import: read } = JSON.parse(out);
    expect(steps).toBeGreaterThan(100);
    expect(steps).toBeLessThan(2000);
    expect(read).toMatchObject({ rejected_count: 0, damaged: [{ file: path }] });
    expect(err).toContain('cut or damaged');
  });

  it('says what a log looks like when no line is of the format that was named', async () => {
    const path = await file('run.log', LOG);
    await expect(run(path, '--format', 'megatron')).rejects.toMatchObject({
      exitCode: EXIT.usage,
      message: expect.stringMatching(
        /no line of .*run\.log was recognised as megatron: it looks like torchtitan/,
      ),
    });
    await expect(run(await file('u.log', 'hello'), '--format', 'megatron')).rejects.toMatchObject({
      exitCode: EXIT.usage,
      message: expect.stringContaining('no known format either'),
    });
  });

  it('takes a log that was written a moment ago as one that still runs', async () => {
    const stamp = (s: number) =>
      new Date(Date.now() - (10 - s) * 1000).toISOString().slice(0, 19).replace('T', ' ');
    const recent = LOG.replace(/2025-06-25 10:00:0(\d)/g, (_, s) => stamp(Number(s)));
    expect(JSON.parse((await run(await file('run.log', recent), '--json')).out).state).toBe('running');
  });

  it.each([
    [['--devices', '0'], '--devices 0'],
    [['--sequence-length', 'long'], '--sequence-length long'],
    [['--model', 'gpt9'], 'gpt9'],
    [['--format', 'vllm'], '--format vllm'],
    [['--timezone', 'Mars/Olympus'], '--timezone Mars/Olympus'],
    [['--url', 'http://localhost:1', '--data', '/tmp/x'], '--url and --data'],
    [['--url', 'notaurl'], '--url notaurl'],
    [['--url', 'ftp://localhost'], '--url ftp://localhost'],
  ])('refuses %j before anything is read', async (flags, message) => {
    await expect(run(join(folder, 'missing.log'), ...flags)).rejects.toMatchObject({
      exitCode: EXIT.usage,
      message: expect.stringContaining(message),
    });
  });

  it('refuses a log of no known trainer and a file that is not there', async () => {
    const unknown = await file('u.log', 'hello');
    await expect(run(unknown)).rejects.toMatchObject({
      exitCode: EXIT.usage,
      message: expect.stringContaining(unknown),
    });
    await expect(run(join(folder, 'missing.log'))).rejects.toMatchObject({ exitCode: EXIT.usage });
  });

  it('says that a server cannot be reached', async () => {
    const path = await file('run.log', LOG);
    await expect(run(path, '--url', 'http://127.0.0.1:1')).rejects.toMatchObject({
      exitCode: EXIT.unreachable,
    });
  });

  it('knows a job by the name of its file', () => {
    expect(['a/b.log', 'c.out.gz', 'd.ndjson', 'e', '-'].map(jobNameOf)).toEqual([
      'b',
      'c',
      'd',
      'e',
      'imported',
    ]);
  });
});
