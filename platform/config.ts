import { isMap, isScalar, isSeq, LineCounter, type Node, parse, parseDocument } from 'yaml';
import { isNumberOrNull, isSecret, rangeOf, shownValue } from './config-ranges.ts';
import type { Environment } from './environment.ts';

/**
 * One configuration, in layers: defaults < file < environment < flags. The defaults are the schema: a key they do not
 * have, a value of another type, or a number out of its range, is an error that names file, line and key. A default
 * of `null` takes a text, or a number where its name is of one; a list is checked by the component that owns it
 * ({@link ConfigCheck}).
 */
export class ConfigError extends Error {
  readonly code: 'syntax' | 'unknown_key' | 'wrong_type' | 'out_of_range';
  /** A file with its line, `environment`, `flags`; of a component's check the dotted key. */
  readonly place: string;
  readonly problem: string;
  readonly mend: string;
  constructor(code: ConfigError['code'], place: string, problem: string, mend: string) {
    super(`${place}: ${problem}. ${mend}`);
    this.name = 'ConfigError';
    this.code = code;
    this.place = place;
    this.problem = problem;
    this.mend = mend;
  }
}

/**
 * What a component demands of its own section beyond types and ranges. Throws a {@link ConfigError} whose place is the
 * dotted key (`collector.scrape[0].targets`); {@link loadConfig} adds the file and the line.
 */
export type ConfigCheck<T> = (config: T) => void;

export interface ConfigLayer {
  /** Where the values come from, for messages and `config show`: a file name, `environment`, `flags`. */
  readonly origin: string;
  readonly values: Record<string, unknown>;
  /** Line of a dotted key, when the layer is a text. */
  readonly lineOf?: (path: string) => number | undefined;
  /** A value as it was written, when the layer cannot quote: a token of digits is a text there. */
  readonly writtenAs?: (path: string) => string | undefined;
}

export interface LoadedConfig<T> {
  readonly config: T;
  /** Dotted key to the origin of its value; keys left at their default are absent. */
  readonly origins: ReadonlyMap<string, string>;
}

/** Parses a YAML (or JSON) configuration text. Throws {@link ConfigError} with the line of a syntax error. */
export function configLayerFromYaml(text: string, origin: string): ConfigLayer {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const failure = document.errors[0];
  if (failure !== undefined) {
    const line = lines.linePos(failure.pos[0]).line;
    throw new ConfigError('syntax', `${origin}:${line}`, firstLine(failure.message), 'Mend the YAML there.');
  }
  const values: unknown = document.toJS() ?? {};
  if (!isRecord(values)) {
    throw new ConfigError(
      'wrong_type',
      origin,
      'the top level must be a mapping',
      'Begin with `server:` or so.',
    );
  }
  return { origin, values, lineOf: (path) => lineOfPath(document.contents, path, lines) };
}

const PREFIX = 'HEADWAY__';

/**
 * `HEADWAY__SERVER__PORT=9000` sets `server.port`; values are YAML scalars or flow collections. A token or a password is
 * taken as it stands: one may hold any sign, and no message about its syntax may show it.
 */
export function configLayerFromEnvironment(environment: Environment): ConfigLayer {
  const values: Record<string, unknown> = {};
  const written = new Map<string, string>();
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith(PREFIX) || text === undefined) continue;
    const path = name.slice(PREFIX.length).toLowerCase().split('__');
    const isVerbatim = isSecret(path.at(-1) ?? '') && text !== '';
    setPath(values, path, isVerbatim ? text : valueOfVariable(name, text));
    if (text !== '') written.set(path.join('.'), text);
  }
  return { origin: 'environment', values, writtenAs: (path) => written.get(path) };
}

function valueOfVariable(name: string, text: string): unknown {
  try {
    return parse(text) as unknown;
  } catch (error) {
    const problem = firstLine(error instanceof Error ? error.message : String(error));
    throw new ConfigError(
      'syntax',
      `environment ${name}`,
      problem,
      'Its value is read as YAML: quote texts.',
    );
  }
}

/** Throws {@link ConfigError} at the first mistake of a layer, or of a check of the whole. */
export function loadConfig<T extends object>(
  defaults: T,
  layers: readonly ConfigLayer[],
  checks: readonly ConfigCheck<T>[] = [],
): LoadedConfig<T> {
  const origins = new Map<string, string>();
  let merged: Record<string, unknown> = { ...(defaults as Record<string, unknown>) };
  for (const layer of layers) merged = mergeLayer(merged, layer.values, '', layer, origins);
  // mergeLayer let nothing through that differs from the type of a default
  const config = merged as T;
  for (const check of checks) runCheck(() => check(config), layers, origins);
  return { config, origins };
}

function runCheck(
  check: () => void,
  layers: readonly ConfigLayer[],
  origins: ReadonlyMap<string, string>,
): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const { code, place, problem, mend } = error;
    const setting = [...origins.keys()].find(
      (path) => place === path || (place.startsWith(path) && /^[.[]/.test(place.slice(path.length))),
    );
    const layer = layers.findLast(({ origin }) => origin === origins.get(setting ?? ''));
    if (layer === undefined) throw error;
    throw new ConfigError(code, placeOf(layer, place), `${place}: ${problem}`, mend);
  }
}

function mergeLayer(
  base: Record<string, unknown>,
  values: Record<string, unknown>,
  prefix: string,
  layer: ConfigLayer,
  origins: Map<string, string>,
): Record<string, unknown> {
  const merged = { ...base };
  for (const [key, given] of Object.entries(values)) {
    if (given === undefined) continue;
    const path = prefix === '' ? key : `${prefix}.${key}`;
    if (!Object.hasOwn(base, key)) throw unknownKey(path, key, base, layer);
    const own = base[key];
    if (isRecord(own) && isRecord(given)) {
      merged[key] = mergeLayer(own, given, path, layer, origins);
      continue;
    }
    const takesText = (own === null && !isNumberOrNull(path)) || typeof own === 'string';
    const value = takesText && given !== null ? (layer.writtenAs?.(path) ?? given) : given;
    checkType(own, value, path, layer);
    checkRange(value, path, layer);
    merged[key] = value;
    origins.set(path, layer.origin);
  }
  return merged;
}

function checkType(own: unknown, value: unknown, path: string, layer: ConfigLayer): void {
  if (own === null) {
    if (value === null || typeof value === (isNumberOrNull(path) ? 'number' : 'string')) return;
  } else if (Array.isArray(own)) {
    if (Array.isArray(value)) return;
  } else if (typeof own === typeof value && value !== null && !Array.isArray(value)) return;
  throw new ConfigError(
    'wrong_type',
    placeOf(layer, path),
    `${path} must be ${wantedType(own, path)}, got ${shownValue(path, value)}`,
    exampleOf(own, path),
  );
}

function wantedType(own: unknown, path: string): string {
  if (own === null) return isNumberOrNull(path) ? 'a number or null' : 'a text (in quotes) or null';
  if (Array.isArray(own)) return 'a list';
  return typeof own === 'object' ? 'an object' : `a ${typeof own}`;
}

function exampleOf(own: unknown, path: string): string {
  if (isRecord(own)) return `Known below it: ${Object.keys(own).join(', ')}.`;
  return `For example \`${path}: ${own === null ? exampleOfNull(path) : JSON.stringify(own)}\`.`;
}

function exampleOfNull(path: string): string {
  return isNumberOrNull(path) ? '1.5' : '"..."';
}

function checkRange(value: unknown, path: string, layer: ConfigLayer): void {
  const wanted = rangeOf(path, value);
  if (wanted === undefined) return;
  throw new ConfigError(
    'out_of_range',
    placeOf(layer, path),
    `${path} must be ${wanted}, got ${shownValue(path, value)}`,
    'Mend it, or leave it out for the default.',
  );
}

function unknownKey(
  path: string,
  key: string,
  base: Record<string, unknown>,
  layer: ConfigLayer,
): ConfigError {
  const known = Object.keys(base);
  const near = known.find((name) => distance(name, key) <= 2);
  const mend = near === undefined ? `Known here: ${known.join(', ')}.` : `Did you mean \`${near}\`?`;
  return new ConfigError('unknown_key', placeOf(layer, path), `unknown setting ${path}`, mend);
}

function placeOf(layer: ConfigLayer, path: string): string {
  const line = layer.lineOf?.(path);
  return line === undefined ? layer.origin : `${layer.origin}:${line}`;
}

/** Line of the key, or of as much of its path as the text has: `a.b[2].c`. */
function lineOfPath(contents: unknown, path: string, lines: LineCounter): number | undefined {
  let node: unknown = contents;
  let line: number | undefined;
  for (const part of path.split(/[.[]/)) {
    const found = childOf(node, part);
    if (found?.at.range == null) return line;
    line = lines.linePos(found.at.range[0]).line;
    node = found.node;
  }
  return line;
}

function childOf(node: unknown, part: string): { readonly at: Node; readonly node: unknown } | undefined {
  if (isSeq(node)) {
    // the yaml library types what it parsed itself as unknown
    const item = node.items[Number.parseInt(part, 10)] as Node | undefined;
    return item === undefined ? undefined : { at: item, node: item };
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === part);
  return pair === undefined ? undefined : { at: pair.key as Node, node: pair.value };
}

function setPath(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [head, ...rest] = path;
  if (head === undefined || head === '__proto__') return;
  if (rest.length === 0) {
    target[head] = value;
    return;
  }
  const next = isRecord(target[head]) ? target[head] : {};
  target[head] = next;
  setPath(next, rest, value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}

/** Levenshtein distance, for "did you mean". */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substitution));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
