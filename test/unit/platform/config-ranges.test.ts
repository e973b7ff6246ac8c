import { describe, expect, it } from 'vitest';
import { configLayerFromYaml, loadConfig } from '../../../platform/config.ts';
import { rangeOf, shownValue } from '../../../platform/config-ranges.ts';
import { HEADWAY_DEFAULTS } from '../../../services/all-in-one/config.ts';

function leaves(prefix: string, value: unknown): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[prefix, value]];
  return Object.entries(value).flatMap(([key, inner]) =>
    leaves(prefix === '' ? key : `${prefix}.${key}`, inner),
  );
}

const NUMBERS = leaves('', HEADWAY_DEFAULTS).filter(([, value]) => typeof value === 'number');

describe('the ranges of settings', () => {
  it('hold for every default', () => {
    expect(NUMBERS.length).toBeGreaterThan(40);
    expect(leaves('', HEADWAY_DEFAULTS).filter(([path, value]) => rangeOf(path, value))).toEqual([]);
  });

  it.each(NUMBERS.map(([path]) => [path]))('leave no number unchecked: %s', (path) => {
    for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(rangeOf(path, value), `${value}`).toBeDefined();
    }
  });

  it.each([
    ['server.port', 0, true],
    ['server.port', 65_535, true],
    ['server.port', 99_999, false],
    ['server.port', 0.5, false],
    ['analyzer.hang_floor_s', 0, true],
    ['analyzer.interval_s', 0, false],
    ['analyzer.interval_s', 0.5, true],
    ['analyzer.interval_s', 3e6, false],
    ['analyzer.abandoned_after_s', 3e6, true],
    ['analyzer.job_time_ratio_max', 0, false],
    ['telemetry.trace_sample_ratio', 0, true],
    ['telemetry.trace_sample_ratio', 1.1, false],
    ['collector.events.body_bytes_max', 0, false],
    ['collector.events.body_bytes_max', 1.5, false],
    ['collector.events.rejected_named_max', 0, true],
    ['log_level', 'warn', true],
    ['log_level', 'loud', false],
    ['data_dir', '', false],
    ['api.read_token', '', false],
    ['api.read_token', null, true],
  ])('%s = %j: %s', (path, value, allowed) => {
    expect(rangeOf(path, value) === undefined).toBe(allowed);
  });

  it('are named with file and line', () => {
    const layer = configLayerFromYaml('log_level: loud\nserver:\n  port: 99999\n', 'headway.yaml');
    expect(() => loadConfig(HEADWAY_DEFAULTS, [layer])).toThrow(
      'headway.yaml:1: log_level must be one of debug, info, warn, error, got "loud"',
    );
    const port = configLayerFromYaml('server:\n  port: 99999\n', 'headway.yaml');
    expect(() => loadConfig(HEADWAY_DEFAULTS, [port])).toThrow(
      /headway\.yaml:2: server\.port must be a whole/,
    );
  });

  it('do not print a secret, nor all of a long value', () => {
    expect(shownValue('api.read_token', 'hunter2')).toBe('a string (hidden)');
    expect(shownValue('collector.scrape', 'x'.repeat(500)).length).toBeLessThan(100);
  });
});
