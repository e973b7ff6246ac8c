import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { Meter } from '@opentelemetry/api';
import type { TelemetryConfig } from './config.ts';

const NS_PER_S = 1e9;
const US_PER_S = 1e6;

/**
 * The process's own memory, processor time and event-loop delay, under the names that Prometheus client libraries
 * use, so that existing dashboards find them. Returns what stops the measuring.
 */
export function measureProcess(
  meter: Meter,
  config: Pick<TelemetryConfig, 'event_loop_resolution_s'>,
): { stop(): void } {
  const started_s = performance.timeOrigin / 1000;
  gauge(
    meter,
    'process_start_time_seconds',
    'Start of the process, in seconds since the epoch.',
    () => started_s,
  );
  gauge(meter, 'process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss());
  gauge(
    meter,
    'nodejs_heap_size_used_bytes',
    'JavaScript heap in use.',
    () => process.memoryUsage().heapUsed,
  );
  meter
    .createObservableCounter('process_cpu_seconds_total', { description: 'User and system processor time.' })
    .addCallback((observer) => {
      const { user, system } = process.cpuUsage();
      observer.observe((user + system) / US_PER_S);
    });
  const delay = monitorEventLoopDelay({ resolution: Math.max(1, config.event_loop_resolution_s * 1000) });
  delay.enable();
  meter
    .createObservableGauge('nodejs_eventloop_lag_seconds', {
      description: 'Delay of the event loop since the page was last asked for.',
    })
    .addCallback((observer) => {
      // the histogram is empty right after a reset: then there is no reading
      if (delay.count === 0) return;
      observer.observe(delay.percentile(50) / NS_PER_S, { stat: 'p50' });
      observer.observe(delay.percentile(99) / NS_PER_S, { stat: 'p99' });
      observer.observe(delay.max / NS_PER_S, { stat: 'max' });
      delay.reset();
    });
  return { stop: () => void delay.disable() };
}

function gauge(meter: Meter, name: string, help: string, read: () => number): void {
  meter
    .createObservableGauge(name, { description: help })
    .addCallback((observer) => observer.observe(read()));
}
