import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { expectedFailure } from '../../../cli/expected-errors.ts';
import { main } from '../../../cli/main.ts';
import { CommandFailure, EXIT } from '../../../cli/outcome.ts';
import { serverAddress } from '../../../cli/server-client.ts';
import { ConfigError } from '../../../platform/config.ts';
import { ListenFailed } from '../../../platform/http-server.ts';
import { MigrationError } from '../../../platform/store/migrate.ts';
import { StoreError, StoreLocked } from '../../../platform/store/store.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

async function headway(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const code = await main(args, { out, err });
  return { code, out: String(out.read() ?? ''), err: String(err.read() ?? '') };
}

async function file(name: string, text: string): Promise<string> {
  const path = join(await temporaryFolder(), name);
  await writeFile(path, text);
  return path;
}

describe('a mistake in the configuration', () => {
  it.each([
    ['server:\n  port: 99999\n', ':2: server.port must be a whole number'],
    ['server: {port: 0.5}\n', ':1: server.port must be'],
    ['analyzer:\n  hang_floor_s: -5\n', ':2: analyzer.hang_floor_s must be'],
    ['analyzer:\n  interval_s: 0\n', ':2: analyzer.interval_s must be'],
    ['log_level: loud\n', ':1: log_level must be one of debug, info, warn, error'],
    ['data_dir: ""\n', ':1: data_dir must be a text that is not empty'],
    ['server:\n', ':1: server must be an object'],
    [
      'collector:\n  scrape:\n    - name: a\n      targets: "h:1"\n',
      ':4: collector.scrape[0].targets: must be a list of host:port',
    ],
    [
      'collector: {scrape: [{name: a, targets: ["h:1"], pathh: x}]}\n',
      ':1: collector.scrape[0].pathh: unknown',
    ],
  ])('ends start and config show with its place: %j', async (text, message) => {
    const path = await file('headway.yaml', text);
    for (const command of [
      ['config', 'show'],
      ['start', '--port', '0'],
    ]) {
      const { code, out, err } = await headway(...command, '--config', path);
      expect({ code, out }).toEqual({ code: EXIT.usage, out: '' });
      expect(err).toContain(`headway: ${path}${message}`);
      expect(err).not.toMatch(/\n\s+at |ConfigError/);
    }
  });
});

describe('config show', () => {
  it('hides every secret, also those in the list of scrape jobs', async () => {
    const path = await file(
      'headway.yaml',
      `api: {read_token: hunter1}
collector:
  scrape:
    - {name: a, targets: ["h:1"], bearer_token: hunter2}
    - {name: b, targets: ["h:2"], username: u, password: hunter3}
kafka: {sasl: {mechanism: plain, username: u, password: hunter4}}
clickhouse: {password_file: /run/secrets/clickhouse}
`,
    );
    for (const flags of [[], ['--json']]) {
      const { code, out } = await headway('config', 'show', '--config', path, ...flags);
      expect(code).toBe(EXIT.fine);
      expect(out).not.toContain('hunter');
      expect(out.match(/\(set\)/g)).toHaveLength(4);
      // where a secret is is none
      expect(out).toContain('/run/secrets/clickhouse');
    }
  });

  it('does not show a secret that is no text either', async () => {
    const path = await file(
      'headway.yaml',
      'collector: {scrape: [{name: a, targets: ["h:1"], password: 4711}]}\n',
    );
    const { code, err } = await headway('config', 'show', '--config', path);
    expect(code).toBe(EXIT.usage);
    expect(err).toContain('password');
    expect(err).not.toContain('4711');
  });
});

describe('a data directory that cannot be used', () => {
  it.each(['start', 'demo'])('ends %s with its name, the reason and the mend', async (verb) => {
    const path = await file('f', '');
    const { code, err } = await headway(verb, '--data', path, '--port', '0');
    expect(code).toBe(EXIT.usage);
    expect(err).toMatch(new RegExp(`^headway: .*${path} cannot be used: it is a file.*--data`));
    expect(err).not.toMatch(/\n\s+at /);
  });

  it('is an empty name too', async () => {
    const { code, err } = await headway('start', '--data', '', '--port', '0');
    expect(code).toBe(EXIT.usage);
    expect(err).toContain('data_dir must be a text that is not empty');
  });

  it('is one without tables, for who only asks: none are made', async () => {
    const folder = await temporaryFolder();
    const { code, err } = await headway('report', 'a', '--data', folder);
    expect(code).toBe(EXIT.usage);
    expect(err).toContain(`${folder} holds no tables`);
  });
});

describe('--url', () => {
  it.each(['notaurl', 'ftp://host/', 'localhost:8470', 'http://u:p@host'])('refuses %s', async (url) => {
    const { code, err } = await headway('report', 'a', '--url', url);
    expect(code).toBe(EXIT.usage);
    expect(err).toMatch(/^headway: --url/);
  });
});

describe('the address of a Headway', () => {
  it('may have a path before it, as behind a proxy', () => {
    expect(serverAddress('http://host:1').href).toBe('http://host:1/');
    expect(new URL('./v1/jobs', serverAddress('https://host/headway?x#y')).href).toBe(
      'https://host/headway/v1/jobs',
    );
  });
});

describe('an error', () => {
  it.each([
    [new ConfigError('syntax', 'f:1', 'wrong', 'Mend it.'), EXIT.usage],
    [new StoreLocked('/d', 7), EXIT.unreachable],
    [new ListenFailed('EADDRINUSE', 'taken'), EXIT.unreachable],
    [new MigrationError('too_new', 'made by a later version. Run that.'), EXIT.problem_found],
    [new StoreError('failed', 'it could not be opened'), EXIT.problem_found],
    [
      Object.assign(new Error('ENOSPC: write'), { syscall: 'write', code: 'ENOSPC', path: '/d/x' }),
      EXIT.problem_found,
    ],
  ])('that explains itself is its message alone: %s', (error, exitCode) => {
    const failure = expectedFailure(error);
    expect(failure).toBeInstanceOf(CommandFailure);
    expect(failure?.exitCode).toBe(exitCode);
    expect(failure?.message).toContain(error.message);
  });

  it('that nobody foresaw is not taken for one', () => {
    expect(expectedFailure(new TypeError('x is not a function'))).toBeUndefined();
  });
});

describe('the examples in --help', () => {
  const VERBS = [
    ['flops'],
    ['ledger'],
    ['report'],
    ['import'],
    ['linearity'],
    ['start'],
    ['demo'],
    ['spec', 'validate'],
    ['config', 'show'],
    ['rules', 'export'],
    ['dashboards', 'export'],
  ];

  it.each(VERBS.map((verb) => [verb]))('show how to call %j', async (verb) => {
    const { code, out } = await headway(...verb, '--help');
    expect(code).toBe(EXIT.fine);
    expect(out).toMatch(new RegExp(`\\nExamples?:\\n  npx headway ${verb.join(' ')}`));
  });

  it.each(VERBS.slice(0, 4).map((verb) => [verb]))('run as they stand: %j', async (verb) => {
    const { out } = await headway(...verb, '--help');
    const [line] = /npx headway [^\n]*/.exec(out) ?? [''];
    const { code, err } = await headway(...line.split(' ').slice(2));
    expect(code, err).toBe(EXIT.fine);
  });
});
