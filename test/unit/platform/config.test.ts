import { describe, expect, it } from 'vitest';
import {
  ConfigError,
  configLayerFromEnvironment,
  configLayerFromYaml,
  loadConfig,
} from '../../../platform/config.ts';

const DEFAULTS = {
  server: { host: '127.0.0.1', port: 8470, token: null as string | null },
  scrape: [] as unknown[],
};

describe('configuration', () => {
  it('lets flags win over environment, environment over file, file over defaults, and remembers the origin', () => {
    const { config, origins } = loadConfig(DEFAULTS, [
      configLayerFromYaml('server:\n  port: 1\n  host: a\n', 'headway.yaml'),
      configLayerFromEnvironment({
        HEADWAY__SERVER__PORT: '2',
        HEADWAY__SERVER__TOKEN: 'secret',
        HOME: '/root',
      }),
      { origin: 'flags', values: { server: { port: 3 } } },
    ]);
    expect(config.server).toEqual({ host: 'a', port: 3, token: 'secret' });
    expect(origins.get('server.port')).toBe('flags');
    expect(origins.get('server.host')).toBe('headway.yaml');
    expect(origins.has('scrape')).toBe(false);
  });

  it('names file, line and the nearest known key for an unknown one', () => {
    const layer = configLayerFromYaml('server:\n  prot: 1\n', 'headway.yaml');
    expect(() => loadConfig(DEFAULTS, [layer])).toThrow(
      /headway\.yaml:2: unknown setting server\.prot\. Did you mean `port`/,
    );
  });

  it('refuses a value of another type and says which is wanted', () => {
    const layer = configLayerFromYaml('server:\n  port: "x"\n', 'headway.yaml');
    expect(() => loadConfig(DEFAULTS, [layer])).toThrow(
      /headway\.yaml:2: server\.port must be a number, got "x"/,
    );
  });

  it('names the line of a YAML mistake', () => {
    expect(() => configLayerFromYaml('server:\n  a: [1\n', 'f.yaml')).toThrow(ConfigError);
    expect(() => configLayerFromYaml('server:\n  a: [1\n', 'f.yaml')).toThrow(/f\.yaml:\d+/);
  });

  it.each(['*alias', '#comment', '{', '"half', 'a: b', '~', '4711', "'quoted'"])(
    'takes a secret from the environment as it stands: %s',
    (token) => {
      const layer = configLayerFromEnvironment({ HEADWAY__SERVER__TOKEN: token });
      expect(loadConfig(DEFAULTS, [layer]).config.server.token).toBe(token);
    },
  );

  it('takes an empty variable of a secret for none', () => {
    const layer = configLayerFromEnvironment({ HEADWAY__SERVER__TOKEN: '' });
    expect(loadConfig(DEFAULTS, [layer]).config.server.token).toBeNull();
  });

  it('does not let a variable reach the prototype', () => {
    configLayerFromEnvironment({ HEADWAY____PROTO____POLLUTED: '1' });
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  it('names an object and its keys where a section was left empty', () => {
    const layer = configLayerFromYaml('server:\n', 'headway.yaml');
    expect(() => loadConfig(DEFAULTS, [layer])).toThrow(
      /headway\.yaml:1: server must be an object, got null\. Known below it: host, port, token/,
    );
  });

  it('keeps a token of digits a text, which a variable cannot quote', () => {
    const layer = configLayerFromEnvironment({
      HEADWAY__SERVER__TOKEN: '00123',
      HEADWAY__SERVER__HOST: '10',
    });
    expect(loadConfig(DEFAULTS, [layer]).config.server).toMatchObject({ token: '00123', host: '10' });
    const file = configLayerFromYaml('server:\n  token: 123\n', 'headway.yaml');
    expect(() => loadConfig(DEFAULTS, [file])).toThrow(/headway\.yaml:2: server\.token must be a text/);
    expect(() => loadConfig(DEFAULTS, [file])).not.toThrow(/got 123/);
  });

  it('names the variable whose value cannot be read', () => {
    expect(() => configLayerFromEnvironment({ HEADWAY__SCRAPE: '[1' })).toThrow(
      /environment HEADWAY__SCRAPE: /,
    );
  });

  it('gives the file and line of what a component demands of its list', () => {
    const layer = configLayerFromYaml('scrape:\n  - name: a\n    port: 1\n  - name: b\n', 'headway.yaml');
    const check = (place: string) => () => {
      throw new ConfigError('wrong_type', place, 'is not good', 'Mend it.');
    };
    const load = (place: string) => loadConfig(DEFAULTS, [layer], [check(place)]);
    expect(() => load('scrape[0].port')).toThrow(
      /^headway\.yaml:3: scrape\[0\]\.port: is not good\. Mend it/,
    );
    expect(() => load('scrape[1].missing')).toThrow(/^headway\.yaml:4: /);
    expect(() => load('scrape')).toThrow(/^headway\.yaml:1: /);
    expect(() => load('server.port')).toThrow(/^server\.port: is not good/);
  });
});
