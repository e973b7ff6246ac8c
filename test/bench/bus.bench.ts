import { randomUUID } from 'node:crypto';
import type { Batch } from '../../platform/bus/bus.ts';
import { createKafkaClient } from '../../platform/bus/kafka/client.ts';
import { KafkaReader } from '../../platform/bus/kafka/reader.ts';
import { openKafkaWriter } from '../../platform/bus/kafka/writer.ts';
import { silentLog } from '../../platform/log.ts';
import { createSeriesEncoder } from '../../platform/series/series-encoder.ts';
import { COLLECTOR_DEFAULTS } from '../../services/collector/config.ts';
import { createPageDecoder } from '../../services/collector/decoders/prometheus-text.ts';
import { createPageNormalizer } from '../../services/collector/normalize/page-normalizer.ts';
import { encodeScrape } from '../../services/collector/normalize/scrape-batches.ts';
import { startKafka } from '../support/kafka-broker.ts';
import { missingForKafka } from '../support/kafka-jars.ts';
import { kafkaConfig } from '../support/kafka-read-back.ts';
import { KeptLetters } from '../support/kafka-reader-bench.ts';
import { MemoryPositions } from '../support/memory-positions.ts';
import { nodePages } from './decode.bench.ts';

/** Pages of one node each, a second's worth of a cluster of so many; and how often. */
const NODES = 200;
const ROUNDS = 50;

/**
 * Processor time of this process for one sample through the client of Kafka: batches of scraped pages as a collector
 * publishes them, and as an analyzer gets them, without what either does before or behind.
 */
export async function benchBus(): Promise<string> {
  const missing = missingForKafka();
  if (missing !== undefined) return `Kafka: ${missing}\n`;
  const { batches, samples } = scrapedBatches();
  const bytes = batches.reduce((sum, { body }) => sum + body.length, 0) / samples;
  const broker = await startKafka();
  try {
    const config = kafkaConfig(broker.brokers, { partitions: 12 });
    const writer = openKafkaWriter({ client: createKafkaClient(config, silentLog), config, log: silentLog });
    await writer.publish(batches);
    const producing = await timed(async () => {
      for (let round = 0; round < ROUNDS; round++) {
        await Promise.all(batches.map((batch) => writer.publish([{ ...batch, id: randomUUID() }])));
      }
    });
    await writer.close();
    const positions = new MemoryPositions();
    const reader = new KafkaReader({ config, positions, deadLetters: new KeptLetters(), log: silentLog });
    let deliveries = 0;
    const consuming = await timed(async () => {
      reader.run(async () => {
        deliveries += 1;
      });
      await reader.drained();
    });
    await reader.stop();
    const all = samples * ROUNDS;
    const per = (s: number, of = all) => `${((s * 1e6) / of).toFixed(2)} us a sample`;
    return [
      `Samples through Kafka's client, ${bytes.toFixed(0)} bytes a sample, ${(samples / batches.length).toFixed(0)} samples a message`,
      `  producer  ${per(producing.processor_s)}, ${rate(all / producing.wall_s)} samples/s`,
      `  consumer  ${per(consuming.processor_s, all + samples)}, ${rate((all + samples) / consuming.wall_s)} samples/s, ${deliveries} deliveries`,
      '',
    ].join('\n');
  } finally {
    await broker.stop();
  }
}

function rate(per_s: number): string {
  return per_s.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

async function timed(work: () => Promise<void>): Promise<{ processor_s: number; wall_s: number }> {
  const began = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { processor_s: (user + system) / 1e6, wall_s: (performance.now() - began) / 1000 };
}

/** One page of each node, as batches; `samples` of all of them. */
function scrapedBatches(): { batches: Batch[]; samples: number } {
  const limits = COLLECTOR_DEFAULTS.scrape_limits;
  const pages = nodePages();
  const batches: Batch[] = [];
  let samples = 0;
  for (let node = 0; node < NODES; node++) {
    const page = pages[node % pages.length];
    if (page === undefined) continue;
    const labels = { instance: `node-${node}:9400`, job: 'exporter' };
    const normalizer = createPageNormalizer(labels, `node-${node}`, limits);
    const decoder = createPageDecoder(limits);
    const encoder = createSeriesEncoder();
    const health = { is_up: true, duration_s: 0.01, samples: 0, samples_kept: 0, series_added: 0 };
    // the second page: names of series are known by then
    for (const round of [0, 1]) {
      const decoded = decoder.decode(page);
      const ts_ms = 1_800_000_000_000 + round * 1000;
      const encoded = encodeScrape(normalizer.page(decoded, ts_ms), health, labels, ts_ms, encoder);
      encoded.confirm();
      if (round === 0) continue;
      samples += decoded.values.length;
      batches.push(...encoded.batches);
    }
  }
  return { batches, samples };
}
