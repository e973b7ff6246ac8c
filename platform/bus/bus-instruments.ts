import { type PipelineMetricName, pipelineMetric } from '../../domain/catalog/pipeline-metrics.ts';
import type { Counter, Counters, GaugeReading, Histogram } from '../telemetry/counters.ts';

/** Instruments under the names and with the words of the catalog, whichever part of the bus makes them. */
export interface BusInstruments {
  /** A total that somebody keeps already. */
  total(name: PipelineMetricName, read: () => number | readonly GaugeReading[]): void;
  gauge(name: PipelineMetricName, read: () => number | undefined | readonly GaugeReading[]): void;
  counter(name: PipelineMetricName): Counter;
  histogram(name: PipelineMetricName): Histogram;
}

/** `counters`: those of the service `bus`. */
export function busInstruments(counters: Counters): BusInstruments {
  return {
    total: (name, read) => counters.observedCounter(nounOf(name), helpOf(name), read),
    gauge: (name, read) => counters.gauge(nounOf(name), helpOf(name), read),
    counter: (name) => counters.counter(nounOf(name), helpOf(name)),
    histogram: (name) => counters.histogram(nounOf(name), helpOf(name)),
  };
}

function nounOf(name: PipelineMetricName): string {
  return name.replace(/^headway_bus_/, '').replace(/_total$/, '');
}

function helpOf(name: PipelineMetricName): string {
  return pipelineMetric(name)?.help ?? '';
}
