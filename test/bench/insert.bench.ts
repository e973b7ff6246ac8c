import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../../platform/log.ts';
import { STORE_DEFAULTS } from '../../platform/store/config.ts';
import { openEmbeddedStore } from '../../platform/store/embedded.ts';
import { migrate } from '../../platform/store/migrate.ts';
import { createPartitionPositions } from '../../platform/store/partition-positions.ts';
import { RowBinaryWriter } from '../../platform/store/row-binary.ts';
import { SERIES_POINTS_COLUMNS } from '../../platform/store/tables.ts';
import { openTrialStore } from '../support/clickhouse-server/start.ts';
import { type Comparison, compare } from './measure.ts';

const ROWS = 50_000;
const BASE_MS = 1_790_000_000_000;

/**
 * The same points into the same table: as objects, and as the bytes that the engine reads itself; and over HTTP into the
 * trial store, plainly, under a claim, and as a delivery that comes again. Encoding included.
 */
export async function compareInserts(): Promise<Comparison> {
  const dir = await mkdtemp(join(tmpdir(), 'headway-bench-'));
  const store = await openEmbeddedStore(dir, STORE_DEFAULTS, silentLog);
  await migrate(store);
  const server = await openTrialStore(join(dir, 'server'));
  await migrate(server);
  const { fence } = await createPartitionPositions(server).claim('bench', 0);
  let from_ms = BASE_MS;
  const next = () => {
    from_ms += ROWS;
    return from_ms;
  };
  try {
    return await compare('Inserting points', 'rows', [
      {
        name: 'objects (JSONEachRow)',
        items: ROWS,
        run: () => store.insertRows('series_points', objects(next())),
      },
      {
        name: 'bytes (RowBinary)',
        items: ROWS,
        run: () => store.insertRowBinary('series_points', SERIES_POINTS_COLUMNS, [bytes(next())]),
      },
      ...[
        { name: 'bytes, over HTTP', options: () => ({ token: String(from_ms), rows: ROWS }) },
        {
          name: 'bytes, over HTTP, under a claim',
          options: () => ({ token: String(from_ms), rows: ROWS, fence }),
        },
        { name: 'bytes, over HTTP, again', options: () => ({ again: true, rows: ROWS, fence }) },
      ].map(({ name, options }) => ({
        name,
        items: ROWS,
        run: () => server.insertRowBinary('series_points', SERIES_POINTS_COLUMNS, [bytes(next())], options()),
      })),
    ]);
  } finally {
    await store.close();
    await server.close();
    await rm(dir, { recursive: true, force: true });
  }
}

function objects(from_ms: number): Record<string, unknown>[] {
  return Array.from({ length: ROWS }, (_, row) => ({
    series_id: '7',
    ts: new Date(from_ms + row).toISOString(),
    value: row * 0.1,
    version: 1,
  }));
}

function bytes(from_ms: number): Uint8Array {
  const writer = new RowBinaryWriter();
  for (let row = 0; row < ROWS; row++) {
    writer.uint64(7n);
    writer.int64(BigInt(from_ms + row));
    writer.float64(row * 0.1);
    writer.uint64(1n);
  }
  return writer.bytes();
}
