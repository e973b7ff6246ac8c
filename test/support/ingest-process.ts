/**
 * A process that acknowledges like the product does, to be killed: spool, embedded store and ingest in the folder
 * argv[2]. One line of standard input is one publish, `{"id": n, "event": {...}}`; standard output says `ready`,
 * `ack <id>` and `again` (a delivery that an earlier process began). The end of standard input means: bring everything
 * to the tables and leave.
 */
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { RunEvent } from '../../domain/events.ts';
import { SPOOL_DEFAULTS } from '../../platform/bus/config.ts';
import { openDeadLetterFolder } from '../../platform/bus/dead-letter-folder.ts';
import { encodeRunEvents } from '../../platform/bus/run-event-batch.ts';
import { openSpool } from '../../platform/bus/spool.ts';
import { createLog } from '../../platform/log.ts';
import { STORE_DEFAULTS } from '../../platform/store/config.ts';
import { openEmbeddedStore } from '../../platform/store/embedded.ts';
import { migrate } from '../../platform/store/migrate.ts';
import { RowBinaryWriter } from '../../platform/store/row-binary.ts';
import { createIngest } from '../../services/analyzer/ingest/ingest.ts';
import { countCopies } from './oracle.ts';

const folder = process.argv[2];
if (folder === undefined) throw new Error('usage: ingest-process <folder>');

const log = createLog('warn');
const store = await openEmbeddedStore(join(folder, 'store'), STORE_DEFAULTS, log);
// The product's table merges doubles away; this one, which the migration then leaves alone, would show them.
await store.command(`CREATE TABLE IF NOT EXISTS series_points
  (series_id UInt64, ts DateTime64(3, 'UTC'), value Float64, version UInt64)
  ENGINE = MergeTree PARTITION BY toYYYYMM(ts) ORDER BY (series_id, ts)
  SETTINGS non_replicated_deduplication_window = 10000`);
await countCopies(store);
await migrate(store);
// Small segments and deliveries, so that kills also fall between two of them.
const config = { ...SPOOL_DEFAULTS, segment_bytes_max: 100_000, delivery_bytes_max: 20_000 };
const spool = await openSpool(join(folder, 'spool'), config, log);
const deadLetters = openDeadLetterFolder(join(folder, 'dead-letters'));
const ingest = createIngest({ store, log, deadLetters, onJobs: () => {} });
spool.reader.run(async (delivery) => {
  if (delivery.again) say('again');
  await ingest(delivery);
});
say('ready');

const publishing = new Set<Promise<void>>();
for await (const line of createInterface({ input: process.stdin })) {
  const { id, event } = JSON.parse(line) as { id: number; event: RunEvent };
  const point = { kind: 'series_points', schemaVersion: 1, key: 'n', rows: 1, body: pointOf(id) } as const;
  const published = spool.writer
    .publish([...encodeRunEvents([event], Date.now()), { id: `point-${id}`, ...point }])
    .then(() => say(`ack ${id}`));
  publishing.add(published);
  void published.finally(() => publishing.delete(published));
}
await Promise.all(publishing);
await spool.reader.drained();
await spool.close();
await store.close();

function pointOf(id: number): Uint8Array {
  const row = new RowBinaryWriter(32);
  row.uint64(7n);
  // Two partitions, so that a kill can fall between the two parts of one insert.
  row.int64(1_700_000_000_000 + id + (id % 2) * 40 * 86_400_000);
  row.float64(id);
  row.uint64(1n);
  return row.bytes();
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
