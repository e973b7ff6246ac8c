import { describe, expect, it, onTestFinished } from 'vitest';
import { PIPELINE_METRICS, type PipelineRole } from '../../../../domain/catalog/pipeline-metrics.ts';
import { type Batch, BusRefused, type Delivery } from '../../../../platform/bus/bus.ts';
import {
  measureDeadLetters,
  measureDeliveries,
  measureOutage,
  measurePublishes,
  measureSpool,
} from '../../../../platform/bus/bus-metrics.ts';
import { SPOOL_DEFAULTS } from '../../../../platform/bus/config.ts';
import { DEAD_LETTER_CODES } from '../../../../platform/bus/dead-letters.ts';
import { measureKafkaReader, measureKafkaWriter } from '../../../../platform/bus/kafka/kafka-metrics.ts';
import { noCounts } from '../../../../platform/bus/kafka/reader-counts.ts';
import { KafkaRefused } from '../../../../platform/bus/kafka/refusal.ts';
import { silentLog } from '../../../../platform/log.ts';
import { TELEMETRY_DEFAULTS } from '../../../../platform/telemetry/config.ts';
import { type Counters, createCounters } from '../../../../platform/telemetry/counters.ts';
import { startTelemetry } from '../../../../platform/telemetry/telemetry.ts';

function measured(): { counters: Counters; page: () => Promise<string> } {
  const telemetry = startTelemetry(TELEMETRY_DEFAULTS, { log: silentLog });
  onTestFinished(() => telemetry.shutdown());
  return { counters: createCounters(telemetry.meter, 'bus'), page: () => telemetry.prometheusText() };
}

const BATCH: Batch = {
  id: 'a',
  kind: 'run_events',
  schemaVersion: 1,
  key: '',
  rows: 3,
  body: Buffer.alloc(10),
};
const DELIVERY: Delivery = { token: 't', batches: [BATCH, BATCH], attempt: 1, again: false };

const SPOOL = {
  bytes: 9,
  waiting_bytes: 5,
  oldest_age_s: 2.5,
  failed_deliveries: 0,
  repeated_deliveries: 0,
  damaged_bytes: 1,
};
const OUTAGE = {
  ...{ isOut: true, out_s: 7, outages: 2, spooled_batches: 30, drained_batches: 20 },
  spool: SPOOL,
};
const NO_OPS = { drained: async () => {}, settled: async () => true, close: async () => {} };
const WRITER = {
  ...{ partitions: 4, outstanding: 1, outstanding_bytes: 2, requests: 3, failed_requests: 4 },
  ...{ unfounded_successes: 5, acknowledged_batches: 6, acknowledged_bytes: 7, refused: 8 },
  refusal: new KafkaRefused('credentials', 'wrong', 'Mend it.', null),
};
const READER = {
  ...{ ...noCounts(), copies: 3, assigned: 2, silent_s: 0.5, problem: null },
  partitions: [
    { partition: 0, next_offset: 10, lag: 0, lag_s: 0, active_ms: null },
    { partition: 3, next_offset: 11, lag: 4, lag_s: null, active_ms: 5 },
  ],
};
const LETTERS = { counts: new Map([['bad_lines', 2]] as const), put: async () => {} };

async function fill(role: PipelineRole, counters: Counters): Promise<void> {
  if (role !== 'analyzer') {
    const writer = measurePublishes(counters, { publish: async () => {} });
    await writer.publish([BATCH, BATCH]);
    const refusing = measurePublishes(counters, {
      publish: () => Promise.reject(new BusRefused('spool_full', 'full', { retryable: true })),
    });
    await expect(refusing.publish([BATCH])).rejects.toThrow('full');
  }
  if (role !== 'collector') {
    await measureDeliveries(counters, async () => {})(DELIVERY);
    const failing = measureDeliveries(counters, () => Promise.reject(new Error('away')));
    await expect(failing({ ...DELIVERY, again: true })).rejects.toThrow('away');
  }
  measureDeadLetters(counters, LETTERS);
  if (role === 'embedded') measureSpool(counters, { stats: () => SPOOL }, SPOOL_DEFAULTS);
  if (role === 'collector') {
    const bus = { stats: () => OUTAGE, writer: { publish: async () => {} } };
    measureOutage(counters, { ...bus, ...NO_OPS }, SPOOL_DEFAULTS);
    measureKafkaWriter(counters, { stats: () => WRITER });
  }
  if (role === 'analyzer') measureKafkaReader(counters, { stats: () => READER });
}

describe.each(['embedded', 'collector', 'analyzer'] as const)('the bus of %s', (role) => {
  it('prints what the catalog says of it, and nothing else', async () => {
    const { counters, page } = measured();
    await fill(role, counters);
    const printed = [...(await page()).matchAll(/^# TYPE (headway_bus_\S+) (\S+)$/gm)].map(
      ([, name, kind]) => `${name} ${kind}`,
    );
    const listed = PIPELINE_METRICS.filter(({ roles }) => roles.includes(role));
    expect(printed.sort()).toEqual(listed.map(({ name, kind }) => `${name} ${kind}`).sort());
  });
});

describe('the measures of the bus', () => {
  it('count what was taken in, refused and brought to the tables', async () => {
    const { counters, page } = measured();
    await fill('embedded', counters);
    const text = await page();
    for (const line of [
      'headway_bus_published_batches_total 2',
      'headway_bus_published_bytes_total 20',
      'headway_bus_refused_publishes_total{reason="spool_full"} 1',
      'headway_bus_publish_duration_seconds_count 1',
      'headway_bus_delivered_batches_total 2',
      'headway_bus_delivered_rows_total 6',
      'headway_bus_failed_deliveries_total 1',
      'headway_bus_repeated_deliveries_total 1',
      'headway_bus_delivery_duration_seconds_count 2',
      'headway_bus_spool_oldest_age_seconds 2.5',
      `headway_bus_spool_limit_bytes ${SPOOL_DEFAULTS.spool_bytes_max}`,
    ])
      expect(text).toContain(`\n${line}\n`);
  });

  it('say that Kafka refuses the collector, and why', async () => {
    const { counters, page } = measured();
    await fill('collector', counters);
    const text = await page();
    expect(text).toContain('\nheadway_bus_kafka_refused{reason="credentials"} 1\n');
    expect(text).toContain('\nheadway_bus_kafka_refused{reason="rights"} 0\n');
  });

  it('say what is known of each partition, and nothing of what is not', async () => {
    const { counters, page } = measured();
    await fill('analyzer', counters);
    const text = await page();
    expect(text).toContain('\nheadway_bus_kafka_lag_messages{partition="3"} 4\n');
    expect(text).toContain('\nheadway_bus_kafka_lag_seconds{partition="0"} 0\n');
    expect(text).not.toContain('headway_bus_kafka_lag_seconds{partition="3"}');
    expect(text).toContain('\nheadway_bus_kafka_copies_total 3\n');
  });

  it('have every reason of a dead letter from the start, and count what could not be put', async () => {
    const { counters, page } = measured();
    const letters = measureDeadLetters(counters, {
      ...LETTERS,
      put: () => Promise.reject(new Error('full')),
    });
    await expect(letters.put({ ...BATCH, kind: 'x' }, { code: 'bad_body', text: '' })).rejects.toThrow(
      'full',
    );
    const text = await page();
    for (const code of DEAD_LETTER_CODES)
      expect(text).toContain(
        `headway_bus_dead_letters_total{reason="${code}"} ${code === 'bad_lines' ? 2 : 0}\n`,
      );
    expect(text).toContain('\nheadway_bus_dead_letter_failures_total 1\n');
    const listed = PIPELINE_METRICS.find(({ name }) => name === 'headway_bus_dead_letters_total');
    expect(listed?.labels[0]?.values).toEqual(DEAD_LETTER_CODES);
  });
});
