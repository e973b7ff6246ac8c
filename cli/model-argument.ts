import { join } from 'node:path';
import type { ModelConfig } from '../domain/events.ts';
import { BadModelConfig, readArchitecture, UnsupportedModel } from '../domain/model-config.ts';
import type { Architecture } from '../domain/models/architecture.ts';
import { isFile, textOfFile } from './files.ts';
import { usageFailure } from './outcome.ts';

/**
 * What `--model` or `flops MODEL` names: a published `config.json` (its path, or the folder it lies in) as the object
 * in it, or else a preset's name as it was given. Usage failures name the file and the mend.
 */
export async function modelFromArgument(argument: string): Promise<string | ModelConfig> {
  for (const path of [argument, join(argument, 'config.json')]) {
    if (await isFile(path)) return configFrom(path, await textOfFile(path));
  }
  if (argument.endsWith('.json')) throw usageFailure(`there is no file ${argument}. Check the path.`);
  return argument;
}

/** The same, read to an architecture; an unknown model or a field that is missing is a usage failure. */
export async function architectureFromArgument(argument: string): Promise<Architecture> {
  try {
    return readArchitecture(await modelFromArgument(argument));
  } catch (error) {
    if (!(error instanceof UnsupportedModel || error instanceof BadModelConfig)) throw error;
    throw usageFailure(`${argument}: ${error.message}`, error);
  }
}

function configFrom(path: string, text: string): ModelConfig {
  let value: unknown;
  try {
    value = JSON.parse(withoutPythonNumbers(text));
  } catch (error) {
    throw usageFailure(
      `${path} is not JSON: ${error instanceof Error ? error.message : String(error)}.`,
      error,
    );
  }
  if (isObject(value)) return value;
  throw usageFailure(`${path} holds no JSON object. A model's published config.json is needed.`);
}

/**
 * Published files are written by Python, whose JSON knows numbers that JSON does not (`"time_step_limit": [0.0,
 * Infinity]` in Mamba 2). Those fields decide no count; outside of strings they become null.
 */
function withoutPythonNumbers(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g, (token) =>
    token.startsWith('"') ? token : 'null',
  );
}

function isObject(value: unknown): value is ModelConfig {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
