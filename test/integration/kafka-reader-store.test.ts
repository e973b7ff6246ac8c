import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import type { StepEvent } from '../../domain/events.ts';
import type { Batch } from '../../platform/bus/bus.ts';
import { KafkaReader } from '../../platform/bus/kafka/reader.ts';
import { encodeRunEvents } from '../../platform/bus/run-event-batch.ts';
import { silentLog } from '../../platform/log.ts';
import { STORE_SERVER_DEFAULTS } from '../../platform/store/config.ts';
import { migrate } from '../../platform/store/migrate.ts';
import { createPartitionPositions } from '../../platform/store/partition-positions.ts';
import { RowBinaryWriter } from '../../platform/store/row-binary.ts';
import { openServerStore } from '../../platform/store/server.ts';
import type { ClaimableStore } from '../../platform/store/store.ts';
import { createIngest } from '../../services/analyzer/ingest/ingest.ts';
import { type RunningServer, startServerProcess } from '../support/clickhouse-server/start.ts';
import { describeWithKafka } from '../support/kafka.ts';
import { type KafkaBroker, startKafka } from '../support/kafka-broker.ts';
import { KeptLetters, readerBench } from '../support/kafka-reader-bench.ts';
import { openedWriter } from '../support/kafka-writer.ts';
import { eventually, freePort } from '../support/loopback.ts';
import { countCopies } from '../support/oracle.ts';
import { makeFolder } from '../support/temporary-folder.ts';

const JOBS = 8;

describeWithKafka('Kafka readers over tables behind a server', () => {
  let broker: KafkaBroker;
  let folder: { path: string; remove(): Promise<void> };
  let port: number;
  let server: RunningServer;
  const startServer = () => startServerProcess(folder.path, ['--port', String(port)]);
  beforeAll(async () => {
    folder = await makeFolder();
    port = await freePort();
    [broker, server] = await Promise.all([startKafka(), startServer()]);
  });
  afterAll(async () => {
    await server?.stop();
    await broker?.stop();
    await folder.remove();
  });

  const openStore = (): Promise<ClaimableStore> =>
    openServerStore({ ...STORE_SERVER_DEFAULTS, url: `http://127.0.0.1:${port}` }, silentLog);

  it('store what was acknowledged once while readers come and go and the server dies under an insert', {
    timeout: 180_000,
  }, async () => {
    const store = await openStore();
    await countCopies(store);
    // The product's table merges doubles away; this one would show them.
    await store.command(`CREATE TABLE series_points
      (series_id UInt64, ts DateTime64(3, 'UTC'), value Float64, version UInt64)
      ENGINE = MergeTree PARTITION BY toYYYYMM(ts) ORDER BY (series_id, ts)
      SETTINGS non_replicated_deduplication_window = 10000`);
    await migrate(store);
    const { topic } = await readerBench(broker.brokers, {
      partitions: 4,
      reader: { session_timeout_s: 6, delivery_rows_max: 40 },
    });
    const writer = openedWriter(topic.config);
    const letters = new KeptLetters();
    const start = async () => {
      const own = await openStore();
      onTestFinished(() => own.close());
      const deps = { config: topic.config, log: silentLog, deadLetters: letters };
      const reader = new KafkaReader({ ...deps, positions: createPartitionPositions(own) });
      onTestFinished(() => reader.stop());
      const taken = { batches: 0 };
      ingested.push(taken);
      const ingest = createIngest({ store: own, log: silentLog, deadLetters: letters, onJobs: () => {} });
      reader.run(async (delivery) => {
        if (killsServer) server.process.kill('SIGKILL');
        killsServer = false;
        await ingest(delivery);
        taken.batches += delivery.batches.length;
      });
      return { reader, taken };
    };
    let published = 0;
    let isOver = false;
    let killsServer = false;
    const ingested: { batches: number }[] = [];
    const stored = () => ingested.reduce((sum, { batches }) => sum + batches, 0);
    const publishing = (async () => {
      while (!isOver) {
        const batches: Batch[] = [];
        for (let n = 0; n < 20; n++, published++) {
          batches.push(...encodeRunEvents([eventOf(published)], 1_700_000_000_000), pointOf(published));
        }
        await writer.publish(batches);
        // Two batches an event; the readers take them in smaller portions than the product would.
        await eventually(() => 2 * published - stored() < 400 || isOver || undefined);
      }
    })();
    const first = await start();
    await eventually(() => first.taken.batches > 200 || undefined);
    const second = await start();
    await eventually(() => second.taken.batches > 100 || undefined);
    killsServer = true;
    await eventually(
      () => first.reader.stats().failed_deliveries + second.reader.stats().failed_deliveries > 0 || undefined,
    );
    server = await eventually(startServer);
    const seen = second.taken.batches;
    await eventually(() => second.taken.batches > seen + 50 || undefined);
    await first.reader.stop();
    isOver = true;
    await publishing;
    await second.reader.drained();

    const events = await store.query<{ step: number; copies: number }>(
      "SELECT toUInt32(JSONExtractInt(body, 'step')) AS step, sum(copies) AS copies FROM run_events GROUP BY step",
    );
    const points = await store.query<{ id: number; copies: number }>(
      'SELECT value AS id, count() AS copies FROM series_points GROUP BY id',
    );
    await store.close();
    const once = (rows: readonly { copies: number }[]) => rows.filter(({ copies }) => Number(copies) !== 1);
    expect([events.length, points.length]).toEqual([published, published]);
    expect([once(events), once(points)]).toEqual([[], []]);
    expect(letters.all).toEqual([]);
    expect(published).toBeGreaterThan(300);
  });
});

function eventOf(number: number): StepEvent {
  return {
    type: 'step',
    job: `job-${number % JOBS}`,
    step: number,
    start_us: 1_700_000_000_000_000 + number,
  };
}

function pointOf(number: number): Batch {
  const row = new RowBinaryWriter(32);
  row.uint64(7n);
  // Two partitions of the table, so that a kill can fall between the two parts of one insert.
  row.int64(1_700_000_000_000 + number + (number % 2) * 40 * 86_400_000);
  row.float64(number);
  row.uint64(1n);
  const own = { kind: 'series_points', schemaVersion: 1, key: `n${number % JOBS}`, rows: 1 } as const;
  return { id: `point-${number}`, ...own, body: row.bytes() };
}
