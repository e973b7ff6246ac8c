import { BadModelConfig } from './model-errors.ts';

/** No published model comes near; a larger count is a mistake, and sums of it would leave the exact integers. */
const COUNT_MAX = 100_000_000;
const LAYERS_MAX = 10_000;

/**
 * Typed access to the fields of one `config.json`. Every method takes the names a field goes by (families renamed
 * them over the years) and throws BadModelConfig, naming the first, when it is missing or ill-typed. JSON null counts
 * as missing, as it does for the library that publishes these files.
 */
export interface ConfigFields {
  /** A positive integer; without a fallback the field is required. */
  count(names: string | readonly string[], fallback?: number): number;
  /** A positive integer, or null where the field is null or left out. */
  countOrNull(names: string | readonly string[]): number | null;
  /** A whole number from 0; null and left out are `fallback`. */
  countFromZero(names: string | readonly string[], fallback: number): number;
  flag(name: string, fallback: boolean): boolean;
  layers(names: string | readonly string[]): number;
  /** A list of words such as `layer_types`, or null where it is left out. */
  words(name: string): readonly string[] | null;
  /** A list of whole numbers such as `mlp_only_layers`, or null where it is left out. */
  numbers(name: string): readonly number[] | null;
  text(name: string): string | null;
  /** The fields of an object inside, such as `text_config` of a model that also sees; null where it is left out. */
  inside(name: string): ConfigFields | null;
  /** Whether the file writes the field at all, even as null: some families read null and left out differently. */
  written(name: string): boolean;
}

export function configFields(config: Readonly<Record<string, unknown>>): ConfigFields {
  const find = (names: string | readonly string[]): { name: string; value: unknown } => {
    const list = typeof names === 'string' ? [names] : names;
    const name = list.find((candidate) => config[candidate] !== undefined && config[candidate] !== null);
    return { name: name ?? list[0] ?? '', value: name === undefined ? undefined : config[name] };
  };
  const integer = (names: string | readonly string[], least: number, most: number): number | undefined => {
    const { name, value } = find(names);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    const shown = JSON.stringify(value);
    throw new BadModelConfig(
      name,
      `config field ${name} is ${shown}: a whole number ${least}..${most} is needed.`,
    );
  };
  const required = (names: string | readonly string[], most: number): number => {
    const value = integer(names, 1, most);
    if (value !== undefined) return value;
    const list = typeof names === 'string' ? [names] : names;
    const also = list.length > 1 ? ` (or ${list.slice(1).join(', ')})` : '';
    throw new BadModelConfig(list[0] ?? '', `config field ${list[0]}${also} is missing.`);
  };
  return {
    count: (names, fallback) =>
      fallback === undefined ? required(names, COUNT_MAX) : (integer(names, 1, COUNT_MAX) ?? fallback),
    countOrNull: (names) => integer(names, 1, COUNT_MAX) ?? null,
    countFromZero: (names, fallback) => integer(names, 0, COUNT_MAX) ?? fallback,
    layers: (names) => required(names, LAYERS_MAX),
    flag: (name, fallback) => {
      const { value } = find(name);
      if (value === undefined) return fallback;
      if (typeof value === 'boolean') return value;
      throw new BadModelConfig(
        name,
        `config field ${name} is ${JSON.stringify(value)}: true or false is needed.`,
      );
    },
    words: (name) => listOf(name, find(name).value, (item): item is string => typeof item === 'string'),
    numbers: (name) => listOf(name, find(name).value, (item): item is number => Number.isInteger(item)),
    text: (name) => {
      const { value } = find(name);
      return typeof value === 'string' ? value : null;
    },
    inside: (name) => {
      const { value } = find(name);
      if (value === undefined) return null;
      if (isObject(value)) return configFields(value);
      throw new BadModelConfig(name, `config field ${name} is not an object.`);
    },
    written: (name) => config[name] !== undefined,
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listOf<Item>(
  name: string,
  value: unknown,
  isItem: (item: unknown) => item is Item,
): readonly Item[] | null {
  if (value === undefined) return null;
  if (Array.isArray(value) && value.length <= LAYERS_MAX && value.every(isItem)) return value;
  throw new BadModelConfig(name, `config field ${name} is not a list of the right kind.`);
}
