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

  it('does not let a variable reach the prototype', () => {
    configLayerFromEnvironment({ HEADWAY____PROTO____POLLUTED: '1' });
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});
