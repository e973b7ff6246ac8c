import type { ModelConfig } from '../../../../../domain/events.ts';
import { presetNames, readArchitecture } from '../../../../../domain/model-config.ts';
import { modelFlops } from '../../../../../domain/model-flops.ts';

type Arguments = ReadonlyMap<string, number | boolean | string | null>;

export interface ModelFound {
  readonly model: string | ModelConfig | undefined;
  /** Why there is no model, or what was chosen among several. */
  readonly note: string | undefined;
}

/**
 * Arguments of `TransformerModelArgs(dim=4096, n_layers=32, ...)`, `ModelArgs(...)` or of the JSON object that newer
 * versions print, outermost level only.
 */
export function argumentsIn(text: string): Arguments | undefined {
  const object = jsonArguments(text);
  if (object !== undefined) return object;
  const open = /\b\w*Args\(|\b[\w.]+Config\(/.exec(text);
  if (open === null) return undefined;
  const found = new Map<string, number | boolean | string | null>();
  for (const part of outermostParts(text.slice(open.index + open[0].length))) {
    const match = /^\s*(\w+)=(.*)$/s.exec(part);
    if (match?.[1] === undefined || match[2] === undefined) continue;
    const value = pythonScalar(match[2].trim());
    if (value !== undefined) found.set(match[1], value);
  }
  return found;
}

function jsonArguments(text: string): Arguments | undefined {
  const from = text.indexOf('{');
  if (from < 0 || !text.trimEnd().endsWith('}')) return undefined;
  try {
    const object = JSON.parse(text.slice(from)) as Record<string, unknown>;
    const scalars = Object.entries(object).filter(
      (entry): entry is [string, number | boolean | string | null] =>
        entry[1] === null || typeof entry[1] !== 'object',
    );
    return new Map(scalars);
  } catch {
    return undefined;
  }
}

/** Splits at commas outside brackets and quotes, up to the bracket that closes the call. */
function outermostParts(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quote = '';
  let part = '';
  for (const char of text) {
    if (quote !== '') quote = char === quote ? '' : quote;
    else if (char === "'" || char === '"') quote = char;
    else if ('([{'.includes(char)) depth += 1;
    else if (')]}'.includes(char)) depth -= 1;
    if (depth < 0) break;
    if (char === ',' && depth === 0 && quote === '') {
      parts.push(part);
      part = '';
    } else part += char;
  }
  parts.push(part);
  return parts;
}

function pythonScalar(text: string): number | boolean | string | null | undefined {
  if (text === 'None') return null;
  if (text === 'True' || text === 'False') return text === 'True';
  const number = Number(text);
  if (text !== '' && Number.isFinite(number)) return number;
  const quoted = /^(['"])(.*)\1$/s.exec(text);
  return quoted?.[2];
}

/**
 * The published configuration that the printed arguments amount to, in the llama or qwen3 shape; undefined when they
 * are of another family. The hidden width follows `FeedForward` of Meta's llama: two thirds of 4 x dim, times the
 * multiplier, up to the next multiple.
 */
export function configFrom(args: Arguments): ModelConfig | undefined {
  const number = (name: string): number | undefined => {
    const value = args.get(name);
    return typeof value === 'number' ? value : undefined;
  };
  const hidden_size = number('dim');
  const layers = number('n_layers');
  const heads = number('n_heads');
  const vocab_size = number('vocab_size');
  if (hidden_size === undefined || layers === undefined || heads === undefined || vocab_size === undefined)
    return undefined;
  if (
    args.get('moe_enabled') === true ||
    number('n_routed_experts') !== undefined ||
    number('kv_lora_rank') !== undefined
  )
    return undefined;
  const common = {
    hidden_size,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: number('n_kv_heads') ?? heads,
    vocab_size,
    tie_word_embeddings: args.get('enable_weight_tying') === true,
  };
  const width = number('hidden_dim');
  const head_dim = number('head_dim');
  if (width !== undefined && head_dim !== undefined)
    return { model_type: 'qwen3', ...common, head_dim, intermediate_size: width };
  if (args.has('multiple_of')) {
    const intermediate_size = llamaWidth(
      hidden_size,
      number('multiple_of') ?? 1,
      number('ffn_dim_multiplier'),
    );
    return { model_type: 'llama', ...common, intermediate_size };
  }
  return width === undefined ? undefined : { model_type: 'llama', ...common, intermediate_size: width };
}

function llamaWidth(dim: number, multiple_of: number, multiplier: number | undefined): number {
  const two_thirds = Math.trunc((2 * 4 * dim) / 3);
  const wanted = multiplier === undefined ? two_thirds : Math.trunc(multiplier * two_thirds);
  return multiple_of * Math.ceil(wanted / multiple_of);
}

/**
 * The model of a run from its arguments and its printed parameter count. The count decides: arguments that do not
 * amount to it, and names without arguments, are looked up among the presets by count, and no model is better than a
 * wrong one.
 */
export function chooseModel(
  name: string,
  args: Arguments | undefined,
  parameters: number | undefined,
): ModelFound {
  const config = args === undefined ? undefined : configFrom(args);
  if (parameters === undefined) return { model: config, note: undefined };
  if (config !== undefined) {
    for (const tied of [config['tie_word_embeddings'] === true, config['tie_word_embeddings'] !== true]) {
      const candidate = { ...config, tie_word_embeddings: tied };
      if (parametersOf(candidate) === parameters) return { model: candidate, note: undefined };
    }
  }
  const presets = presetNames().filter((preset) => parametersOf(preset) === parameters);
  const [first] = presets;
  if (first !== undefined) {
    const note = `model ${name} taken as preset ${first}: its ${parameters} parameters are those of ${presets.join(', ')}`;
    return { model: first, note };
  }
  const note = `no model for ${name}: its printed ${parameters} parameters fit neither its arguments nor a preset. Give --model`;
  return { model: undefined, note };
}

function parametersOf(model: string | ModelConfig): number | undefined {
  try {
    return modelFlops(readArchitecture(model), 1).parameters;
  } catch {
    return undefined;
  }
}
