import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkClock, checkDataDirectory, checkNode, checkPort } from '../../../cli/doctor-checks.ts';
import { main } from '../../../cli/main.ts';
import { HTTP_SERVER_DEFAULTS } from '../../../platform/http-server.ts';
import { freePort } from '../../support/loopback.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

async function run(...args: readonly string[]) {
  const written = { out: '', err: '' };
  const to = (key: 'out' | 'err') =>
    new Writable({
      write(chunk, _, done) {
        written[key] += String(chunk);
        done();
      },
    });
  return { code: await main(args, { out: to('out'), err: to('err') }), ...written };
}

describe('headway completion', () => {
  /** What bash offers after these words. */
  const offered = (script: string, line: string): string[] => {
    const words = line
      .split(' ')
      .map((word) => JSON.stringify(word))
      .join(' ');
    const ask = `${script}\nCOMP_WORDS=(${words}); COMP_CWORD=$((\${#COMP_WORDS[@]}-1)); _headway; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return execFileSync('bash', ['-c', ask], { encoding: 'utf8' })
      .split('\n')
      .filter((word) => word !== '');
  };

  it('offers verbs, verbs below verbs, options and their values in bash', async () => {
    const { code, out } = await run('completion', 'bash');
    expect(code).toBe(0);
    expect(offered(out, 'headway re')).toEqual(['report']);
    expect(offered(out, 'headway ')).toEqual(
      expect.arrayContaining(['top', 'alerts', 'doctor', 'completion', '--help']),
    );
    expect(offered(out, 'headway alerts ')).toEqual(expect.arrayContaining(['list', 'test', 'history']));
    expect(offered(out, 'headway alerts history --f')).toEqual(['--from']);
    expect(offered(out, 'headway report my-job --fo')).toEqual(['--format']);
    expect(offered(out, 'headway rules export --format ')).toEqual(['prometheus', 'grafana']);
  });

  it('is a script that zsh takes for its own, and lines that fish reads', async () => {
    expect((await run('completion', 'zsh')).out).toMatch(/^#compdef headway\n/);
    const { out } = await run('completion', 'fish');
    expect(out).toContain("complete -c headway -f -n '__fish_use_subcommand' -a 'doctor'");
    expect(out).toMatch(
      /__fish_seen_subcommand_from history; and __fish_seen_subcommand_from alerts' -l 'from' -r/,
    );
    expect((await run('completion', 'tcsh')).code).toBe(2);
  });
});

describe('the checks of headway doctor', () => {
  it('know which Node is too old', () => {
    expect(checkNode()).toMatchObject({ ok: true });
    expect(checkNode('18.20.4')).toMatchObject({ ok: false, mend: expect.stringContaining('newer Node') });
    expect(checkNode('20.9.0')).toMatchObject({ ok: false });
    expect(checkNode('24.0.0')).toMatchObject({ ok: true });
  });

  it('ask of a data directory without making it', async () => {
    const folder = await temporaryFolder();
    const missing = join(folder, 'new', 'data');
    expect(checkDataDirectory({ data_dir: missing })[0]).toMatchObject({
      ok: true,
      detail: expect.stringContaining('not there yet'),
    });
    await mkdir(join(folder, 'there'));
    expect(checkDataDirectory({ data_dir: join(folder, 'there') })).toMatchObject([
      { ok: true },
      { name: 'disk' },
    ]);
    await writeFile(join(folder, 'file'), '');
    expect(checkDataDirectory({ data_dir: join(folder, 'file', 'data') })[0]).toMatchObject({
      ok: false,
      detail: expect.stringContaining('is a file'),
    });
  });

  const serverWith = async (title: string, date: string): Promise<number> => {
    const server = createServer((_, response) => {
      response.setHeader('date', date);
      response.end(JSON.stringify({ info: { title } }));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    return (server.address() as AddressInfo).port;
  };

  it('tell a port that another program holds from one that a Headway answers at', async () => {
    const on = (port: number) => checkPort({ ...HTTP_SERVER_DEFAULTS, port });
    expect(await on(await freePort())).toMatchObject({
      ok: true,
      detail: expect.stringContaining('is free'),
    });
    expect(await on(await serverWith('Headway', ''))).toMatchObject({
      ok: true,
      detail: expect.stringContaining('a Headway answers'),
    });
    expect(await on(await serverWith('Other', ''))).toMatchObject({
      ok: false,
      mend: expect.stringContaining('--port'),
    });
    expect(await checkPort({ ...HTTP_SERVER_DEFAULTS, host: '203.0.113.1', port: 0 })).toMatchObject({
      ok: false,
    });
  });

  it('compare the clock with that of a running Headway', async () => {
    const now_ms = Date.parse('2030-05-05T12:00:00Z');
    const port = await serverWith('Headway', new Date(now_ms - 60_000).toUTCString());
    expect(await checkClock(`http://127.0.0.1:${port}`, now_ms)).toMatchObject({
      ok: false,
      detail: expect.stringContaining('60.0 s'),
    });
    expect(await checkClock(`http://127.0.0.1:${port}`, now_ms - 60_000)).toMatchObject({ ok: true });
    expect(await checkClock(`http://127.0.0.1:${await freePort()}`, now_ms)).toMatchObject({ ok: true });
    expect(await checkClock('http://127.0.0.1:9', 0)).toMatchObject({
      ok: false,
      mend: expect.stringContaining('NTP'),
    });
  });

  it('are printed with their mend, or as JSON; one problem makes exit 1', async () => {
    const folder = await temporaryFolder();
    const port = String(await freePort());
    const fine = await run('doctor', '--data', folder, '--port', port, '--json');
    const { checks } = JSON.parse(fine.out) as { checks: { name: string; ok: boolean }[] };
    expect(checks.map(({ name }) => name)).toEqual([
      'node',
      'configuration',
      'data directory',
      'disk',
      'port',
      'engine',
      'clock',
    ]);
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(fine.code).toBe(0);
    const file = join(folder, 'headway.yaml');
    await writeFile(file, 'server:\n  prot: 1\n');
    const broken = await run('doctor', '--config', file);
    expect(broken.code).toBe(1);
    expect(broken.out).toMatch(/^problem {2}configuration {3}.*prot/m);
  });
});
