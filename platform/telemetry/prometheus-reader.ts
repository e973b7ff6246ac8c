import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { metrics } from '@opentelemetry/sdk-node';

/**
 * Hands out the current state of all instruments as Prometheus text, when asked: the page is served by our own HTTP
 * server, so no second port is opened as the stock exporter would.
 */
export class PrometheusReader extends metrics.MetricReader {
  readonly #serializer = new PrometheusSerializer(undefined, false, undefined, true, true);

  constructor() {
    super({ aggregationTemporalitySelector: () => metrics.AggregationTemporality.CUMULATIVE });
  }

  /** Prometheus text 0.0.4. An instrument whose callback threw is left out; the others are printed. */
  async text(): Promise<string> {
    const { resourceMetrics } = await this.collect();
    return this.#serializer.serialize(resourceMetrics);
  }

  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}
