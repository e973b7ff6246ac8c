import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { configLayerFromEnvironment, configLayerFromYaml, loadConfig } from '../../platform/config.ts';
import { requireGuardedDoors } from '../../services/all-in-one/access.ts';
import { CONFIG_CHECKS, HEADWAY_DEFAULTS } from '../../services/all-in-one/config.ts';
import { sourceFiles } from '../architecture/source-files.ts';

interface Service {
  readonly image: string;
  readonly build?: unknown;
  readonly pull_policy?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
  readonly healthcheck?: { readonly test: readonly unknown[] };
  readonly mem_limit?: string;
  readonly profiles?: readonly string[];
}

/** What `docker compose config` reads its files with, built by test/setup where Go is installed. */
const READER = fileURLToPath(new URL('../../.cache/compose-check', import.meta.url));

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const exists = (path: string) => existsSync(new URL(`../../${path}`, import.meta.url));
const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
};
const services = Object.entries(compose.services);
const roles = services.filter(([, { image }]) => image === 'headway:local');
const addresses = roles.map(([name]) => `${name}:8470`);

/** `${NAME:-default}` as Compose reads it where nothing is set. */
function withDefaults(text: string): string {
  return text.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');
}

function configOf({ environment = {} }: Service) {
  const variables = Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, withDefaults(String(value))]),
  );
  const file = configLayerFromYaml(read('deploy/headway.yaml'), 'deploy/headway.yaml');
  return loadConfig(HEADWAY_DEFAULTS, [file, configLayerFromEnvironment(variables)], CONFIG_CHECKS).config;
}

describe('docker-compose.yml', () => {
  it('has two of each role, one image, and the rest of a cluster', () => {
    const count = (role: string) => roles.filter(([, { command }]) => command?.[0] === role).length;
    expect(['collector', 'analyzer', 'api'].map(count)).toEqual([2, 2, 2]);
    expect(Object.keys(compose.services)).toEqual(
      expect.arrayContaining(['kafka', 'clickhouse', 'grafana', 'prometheus', 'alertmanager']),
    );
    const optional = services.filter(([, { profiles }]) => profiles !== undefined).map(([name]) => name);
    expect(optional.sort()).toEqual(['alertmanager', 'prometheus', 'vmalert']);
  });

  it('builds the image of all roles once, and looks for it nowhere else', () => {
    const building = roles.filter(([, { build }]) => build !== undefined);
    expect(building.map(([name, { pull_policy }]) => [name, pull_policy])).toEqual([
      ['collector-1', 'build'],
    ]);
    const others = roles.filter(([, { build }]) => build === undefined);
    expect(new Set(others.map(([, { pull_policy }]) => pull_policy))).toEqual(new Set(['never']));
  });

  it.skipIf(!existsSync(READER))(
    "is taken by Compose's own reader [.cache/compose-check, see test/setup]",
    () => {
      const file = fileURLToPath(new URL('../../docker-compose.yml', import.meta.url));
      const { status, stdout, stderr } = spawnSync(READER, [file], { encoding: 'utf8' });
      expect([status, stderr]).toEqual([0, '']);
      expect(stdout.trim().split('\n').sort()).toEqual(services.map(([name]) => name).sort());
    },
  );

  it.each(services)('%s mounts what is there, waits for what is there, and is bounded', (_, service) => {
    for (const mount of service.volumes ?? []) {
      const [from = ''] = mount.split(':');
      if (from.startsWith('./')) expect(exists(from.slice(2)), from).toBe(true);
      else expect(Object.keys(compose.volumes)).toContain(from);
    }
    for (const other of Object.keys(service.depends_on ?? {}))
      expect(Object.keys(compose.services)).toContain(other);
    expect(service.mem_limit).toMatch(/^\d+[mg]$/);
    expect(service.healthcheck?.test.length).toBeGreaterThan(1);
    for (const part of service.healthcheck?.test ?? []) expect(part).toBeTypeOf('string');
  });

  it('publishes each port once, on loopback unless told otherwise', () => {
    const ports = services.flatMap(([, { ports = [] }]) => ports.map(withDefaults));
    expect(ports.every((port) => port.startsWith('127.0.0.1:'))).toBe(true);
    expect(new Set(ports.map((port) => port.split(':')[1])).size).toBe(ports.length);
  });

  it.each(roles)('%s loads the settings it is given, with its doors guarded', (_, service) => {
    const config = configOf(service);
    expect(service.command?.slice(1)).toEqual(['--config', '/etc/headway/headway.yaml']);
    expect(config.server).toMatchObject({ host: '0.0.0.0', port: 8470 });
    expect(() => requireGuardedDoors(config)).not.toThrow();
    expect(config.kafka.brokers).toEqual(['kafka:9092']);
    expect(new URL(config.clickhouse.url).hostname).toBe('clickhouse');
    expect(config.clickhouse).toMatchObject({
      user: compose.services['clickhouse']?.environment?.['CLICKHOUSE_USER'],
      password: withDefaults(
        String(compose.services['clickhouse']?.environment?.['CLICKHOUSE_PASSWORD'] ?? ''),
      ),
    });
  });

  it('has every process scraped once by a collector, and by Prometheus', () => {
    const scraped = roles.flatMap(([, service]) => configOf(service).collector.scrape);
    expect(scraped.flatMap(({ targets }) => targets).sort()).toEqual([...addresses].sort());
    const prometheus = parse(read('deploy/prometheus.yml')) as {
      scrape_configs: { static_configs: { targets: string[] }[] }[];
    };
    const targets = prometheus.scrape_configs.flatMap(({ static_configs }) =>
      static_configs.flatMap((group) => group.targets),
    );
    expect(targets.sort()).toEqual([...addresses].sort());
  });

  it('gives Grafana the data source that dashboards and alerts name, and the dashboards where they are looked for', () => {
    const own = parse(read('deploy/grafana-datasource.yaml')) as { datasources: Record<string, unknown>[] };
    const shipped = parse(read('dashboards/provisioning/datasources/headway.yaml')) as typeof own;
    expect(own.datasources[0]).toMatchObject({ uid: shipped.datasources[0]?.['uid'], type: 'prometheus' });
    const url = new URL(String(own.datasources[0]?.['url']));
    expect([addresses, url.pathname]).toEqual([expect.arrayContaining([url.host]), '/prom']);
    const provider = read('dashboards/provisioning/dashboards/headway.yaml');
    const mount = compose.services['grafana']?.volumes?.find((one) => one.includes('generated/dashboards'));
    expect(provider).toContain(`path: ${mount?.split(':')[1]}`);
  });
});

describe('Dockerfile', () => {
  const copied = [...read('Dockerfile').matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, paths = '']) =>
    paths.split(' '),
  );

  it('copies what is there', () => {
    expect(copied.filter((path) => !exists(path))).toEqual([]);
  });

  it('copies every room that the product is made of', () => {
    const rooms = new Set(sourceFiles().map(({ path }) => path.split('/')[0]));
    const missing = [...rooms].filter(
      (room) =>
        room !== undefined && room !== 'test' && room.includes('.') === false && !copied.includes(room),
    );
    expect(missing).toEqual([]);
    expect(readdirSync(new URL('../../', import.meta.url))).toEqual(expect.arrayContaining(['Dockerfile']));
  });
});
