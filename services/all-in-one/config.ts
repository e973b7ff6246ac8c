import {
  BadHardwareOverride,
  type HardwareOverride,
  hardwareOverrides,
} from '../../domain/catalog/hardware.ts';
import { SITE_DEFAULTS, type SiteConfig } from '../../domain/report/site.ts';
import { SPOOL_DEFAULTS, type SpoolConfig } from '../../platform/bus/config.ts';
import { DEAD_LETTER_DEFAULTS, type DeadLetterConfig } from '../../platform/bus/dead-letter-folder.ts';
import { KAFKA_DEFAULTS, type KafkaConfig } from '../../platform/bus/kafka/config.ts';
import { type ConfigCheck, ConfigError } from '../../platform/config.ts';
import { HTTP_SERVER_DEFAULTS, type HttpServerConfig } from '../../platform/http-server.ts';
import type { LogLevel } from '../../platform/log.ts';
import {
  STORE_DEFAULTS,
  STORE_SERVER_DEFAULTS,
  type StoreConfig,
  type StoreServerConfig,
} from '../../platform/store/config.ts';
import {
  DEVICE_TELEMETRY_DEFAULTS,
  type DeviceTelemetryConfig,
} from '../../platform/store/device-telemetry.ts';
import { TELEMETRY_DEFAULTS, type TelemetryConfig } from '../../platform/telemetry/config.ts';
import { ANALYZER_DEFAULTS, type AnalyzerConfig } from '../analyzer/config.ts';
import { API_DEFAULTS, type ApiConfig } from '../api/config.ts';
import { PROMQL_DEFAULTS, type PromqlConfig } from '../api/promql/config.ts';
import { CLUSTER_DEFAULTS, type ClusterConfig, checkClickHouse, checkKafka } from '../cluster/config.ts';
import { COLLECTOR_DEFAULTS, type CollectorConfig } from '../collector/config.ts';
import { scrapeTargets } from '../collector/receivers/scrape-target.ts';

/**
 * Every setting, of all processes of both modes: one file serves them all, and each reads what is its own.
 * `headway config show` prints them with their origin.
 */
export interface HeadwayConfig {
  /** Where the spool and the tables are; of a collector of a cluster its disk queue. One process at a time. */
  readonly data_dir: string;
  readonly log_level: LogLevel;
  readonly server: HttpServerConfig;
  readonly collector: CollectorConfig;
  readonly analyzer: AnalyzerConfig;
  readonly api: ApiConfig;
  readonly promql: PromqlConfig;
  readonly spool: SpoolConfig;
  readonly dead_letters: DeadLetterConfig;
  readonly store: StoreConfig;
  /** The bus of cluster mode. */
  readonly kafka: KafkaConfig;
  /** The tables of cluster mode. */
  readonly clickhouse: StoreServerConfig;
  readonly cluster: ClusterConfig;
  readonly telemetry: TelemetryConfig;
  readonly device_telemetry: DeviceTelemetryConfig;
  readonly site: SiteConfig;
  /** Devices that the catalog lacks or states otherwise: entries of `domain/catalog/hardware-overrides.ts`. */
  readonly hardware_overrides: readonly unknown[];
}

export const HEADWAY_DEFAULTS: HeadwayConfig = {
  data_dir: '.headway',
  log_level: 'warn',
  server: HTTP_SERVER_DEFAULTS,
  collector: COLLECTOR_DEFAULTS,
  analyzer: ANALYZER_DEFAULTS,
  api: API_DEFAULTS,
  promql: PROMQL_DEFAULTS,
  spool: SPOOL_DEFAULTS,
  dead_letters: DEAD_LETTER_DEFAULTS,
  store: STORE_DEFAULTS,
  kafka: KAFKA_DEFAULTS,
  clickhouse: STORE_SERVER_DEFAULTS,
  cluster: CLUSTER_DEFAULTS,
  telemetry: TELEMETRY_DEFAULTS,
  device_telemetry: DEVICE_TELEMETRY_DEFAULTS,
  site: SITE_DEFAULTS,
  hardware_overrides: [],
};

/** What the operator set of the site and of its devices. */
export function siteOf({ site, hardware_overrides }: HeadwayConfig): SiteConfig {
  return { ...site, hardware_overrides: overridesOf(hardware_overrides) };
}

function overridesOf(list: readonly unknown[]): readonly HardwareOverride[] {
  try {
    return hardwareOverrides(list);
  } catch (error) {
    if (!(error instanceof BadHardwareOverride)) throw error;
    throw new ConfigError('wrong_type', error.path, error.problem, error.mend);
  }
}

/** What components demand of their sections beyond types and ranges; every command that reads settings runs them. */
export const CONFIG_CHECKS: readonly ConfigCheck<HeadwayConfig>[] = [
  ({ collector }) => void scrapeTargets(collector.scrape, collector.scrape_limits),
  ({ hardware_overrides }) => void overridesOf(hardware_overrides),
  checkKafka,
  checkClickHouse,
];
