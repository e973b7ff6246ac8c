import { isMap, isScalar, LineCounter, type Node, parse, parseDocument } from 'yaml';
import type { Environment } from './environment.ts';

/**
 * One configuration, in layers: defaults < file < environment < flags. The defaults are the schema: a key they do not
 * have, or a value of another type, is an error that names file, line and key. A default of `null` takes any scalar;
 * a list is checked by the component that owns it.
 */
export class ConfigError extends Error {
  readonly code: 'syntax' | 'unknown_key' | 'wrong_type';
  constructor(code: ConfigError['code'], place: string, problem: string, mend: string) {
    super(`${place}: ${problem}. ${mend}`);
    this.name = 'ConfigError';
    this.code = code;
  }
}

export interface ConfigLayer {
  /** Where the values come from, for messages and `config show`: a file name, `environment`, `flags`. */
  readonly origin: string;
  readonly values: Record<string, unknown>;
  /** Line of a dotted key, when the layer is a text. */
  readonly lineOf?: (path: string) => number | undefined;
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

/** `HEADWAY__SERVER__PORT=9000` sets `server.port`; values are YAML scalars or flow collections. */
export function configLayerFromEnvironment(environment: Environment): ConfigLayer {
  const values: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith(PREFIX) || text === undefined) continue;
    setPath(values, name.slice(PREFIX.length).toLowerCase().split('__'), parse(text) as unknown);
  }
  return { origin: 'environment', values };
}

export function loadConfig<T extends object>(defaults: T, layers: readonly ConfigLayer[]): LoadedConfig<T> {
  const origins = new Map<string, string>();
  let config: Record<string, unknown> = { ...(defaults as Record<string, unknown>) };
  for (const layer of layers) config = mergeLayer(config, layer.values, '', layer, origins);
  // mergeLayer let nothing through that differs from the type of a default
  return { config: config as T, origins };
}

function mergeLayer(
  base: Record<string, unknown>,
  values: Record<string, unknown>,
  prefix: string,
  layer: ConfigLayer,
  origins: Map<string, string>,
): Record<string, unknown> {
  const merged = { ...base };
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined) continue;
    const path = prefix === '' ? key : `${prefix}.${key}`;
    if (!Object.hasOwn(base, key)) throw unknownKey(path, key, base, layer);
    const own = base[key];
    if (isRecord(own) && isRecord(value)) {
      merged[key] = mergeLayer(own, value, path, layer, origins);
      continue;
    }
    checkType(own, value, path, layer);
    merged[key] = value;
    origins.set(path, layer.origin);
  }
  return merged;
}

function checkType(own: unknown, value: unknown, path: string, layer: ConfigLayer): void {
  if (own === null) {
    if (value === null || typeof value !== 'object') return;
  } else if (Array.isArray(own)) {
    if (Array.isArray(value)) return;
  } else if (typeof own === typeof value && value !== null && !Array.isArray(value)) return;
  const wanted = own === null ? 'a single value' : Array.isArray(own) ? 'a list' : `a ${typeof own}`;
  throw new ConfigError(
    'wrong_type',
    placeOf(layer, path),
    `${path} must be ${wanted}, got ${JSON.stringify(value)}`,
    `For example \`${path}: ${JSON.stringify(own)}\`.`,
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

function lineOfPath(contents: unknown, path: string, lines: LineCounter): number | undefined {
  let node: unknown = contents;
  let line: number | undefined;
  for (const part of path.split('.')) {
    if (!isMap(node)) return line;
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === part);
    const key = pair?.key as Node | undefined;
    if (pair === undefined || key?.range == null) return line;
    line = lines.linePos(key.range[0]).line;
    node = pair.value;
  }
  return line;
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
