import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '../../platform/log.ts';
import { STORE_DEFAULTS } from '../../platform/store/config.ts';
import { openEmbeddedStore } from '../../platform/store/embedded.ts';
import { RowBinaryWriter } from '../../platform/store/row-binary.ts';
import { type ClaimableStore, StoreError } from '../../platform/store/store.ts';
import { openTrialStore } from '../support/clickhouse-server/start.ts';
import { makeFolder } from '../support/temporary-folder.ts';

interface StoreUnderTest {
  readonly name: string;
  /** Opens the store that lives in a folder; closing it ends the process that has the folder. */
  open(folder: string): Promise<ClaimableStore>;
}

const LIMITS = { ...STORE_DEFAULTS, query_rows_max: 1000, query_time_max_s: 1 };
const STORES: readonly StoreUnderTest[] = [
  { name: 'embedded', open: (folder) => openEmbeddedStore(folder, LIMITS, silentLog) },
  { name: 'server', open: (folder) => openTrialStore(folder, LIMITS) },
];

const COLUMNS = ['id', 'ts', 'value', 'labels'] as const;

/** Rows `from` to `to` of the test table; every third in another month, so in another partition. */
function rows(from: number, to: number): Uint8Array {
  const writer = new RowBinaryWriter();
  for (let id = from; id < to; id++) {
    writer.uint64(BigInt(id));
    writer.int64(1_700_000_000_000 + id + (id % 3) * 32 * 86_400_000);
    writer.nullableFloat64(id % 2 === 0 ? id / 3 : null);
    writer.map(
      [['k', id % 5 === 0 ? Number.NaN : id] as const],
      (key) => writer.string(key),
      (value) => writer.float64(value),
    );
  }
  return writer.bytes();
}

describe.each(STORES)('the store contract: $name', ({ open }) => {
  let folder: { path: string; remove(): Promise<void> };
  let store: ClaimableStore;
  let tables = 0;

  beforeAll(async () => {
    folder = await makeFolder();
    store = await open(folder.path);
  });
  afterAll(async () => {
    await store.close();
    await folder.remove();
  });

  /** A table that merges nothing away, so that a double is seen. */
  async function newTable(): Promise<string> {
    const table = `plain_${tables++}`;
    await store.command(`CREATE TABLE ${table} (
        id UInt64, ts DateTime64(3, 'UTC'), value Nullable(Float64), labels Map(LowCardinality(String), Float64)
      ) ENGINE = MergeTree PARTITION BY toYYYYMM(ts) ORDER BY (id, ts)
      SETTINGS non_replicated_deduplication_window = 100`);
    return table;
  }

  async function count(table: string): Promise<{ rows: number; distinct: number }> {
    const [counts] = await store.query<{ rows: number; distinct: number }>(
      `SELECT count() AS rows, uniqExact(id) AS distinct FROM ${table}`,
    );
    if (counts === undefined) throw new Error('a count has a row');
    return counts;
  }

  it('gives back what RowBinary put in', async () => {
    const table = await newTable();
    await store.insertRowBinary(table, COLUMNS, [rows(0, 2), rows(2, 3)], { token: 't', rows: 3 });
    expect(await store.query(`SELECT * FROM ${table} ORDER BY id`)).toEqual([
      { id: 0, ts: '2023-11-14 22:13:20.000', value: 0, labels: { k: null } },
      { id: 1, ts: '2023-12-16 22:13:20.001', value: null, labels: { k: 1 } },
      { id: 2, ts: '2024-01-17 22:13:20.002', value: 2 / 3, labels: { k: 2 } },
    ]);
  });

  it('inserts the same token once, in every partition, and again after a restart not', async () => {
    const table = await newTable();
    await store.insertRowBinary(table, COLUMNS, [rows(0, 5000)], { token: 'a' });
    await store.insertRowBinary(table, COLUMNS, [rows(0, 5000)], { token: 'a' });
    expect(await count(table)).toEqual({ rows: 5000, distinct: 5000 });
    await store.close();
    store = await open(folder.path);
    await store.insertRowBinary(table, COLUMNS, [rows(0, 5000)], { token: 'a' });
    await store.insertRowBinary(table, COLUMNS, [rows(5000, 6000)], { token: 'b' });
    expect(await count(table)).toEqual({ rows: 6000, distinct: 6000 });
  });

  it('inserts the same rows twice when they come without a token', async () => {
    const table = await newTable();
    await store.insertRowBinary(table, COLUMNS, [rows(0, 10)]);
    await store.insertRowBinary(table, COLUMNS, [rows(0, 10)]);
    expect(await count(table)).toEqual({ rows: 20, distinct: 10 });
  });

  it('makes one part a partition of a large insert, so that a token stands for all of it', async () => {
    const table = await newTable();
    await store.insertRowBinary(table, COLUMNS, [rows(0, 200_000)], { token: 'large', rows: 200_000 });
    const parts = await store.query(
      `SELECT partition, count() AS parts FROM system.parts WHERE table = {table:String} AND level = 0 GROUP BY partition`,
      { table },
    );
    expect(parts.map((part) => (part as { parts: number }).parts)).toEqual([1, 1, 1]);
  });

  it('adds only what is missing when an insert is tried again', async () => {
    const table = await newTable();
    await store.insertRowBinary(table, COLUMNS, [rows(0, 600)], { token: 'a' });
    const again = { token: 'b', again: true, rows: 1000 };
    await store.insertRowBinary(table, COLUMNS, [rows(0, 1000)], again);
    await store.insertRowBinary(table, COLUMNS, [rows(0, 1000)], again);
    expect(await count(table)).toEqual({ rows: 1000, distinct: 1000 });
  });

  it('takes nothing of a body that has other rows than it says, or none it can read', async () => {
    const table = await newTable();
    const whole = rows(0, 10);
    const bad = [
      { body: whole, rows: 9 },
      { body: whole.subarray(0, whole.length - 3), rows: 10 },
      { body: new Uint8Array(100).fill(255), rows: 1 },
    ];
    for (const { body, rows: wanted } of bad) {
      const refused = store.insertRowBinary(table, COLUMNS, [body], { token: 'bad', rows: wanted });
      await expect(refused).rejects.toMatchObject({ name: 'StoreError', code: 'bad_data' });
    }
    expect(await count(table)).toEqual({ rows: 0, distinct: 0 });
    await store.insertRowBinary(table, COLUMNS, [whole], { token: 'bad', rows: 10 });
    expect(await count(table)).toEqual({ rows: 10, distinct: 10 });
  });

  it('inserts rows given as objects, and takes their texts as they are', async () => {
    const table = `texts_${tables++}`;
    await store.command(`CREATE TABLE ${table} (id UInt64, at DateTime64(3, 'UTC'), text String) ENGINE = MergeTree
      ORDER BY id SETTINGS non_replicated_deduplication_window = 100`);
    const text = `'; DROP TABLE ${table}; -- \\ \n {x:String} é 日本`;
    const row = { id: '18446744073709551615', at: '2025-11-25T03:33:40.123Z', text };
    await store.insertRows(table, [row], { token: 't' });
    await store.insertRows(table, [row], { token: 't' });
    await store.insertRows(table, []);
    expect(await store.query(`SELECT toString(id) AS id, at, text FROM ${table}`)).toEqual([
      { id: '18446744073709551615', at: '2025-11-25 03:33:40.123', text },
    ]);
  });

  it('binds parameters by type and never by text', async () => {
    const parameters = {
      text: `a' OR 1=1 --\\\n\t`,
      time_us: 1_700_000_000_123_456,
      list: [`p'q`, 'r'],
      hash: '18446744073709551615',
    };
    const sql = `SELECT {text:String} AS text, {time_us:Int64} AS time_us, {list:Array(String)} AS list,
      toString({hash:UInt64}) AS hash`;
    expect(await store.query(sql, parameters)).toEqual([parameters]);
  });

  it('binds lists of any length', async () => {
    const names = Array.from({ length: 30_000 }, (_, id) => `it's \\ node-${id}`);
    const times = names.map((_, id) => 10_000_000 + id);
    const sql = `SELECT length({names:Array(String)}) AS count, {names:Array(String)}[7] AS seventh,
      {last:String} IN {names:Array(String)} AS is_in, has({names:Array(String)}, {last:String}) AS has_it,
      transform(3, [1, 3], ['a', {short:Array(String)}[1]], '') AS picked, arraySum({times:Array(Int64)}) AS sum`;
    const last = names.at(-1) ?? '';
    const short = [`p'\t\\q`];
    const sum = times.reduce((total, one) => total + one, 0);
    expect(await store.query(sql, { names, times, last, short })).toEqual([
      { count: 30_000, seventh: names[6], is_in: 1, has_it: 1, picked: short[0], sum },
    ]);
  });

  it('gives up a query that is too long, too large or wrong, each with its own code', async () => {
    const cases: [string, StoreError['code']][] = [
      ['SELECT number FROM numbers(1001)', 'too_many_rows'],
      ['SELECT sleepEachRow(0.2) FROM numbers(100) SETTINGS max_block_size = 1', 'too_slow'],
      ['SELECT nothing_of_this_name', 'failed'],
    ];
    for (const [sql, code] of cases) {
      await expect(store.query(sql), sql).rejects.toMatchObject({ name: 'StoreError', code });
    }
    expect(await store.query('SELECT number FROM numbers(1000)')).toHaveLength(1000);
  });

  it('gives no query the rows of another that failed half-way', async () => {
    const failing = 'SELECT throwIf(number = 500), number FROM numbers(1000) SETTINGS max_block_size = 10';
    const answers = await Promise.allSettled(
      Array.from({ length: 40 }, (_, n) => store.query(n % 4 === 0 ? failing : `SELECT ${n} AS n`)),
    );
    for (const [n, answer] of answers.entries()) {
      if (n % 4 === 0) expect(answer.status).toBe('rejected');
      else expect(answer).toEqual({ status: 'fulfilled', value: [{ n }] });
    }
  });

  it('answers while it inserts', async () => {
    const table = await newTable();
    const inserted = store.insertRowBinary(table, COLUMNS, [rows(0, 100_000)], { token: 'a' });
    const answers = await Promise.all(Array.from({ length: 20 }, () => store.query('SELECT 1 AS one')));
    expect(answers.flat()).toEqual(Array.from({ length: 20 }, () => ({ one: 1 })));
    await inserted;
    expect(await count(table)).toEqual({ rows: 100_000, distinct: 100_000 });
  });

  it('names a table or a column that is not there', async () => {
    const table = await newTable();
    await expect(store.insertRows('no_such_table', [{ a: 1 }])).rejects.toThrow(/no table no_such_table/);
    await expect(store.insertRows(table, [{ wrong: 1 }])).rejects.toThrow(/no column wrong/);
    await expect(store.insertRows(table, [{ 'id) --': 1 }])).rejects.toThrow(StoreError);
  });

  it('sees a column that was added', async () => {
    const table = await newTable();
    await store.insertRows(table, [{ id: 1 }]);
    await store.command(`ALTER TABLE ${table} ADD COLUMN note String`);
    await store.insertRows(table, [{ id: 2, note: 'new' }]);
    expect(await store.query(`SELECT id, note FROM ${table} ORDER BY id`)).toEqual([
      { id: 1, note: '' },
      { id: 2, note: 'new' },
    ]);
  });

  it('closes twice, finishing what runs, and refuses what comes later', async () => {
    const running = store.query('SELECT sum(number) AS sum FROM numbers(1000000)');
    await Promise.all([store.close(), store.close()]);
    expect(await running).toEqual([{ sum: 499_999_500_000 }]);
    await expect(store.query('SELECT 1')).rejects.toMatchObject({ code: 'closed' });
    store = await open(folder.path);
  });

  it('restores a part that a crash lost after its token was noted', async () => {
    const table = await newTable();
    await store.insertRowBinary(table, COLUMNS, [rows(0, 900)], { token: 'a' });
    const [part] = await store.query<{ path: string; rows: number }>(
      `SELECT path, rows FROM system.parts WHERE table = {table:String} AND active ORDER BY path LIMIT 1`,
      { table },
    );
    if (part === undefined) throw new Error('the table has parts');
    await store.close();
    // MergeTree notes the token, then renames the part into place: this is what a kill between the two leaves.
    await rm(part.path, { recursive: true });
    store = await open(folder.path);
    expect(await count(table)).toEqual({ rows: 900 - part.rows, distinct: 900 - part.rows });
    await store.insertRowBinary(table, COLUMNS, [rows(0, 900)], { token: 'a' });
    expect((await count(table)).rows, 'the token alone does not bring it back').toBe(900 - part.rows);
    await store.insertRowBinary(table, COLUMNS, [rows(0, 900)], { token: 'a', again: true });
    expect(await count(table)).toEqual({ rows: 900, distinct: 900 });
  });

  it('leaves no staged file behind', async () => {
    expect(await readdir(join(folder.path, 'staging'))).toEqual([]);
  });
});
