import { describe, expect, it } from 'vitest';
import { configLayerFromEnvironment, configLayerFromYaml, loadConfig } from '../../../platform/config.ts';
import { HEADWAY_DEFAULTS } from '../../../services/all-in-one/config.ts';

const fromYaml = (text: string) =>
  loadConfig(HEADWAY_DEFAULTS, [configLayerFromYaml(text, 'headway.yaml')]).config.site;

describe('settings that are unknown by default', () => {
  it('are numbers where their names are of one, and texts elsewhere', () => {
    expect(HEADWAY_DEFAULTS.site).toMatchObject({ price_per_device_hour: null, power: { pue: null } });
    const text = 'site:\n  price_per_device_hour: 2.5\n  currency: EUR\n  power:\n    pue: 1.2\n';
    expect(fromYaml(text)).toMatchObject({
      price_per_device_hour: 2.5,
      currency: 'EUR',
      power: { pue: 1.2 },
    });
    const variables = { HEADWAY__SITE__PRICE_PER_DEVICE_HOUR: '3', HEADWAY__SITE__POWER__PUE: '1.3' };
    const { site } = loadConfig(HEADWAY_DEFAULTS, [configLayerFromEnvironment(variables)]).config;
    expect(site).toMatchObject({ price_per_device_hour: 3, power: { pue: 1.3 } });
    expect(fromYaml('site:\n  price_per_device_hour: 0\n').price_per_device_hour).toBe(0);
    expect(fromYaml('site:\n  price_per_device_hour: null\n').price_per_device_hour).toBeNull();
  });

  it.each([
    ['site:\n  price_per_device_hour: "2.5"\n', 'headway.yaml:2', 'a number or null'],
    ['site:\n  price_per_device_hour: -1\n', 'headway.yaml:2', 'a number from 0'],
    ['site:\n  power:\n    pue: 0.9\n', 'headway.yaml:3', 'a number from 1'],
    ['site:\n  currency: 5\n', 'headway.yaml:2', 'a text'],
  ])('a wrong one is refused with its line: %j', (text, place, wanted) => {
    expect(() => fromYaml(text)).toThrow(expect.objectContaining({ place }) as Error);
    expect(() => fromYaml(text)).toThrow(wanted);
  });
});
