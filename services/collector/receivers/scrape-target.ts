import { ConfigError } from '../../../platform/config.ts';
import { shownValue } from '../../../platform/config-ranges.ts';
import type { ScrapeLimits } from '../config.ts';

/** One page to scrape, with everything that its job left to defaults filled in. */
export interface ScrapeTarget {
  readonly job: string;
  /** `host:port` as configured: the label `instance`. */
  readonly instance: string;
  readonly url: URL;
  readonly interval_s: number;
  readonly timeout_s: number;
  /** Labels of the job, with `job` and `instance`. */
  readonly labels: Readonly<Record<string, string>>;
  /** Value of the `Authorization` header. */
  readonly authorization: string | undefined;
  readonly insecure_skip_verify: boolean;
}

const FIELDS = [
  'name',
  'targets',
  'path',
  'scheme',
  'interval_s',
  'timeout_s',
  'labels',
  'bearer_token',
  'username',
  'password',
  'insecure_skip_verify',
];

/**
 * The targets of the scrape jobs of a configuration, checked. Throws {@link ConfigError} that names the job by its
 * place in the list and the field (`collector.scrape[0].targets`); whoever read the file adds its line.
 */
export function scrapeTargets(jobs: readonly unknown[], limits: ScrapeLimits): ScrapeTarget[] {
  const targets = jobs.flatMap((job, index) => targetsOf(job, `collector.scrape[${index}]`, limits));
  const names = new Set<string>();
  for (const { job, instance, url } of targets) {
    const key = `${job} ${instance}`;
    if (names.has(key)) {
      throw wrong('collector.scrape', `job ${job} has target ${instance} twice (${url})`, 'Name it once.');
    }
    names.add(key);
  }
  if (targets.length > limits.targets_max) {
    const problem = `${targets.length} targets; the limit is ${limits.targets_max}`;
    throw wrong('collector.scrape', problem, 'Raise collector.scrape_limits.targets_max.');
  }
  return targets;
}

function targetsOf(value: unknown, place: string, limits: ScrapeLimits): ScrapeTarget[] {
  if (!isRecord(value)) throw wrong(place, 'a scrape job must be a mapping', EXAMPLE);
  const unknown = Object.keys(value).find((key) => !FIELDS.includes(key));
  if (unknown !== undefined) {
    throw wrong(`${place}.${unknown}`, 'unknown setting', `Known here: ${FIELDS.join(', ')}.`);
  }
  const job = text(value, 'name', place);
  if (job === undefined) throw wrong(`${place}.name`, 'is missing', EXAMPLE);
  const interval_s = seconds(value, 'interval_s', place) ?? limits.interval_s;
  const timeout_s = seconds(value, 'timeout_s', place) ?? Math.min(limits.timeout_s, interval_s);
  if (timeout_s > interval_s) {
    throw wrong(`${place}.timeout_s`, `${timeout_s} s is longer than interval_s (${interval_s} s)`, EXAMPLE);
  }
  const own = labelsOf(value, place);
  const shared = {
    job,
    interval_s,
    timeout_s,
    authorization: authorizationOf(value, place),
    insecure_skip_verify: flag(value, 'insecure_skip_verify', place) ?? false,
  };
  const at = { scheme: schemeOf(value, place), path: text(value, 'path', place) ?? '/metrics' };
  return addresses(value, place).map((instance, index) => ({
    ...shared,
    instance,
    url: urlOf(instance, at, `${place}.targets[${index}]`),
    labels: { ...own, job, instance },
  }));
}

const EXAMPLE = "For example `{name: dcgm, targets: ['node-1:9400'], interval_s: 15}`.";

function addresses(value: Record<string, unknown>, place: string): string[] {
  const list = value['targets'];
  if (!Array.isArray(list) || list.length === 0) {
    throw wrong(`${place}.targets`, 'must be a list of host:port', EXAMPLE);
  }
  return list.map((one: unknown, index) => {
    if (typeof one === 'string' && one !== '') return one;
    throw wrong(`${place}.targets[${index}]`, `must be host:port, got ${JSON.stringify(one)}`, EXAMPLE);
  });
}

function urlOf(instance: string, at: { scheme: string; path: string }, place: string): URL {
  const path = at.path.startsWith('/') ? at.path : `/${at.path}`;
  const problem = `${JSON.stringify(instance)} is not host:port`;
  if (/[/?#@\s]/.test(instance)) throw wrong(place, problem, 'Scheme and path are settings of the job.');
  try {
    return new URL(`${at.scheme}://${instance}${path}`);
  } catch {
    throw wrong(place, problem, EXAMPLE);
  }
}

function schemeOf(value: Record<string, unknown>, place: string): string {
  const scheme = text(value, 'scheme', place) ?? 'http';
  if (scheme === 'http' || scheme === 'https') return scheme;
  throw wrong(`${place}.scheme`, `must be http or https, got ${JSON.stringify(scheme)}`, EXAMPLE);
}

function authorizationOf(value: Record<string, unknown>, place: string): string | undefined {
  const token = text(value, 'bearer_token', place);
  const username = text(value, 'username', place);
  const password = text(value, 'password', place);
  if (token !== undefined && username !== undefined) {
    throw wrong(place, 'bearer_token and username exclude each other', 'Keep one of them.');
  }
  if (token !== undefined) return `Bearer ${token}`;
  if (username === undefined) return undefined;
  return `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`;
}

function labelsOf(value: Record<string, unknown>, place: string): Record<string, string> {
  const labels = value['labels'] ?? {};
  if (!isRecord(labels)) throw wrong(`${place}.labels`, 'must be a mapping of texts', EXAMPLE);
  return Object.fromEntries(
    Object.entries(labels).map(([name, one]) => {
      const at = `${place}.labels.${name}`;
      if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)) throw wrong(at, 'is not a label name', EXAMPLE);
      if (name === 'job' || name === 'instance') throw wrong(at, 'is set from name and targets', EXAMPLE);
      if (typeof one !== 'string' || one === '') throw wrong(at, 'must be a text that is not empty', EXAMPLE);
      return [name, one];
    }),
  );
}

function text(value: Record<string, unknown>, field: string, place: string): string | undefined {
  const found = value[field];
  if (found === undefined || (typeof found === 'string' && found !== '')) return found;
  throw wrong(`${place}.${field}`, `must be a text, got ${shownValue(field, found)}`, EXAMPLE);
}

function seconds(value: Record<string, unknown>, field: string, place: string): number | undefined {
  const found = value[field];
  if (found === undefined || (typeof found === 'number' && Number.isFinite(found) && found > 0)) return found;
  const problem = `must be a number of seconds above 0, got ${JSON.stringify(found)}`;
  throw wrong(`${place}.${field}`, problem, EXAMPLE);
}

function flag(value: Record<string, unknown>, field: string, place: string): boolean | undefined {
  const found = value[field];
  if (found === undefined || typeof found === 'boolean') return found;
  throw wrong(`${place}.${field}`, `must be true or false, got ${JSON.stringify(found)}`, EXAMPLE);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrong(place: string, problem: string, mend: string): ConfigError {
  return new ConfigError('wrong_type', place, problem, mend);
}
