import type { Environment } from '../environment.ts';

/** What Headway says about itself, and to whom. `/metrics` is always there; nothing is pushed unless asked for. */
export interface TelemetryConfig {
  /** Base address of an OTLP/HTTP receiver (`http://collector:4318`); null: nothing leaves the process. */
  readonly otlp_endpoint: string | null;
  /** Seconds between two OTLP pushes of metrics. */
  readonly otlp_interval_s: number;
  /** Seconds one OTLP push may take. */
  readonly otlp_timeout_s: number;
  /** Share of traces kept, 0..1; applies to requests that come in without a sampled parent. */
  readonly trace_sample_ratio: number;
  /** Seconds between two samples of the event loop's delay. */
  readonly event_loop_resolution_s: number;
  /** Seconds a readiness check may take before it counts as failed. */
  readonly readiness_timeout_s: number;
}

export const TELEMETRY_DEFAULTS: TelemetryConfig = {
  otlp_endpoint: null,
  otlp_interval_s: 15,
  otlp_timeout_s: 10,
  trace_sample_ratio: 1,
  event_loop_resolution_s: 0.02,
  readiness_timeout_s: 5,
};

/**
 * Fills in an endpoint from the variable every OpenTelemetry SDK knows, `OTEL_EXPORTER_OTLP_ENDPOINT`
 * (OpenTelemetry specification, "OTLP exporter configuration"), where ours names none.
 */
export function withStandardVariables(config: TelemetryConfig, environment: Environment): TelemetryConfig {
  const endpoint = environment['OTEL_EXPORTER_OTLP_ENDPOINT']?.trim();
  if (config.otlp_endpoint !== null || endpoint === undefined || endpoint === '') return config;
  return { ...config, otlp_endpoint: endpoint };
}
