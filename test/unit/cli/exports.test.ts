import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { main } from '../../../cli/main.ts';

const committed = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

async function headway(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const code = await main(args, { out, err });
  return { code, out: String(out.read() ?? ''), err: String(err.read() ?? '') };
}

describe('headway rules export', () => {
  it.each([
    [['--format', 'prometheus'], 'dashboards/generated/headway.rules.yml'],
    [[], 'dashboards/generated/headway.rules.yml'],
    [['--keep-firing'], 'dashboards/generated/headway.rules.prometheus.yml'],
    [['--format', 'grafana'], 'dashboards/provisioning/alerting/headway.yaml'],
  ])('%j prints what is committed as %s', async (args, path) => {
    expect(await headway('rules', 'export', ...args)).toEqual({ code: 0, out: committed(path), err: '' });
  });

  it('writes links to where people reach this Headway', async () => {
    const { out } = await headway('rules', 'export', '--external-url', 'https://headway.example.org/');
    expect(out).toContain('runbook_url: https://headway.example.org/runbooks/HeadwayJobHung');
    expect(out).not.toContain('localhost');
  });

  it('prints one JSON document with --json', async () => {
    const { out } = await headway('rules', 'export', '--json');
    expect(JSON.parse(out)).toEqual(parse(committed('dashboards/generated/headway.rules.yml')));
  });

  it.each([
    ['--format', 'datadog'],
    ['--external-url', 'ftp://x'],
    ['--external-url', 'headway'],
  ])('refuses %s %s with what is allowed', async (flag, value) => {
    const { code, out, err } = await headway('rules', 'export', flag, value);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/Allowed choices are prometheus, grafana|must be an http or https address/);
  });
});

describe('headway dashboards', () => {
  const path = 'dashboards/generated/dashboards/headway-job-overview.json';

  it('exports the dashboard as committed, named or not', async () => {
    for (const args of [[], ['headway-job-overview'], ['--json']]) {
      expect(await headway('dashboards', 'export', ...args)).toEqual({
        code: 0,
        out: committed(path),
        err: '',
      });
    }
  });

  it('lists them', async () => {
    expect((await headway('dashboards', 'list')).out).toBe(
      'headway-job-overview  Job overview\nheadway-job-why  Job: cost and why\nheadway-pipeline  Pipeline\n',
    );
    expect(JSON.parse((await headway('dashboards', 'list', '--json')).out)).toMatchObject({
      dashboards: [{ uid: 'headway-job-overview' }, { uid: 'headway-job-why' }, { uid: 'headway-pipeline' }],
    });
  });

  it('writes them to a folder and names the files', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'headway-dashboards-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const dir = join(folder, 'new', 'place');
    const { code, out, err } = await headway('dashboards', 'export', '--out', dir);
    const file = join(dir, 'headway-job-overview.json');
    expect([code, out, err]).toEqual([
      0,
      '',
      `${file}\n${join(dir, 'headway-job-why.json')}\n${join(dir, 'headway-pipeline.json')}\n`,
    ]);
    expect((await readdir(dir)).sort()).toEqual([
      'headway-job-overview.json',
      'headway-job-why.json',
      'headway-pipeline.json',
    ]);
    expect(await readFile(file, 'utf8')).toBe(committed(path));
  });

  it('says which there are when asked for another, and what to do when a folder cannot be made', async () => {
    const unknown = await headway('dashboards', 'export', 'nope');
    expect([unknown.code, unknown.out]).toEqual([2, '']);
    expect(unknown.err).toContain('Known: headway-job-overview, headway-job-why, headway-pipeline.');
    const blocked = await headway('dashboards', 'export', '--out', '/dev/null/x');
    expect(blocked.code).toBe(2);
    expect(blocked.err).toMatch(/cannot write to \/dev\/null\/x \(ENOTDIR\)/);
  });
});
