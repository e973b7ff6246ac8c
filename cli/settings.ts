import { existsSync, readFileSync } from 'node:fs';
import {
  ConfigError,
  type ConfigLayer,
  configLayerFromEnvironment,
  configLayerFromYaml,
  type LoadedConfig,
  loadConfig,
} from '../platform/config.ts';
import { processEnvironment } from '../platform/environment.ts';
import { CONFIG_CHECKS, HEADWAY_DEFAULTS, type HeadwayConfig } from '../services/all-in-one/config.ts';
import { usageFailure } from './outcome.ts';

/** Read when it is there and `--config` is not given. */
const DEFAULT_FILE = 'headway.yaml';

export interface CommonOptions {
  readonly config?: string;
  readonly data?: string;
  readonly port?: string;
}

/** The configuration of a command: defaults < file < environment < flags. Mistakes are usage errors with their line. */
export function settingsFrom(options: CommonOptions, more: ConfigLayer[] = []): LoadedConfig<HeadwayConfig> {
  try {
    return loadConfig(
      HEADWAY_DEFAULTS,
      [
        ...fileLayer(options.config),
        configLayerFromEnvironment(processEnvironment()),
        ...more,
        flagLayer(options),
      ],
      CONFIG_CHECKS,
    );
  } catch (error) {
    if (error instanceof ConfigError) throw usageFailure(error.message, error);
    throw error;
  }
}

function fileLayer(path: string | undefined): ConfigLayer[] {
  if (path === undefined && !existsSync(DEFAULT_FILE)) return [];
  const file = path ?? DEFAULT_FILE;
  try {
    return [configLayerFromYaml(readFileSync(file, 'utf8'), file)];
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    throw usageFailure(`cannot read the configuration ${file}${code}. Check --config.`, error);
  }
}

function flagLayer({ data, port }: CommonOptions): ConfigLayer {
  const values: Record<string, unknown> = {};
  if (data !== undefined) values['data_dir'] = data;
  if (port !== undefined) values['server'] = { port: portFrom(port) };
  return { origin: 'flags', values };
}

function portFrom(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw usageFailure(`--port ${text} is not a port: a whole number from 0 (any free one) to 65535.`);
}
