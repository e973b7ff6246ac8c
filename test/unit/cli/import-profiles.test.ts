import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addImport } from '../../../cli/commands/import.ts';
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

/** Lines of NCCL Inspector, as NVIDIA/nccl prints them; the second member is late to every one. */
const inspector = (rank: number) =>
  Array.from({ length: 6 }, (_, sequence) =>
    JSON.stringify({
      header: { id: '0x7f8c', rank, n_ranks: 2, nnodes: 2 },
      metadata: { dump_timestamp_us: 1_748_030_377_748_202, hostname: `n${rank}`, pid: 7 },
      coll_perf: {
        coll: 'AllReduce',
        coll_sn: sequence,
        coll_msg_size_bytes: 1 << 20,
        coll_exec_time_us: rank === 1 ? 500 : 4500,
      },
    }),
  ).join('\n');

describe('headway import of profiles', () => {
  it('recognises files of NCCL Inspector, packed and cut, and names the member that comes late', async () => {
    const first = await file('n0-pid7.log.gz', gzipSync(inspector(0)));
    const second = await file('n1-pid7.log', `${inspector(1)}\n{"header":{"id":"0x7f`);
    const { out, exitCode } = await run(first, second, '--job', 'j', '--json');
    const { collectives, import: read, job } = JSON.parse(out);
    expect([job, exitCode]).toEqual(['j', EXIT.problem_found]);
    expect(read).toMatchObject({
      format: 'nccl-inspector',
      rejected: [{ file: second, line: 7, code: 'not_a_record' }],
    });
    expect(collectives).toMatchObject({
      rows: [{ operation: 'AllReduce', count: 12, compared: 6, late_group_rank: 1, late_node: 'n1' }],
      missing_records: 0,
    });
    expect((await run(first, second, '--job', 'j')).out).toContain('member 1 (n1) comes late');
    const known = await run(first, second, '--job', 'j', '--devices', '2');
    expect(known.out).toContain('rank 1 (n1) comes late');
  });

  it('takes traces of several ranks as one job and shows what a step is made of', async () => {
    const trace = (rank: number) =>
      JSON.stringify({
        distributedInfo: { rank, world_size: 2 },
        traceEvents: [
          { ph: 'X', cat: 'user_annotation', name: 'ProfilerStep#1', ts: 0, dur: 2e6 },
          { ph: 'X', cat: 'kernel', name: 'gemm', ts: 0, dur: rank === 0 ? 1e6 : 15e5 },
          { ph: 'X', cat: 'kernel', name: 'ncclDevKernel_AllReduce', ts: 15e5, dur: 4e5 },
        ],
      });
    const paths = [await file('r0.json', trace(0)), await file('r1.json.gz', gzipSync(trace(1)))];
    const { out, exitCode } = await run(...paths, '--job', 'profiled');
    expect(exitCode).toBe(EXIT.fine);
    expect(out).toContain('told by kineto');
    expect(out).toMatch(/compute +1\.5 s +75\.0 %/);
    expect((await run(paths[0] ?? '', '--json')).out).toContain('"job": "r0"');
  });

  it('refuses what was asked for by the wrong name', async () => {
    const path = await file('r0.json', '{}');
    await expect(run(path, '--format', 'kinetto')).rejects.toThrow(/nccl-inspector/);
    const { out, exitCode } = await run(path, '--format', 'kineto', '--json');
    expect(exitCode).toBe(EXIT.problem_found);
    expect(JSON.parse(out).import.rejected[0].code).toBe('no_kernels');
  });
});
