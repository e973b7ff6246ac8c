import { DiagLogLevel, diag, type Meter, type Tracer } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { metrics, node, resources, tracing } from '@opentelemetry/sdk-node';
import type { Log } from '../log.ts';
import type { TelemetryConfig } from './config.ts';
import { PrometheusReader } from './prometheus-reader.ts';

export interface Telemetry {
  readonly meter: Meter;
  readonly tracer: Tracer;
  /** The body of `GET /metrics`: Prometheus text 0.0.4. */
  prometheusText(): Promise<string>;
  /** Pushes what is pending and stops. Never throws: losing the last push must not spoil an orderly stop. */
  shutdown(): Promise<void>;
}

export interface TelemetryOptions {
  readonly log: Log;
  /** `service.version` of what is pushed. */
  readonly version?: string;
}

/**
 * Starts this process's own metrics and traces (OpenTelemetry). The parts are built here rather than through
 * `NodeSDK`, which pushes to localhost:4318 unless told otherwise and keeps its providers in globals.
 */
export function startTelemetry(config: TelemetryConfig, options: TelemetryOptions): Telemetry {
  const resource = resources.resourceFromAttributes({
    'service.name': 'headway',
    ...(options.version === undefined ? {} : { 'service.version': options.version }),
  });
  const prometheus = new PrometheusReader();
  const meters = new metrics.MeterProvider({ resource, readers: [prometheus, ...pushedMetrics(config)] });
  const traces = new node.NodeTracerProvider({
    resource,
    sampler: new tracing.ParentBasedSampler({
      root: new tracing.TraceIdRatioBasedSampler(config.trace_sample_ratio),
    }),
    spanProcessors: pushedSpans(config),
  });
  // for the context that carries a span across awaits, and the traceparent header; the second call in a process is a no-op
  traces.register();
  if (config.otlp_endpoint !== null) reportExporterErrors(options.log);
  return {
    meter: meters.getMeter('headway'),
    tracer: traces.getTracer('headway'),
    prometheusText: () => prometheus.text(),
    shutdown: async () => {
      const results = await Promise.allSettled([meters.shutdown(), traces.shutdown()]);
      for (const result of results) {
        if (result.status === 'rejected') {
          options.log.warn('last telemetry was not delivered', { reason: String(result.reason) });
        }
      }
    },
  };
}

function pushedMetrics(config: TelemetryConfig): metrics.IMetricReader[] {
  if (config.otlp_endpoint === null) return [];
  const timeoutMillis = config.otlp_timeout_s * 1000;
  return [
    new metrics.PeriodicExportingMetricReader({
      exporter: new OTLPMetricExporter({ url: signalUrl(config.otlp_endpoint, 'metrics'), timeoutMillis }),
      exportIntervalMillis: Math.max(config.otlp_interval_s * 1000, timeoutMillis),
      exportTimeoutMillis: timeoutMillis,
    }),
  ];
}

function pushedSpans(config: TelemetryConfig): tracing.SpanProcessor[] {
  if (config.otlp_endpoint === null) return [];
  const exporter = new OTLPTraceExporter({
    url: signalUrl(config.otlp_endpoint, 'traces'),
    timeoutMillis: config.otlp_timeout_s * 1000,
  });
  return [new tracing.BatchSpanProcessor(exporter, { exportTimeoutMillis: config.otlp_timeout_s * 1000 })];
}

/** The signal's path is appended to the base, as the OTLP exporter specification says. */
function signalUrl(base: string, signal: 'metrics' | 'traces'): string {
  return `${base.replace(/\/+$/, '')}/v1/${signal}`;
}

function reportExporterErrors(log: Log): void {
  const quiet = () => undefined;
  diag.setLogger(
    {
      error: (message) => log.error('telemetry export failed', { reason: message }),
      warn: (message) => log.warn('telemetry export warned', { reason: message }),
      info: quiet,
      debug: quiet,
      verbose: quiet,
    },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
}
