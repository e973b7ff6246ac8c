import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Fenced } from '../../platform/fence.ts';
import { silentLog } from '../../platform/log.ts';
import { STORE_DEFAULTS } from '../../platform/store/config.ts';
import { openEmbeddedStore } from '../../platform/store/embedded.ts';
import { migrate } from '../../platform/store/migrate.ts';
import { createPartitionPositions } from '../../platform/store/partition-positions.ts';
import type { ClaimableStore } from '../../platform/store/store.ts';
import { openTrialClient, openTrialStore, type RunningServer } from '../support/clickhouse-server/start.ts';
import { eventually } from '../support/loopback.ts';
import { makeFolder, temporaryFolder } from '../support/temporary-folder.ts';

const SCRIPT = fileURLToPath(new URL('../support/positions-process.ts', import.meta.url));
const LIMITS = { query_connections: 2 };
const NOTHING = { next_offset: null, begun: null, sequences: new Map() };

/** Several statements may change tables at once, as in a real server. */
const CONCURRENT = ['--writes', '4'];

interface StoreUnderTest {
  readonly name: string;
  open(folder: string): Promise<ClaimableStore & { readonly server?: RunningServer }>;
}

const STORES: readonly StoreUnderTest[] = [
  { name: 'embedded', open: (folder) => openEmbeddedStore(folder, STORE_DEFAULTS, silentLog) },
  { name: 'server', open: (folder) => openTrialStore(folder, LIMITS, CONCURRENT) },
];

async function newTables(store: ClaimableStore): Promise<void> {
  await migrate(store);
  await store.command(`CREATE TABLE IF NOT EXISTS written (id UInt64) ENGINE = MergeTree ORDER BY id
    SETTINGS non_replicated_deduplication_window = 100`);
}

async function idsWritten(store: ClaimableStore): Promise<number[]> {
  const rows = await store.query<{ id: number }>('SELECT id FROM written ORDER BY id');
  return rows.map(({ id }) => id);
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

describe.each(STORES)('positions of partitions in the tables: $name', ({ open }) => {
  let folder: { path: string; remove(): Promise<void> };
  let store: ClaimableStore;
  let topics = 0;

  beforeAll(async () => {
    folder = await makeFolder();
    store = await open(folder.path);
    await newTables(store);
  });
  afterAll(async () => {
    await store.close();
    await folder.remove();
  });

  it('knows nothing of a partition that was never read, and after that what was written of it', async () => {
    const topic = `c/${topics++}`;
    const positions = createPartitionPositions(store);
    const first = await positions.claim(topic, 3);
    expect(first.fence).toMatchObject({ name: `${topic}/3`, epoch: 1 });
    expect(first.position).toEqual(NOTHING);

    await positions.begin(first.fence, { from: 10, to: 20 });
    const second = await createPartitionPositions(store).claim(topic, 3);
    expect(second.fence.epoch).toBe(2);
    expect(second.position).toEqual({ ...NOTHING, begun: { from: 10, to: 20 } });
    await expect(positions.begin(first.fence, { from: 20, to: 30 })).rejects.toBeInstanceOf(Fenced);
    await expect(positions.finish(first.fence, { from: 10, to: 20 }, new Map())).rejects.toBeInstanceOf(
      Fenced,
    );

    const later = createPartitionPositions(store);
    const third = await later.claim(topic, 3);
    await later.begin(third.fence, { from: 10, to: 20 });
    const sequences = new Map([
      ['a', 7],
      ['#note', 2 ** 41],
    ]);
    await later.finish(third.fence, { from: 10, to: 20 }, sequences);
    await later.begin(third.fence, { from: 20, to: 25 });
    await later.finish(third.fence, { from: 20, to: 25 }, new Map([['b', 1]]));
    await later.begin(third.fence, { from: 25, to: 30 });
    const { position } = await createPartitionPositions(store).claim(topic, 3);
    expect(position.next_offset).toBe(25);
    expect(position.begun).toEqual({ from: 25, to: 30 });
    expect(new Map(position.sequences)).toEqual(new Map([...sequences, ['b', 1]]));
    expect((await createPartitionPositions(store).claim(topic, 4)).position).toEqual(NOTHING);
  });

  it('begins a log that was made anew from its start, though more of the old one was read', async () => {
    const positions = createPartitionPositions(store);
    const topic = `c/${topics++}`;
    const { fence } = await positions.claim(topic, 0);
    await positions.begin(fence, { from: 0, to: 900 });
    await positions.finish(fence, { from: 0, to: 900 }, new Map());
    await positions.begin(fence, { from: 5, to: 5 });
    await positions.finish(fence, { from: 5, to: 5 }, new Map([['#incarnation', 1]]));
    const { position } = await positions.claim(topic, 0);
    expect(position).toMatchObject({ next_offset: 5, begun: null });
  });

  it('lets one of several claims at the same instant write, and no other', async () => {
    const topic = `c/${topics++}`;
    const claims = await Promise.all(
      Array.from({ length: 6 }, () => createPartitionPositions(store).claim(topic, 0)),
    );
    // Two may have one epoch, when a merge takes the row of the first before the second looks; the first is lost then.
    const inserts = claims.map(({ fence }) =>
      store.insertRows('written', [{ id: 1e6 + topics }], { fence }).then(
        () => fence.epoch,
        (cause: unknown) => {
          expect(cause).toBeInstanceOf(Fenced);
        },
      ),
    );
    const written = (await Promise.all(inserts)).filter((epoch) => epoch !== undefined);
    expect(written).toEqual([Math.max(...claims.map(({ fence }) => fence.epoch))]);
    expect((await idsWritten(store)).filter((id) => id === 1e6 + topics)).toHaveLength(1);
    await store.command('TRUNCATE TABLE written');
  });

  it('turns away all kinds of inserts of an earlier claim, and stores nothing of them', async () => {
    const topic = `c/${topics++}`;
    const { fence } = await createPartitionPositions(store).claim(topic, 0);
    await store.insertRows('written', [{ id: 1 }], { fence, token: 'x' });
    await createPartitionPositions(store).claim(topic, 0);
    const body = [new Uint8Array(new BigUint64Array([2n]).buffer)];
    for (const options of [
      {},
      { token: 'y', rows: 1 },
      { again: true },
      { again: true, token: 'y', rows: 1 },
    ]) {
      const late = store.insertRowBinary('written', ['id'], body, { ...options, fence });
      await expect(late).rejects.toBeInstanceOf(Fenced);
    }
    await expect(store.insertRows('written', [{ id: 1 }], { fence, token: 'x' })).rejects.toBeInstanceOf(
      Fenced,
    );
    expect(await idsWritten(store)).toEqual([1]);
    await store.command('TRUNCATE TABLE written');
  });

  it('turns away a claim that the tables do not know', async () => {
    const fence = { name: `c/${topics++}/0`, epoch: 1, owner: 'nobody' };
    await expect(store.insertRows('written', [{ id: 3 }], { fence })).rejects.toBeInstanceOf(Fenced);
    expect(await idsWritten(store)).toEqual([]);
  });

  it('remembers a producer for as long as it is told to, past the end of the dates of the tables too', async () => {
    const topic = `c/${topics++}`;
    const positions = createPartitionPositions(store, { producers_kept_s: 100 * 366 * 86_400 });
    const { fence } = await positions.claim(topic, 0);
    await positions.finish(fence, { from: 0, to: 1 }, new Map([['p', 5]]));
    await store.command('OPTIMIZE TABLE bus_positions FINAL');
    const { position } = await createPartitionPositions(store).claim(topic, 0);
    expect(position.sequences).toEqual(new Map([['p', 5]]));
  });

  it('stays as small as there are partitions and producers', async () => {
    const topic = `c/${topics++}`;
    const positions = createPartitionPositions(store);
    const silent = createPartitionPositions(store, { producers_kept_s: -60 });
    const gone = await silent.claim(topic, 0);
    const notes = new Map([
      ['gone', 5],
      ['#kept', 1],
    ]);
    await silent.finish(gone.fence, { from: 0, to: 1 }, notes);
    const { fence } = await positions.claim(topic, 0);
    for (const at of numbers(1, 40)) {
      await positions.begin(fence, { from: at, to: at + 1 });
      await positions.finish(fence, { from: at, to: at + 1 }, new Map([[`p${at % 3}`, at]]));
    }
    for (const table of ['bus_positions', 'bus_fences']) await store.command(`OPTIMIZE TABLE ${table} FINAL`);
    const rows = await store.query(
      'SELECT producer, sequence, next_offset FROM bus_positions WHERE name = {name:String} ORDER BY producer',
      { name: fence.name },
    );
    expect(rows).toEqual([
      { producer: '', sequence: 0, next_offset: 40 },
      { producer: '#kept', sequence: 1, next_offset: null },
      { producer: 'p0', sequence: 39, next_offset: null },
      { producer: 'p1', sequence: 37, next_offset: null },
      { producer: 'p2', sequence: 38, next_offset: null },
    ]);
    const fences = await store.query('SELECT epoch FROM bus_fences WHERE name = {name:String}', {
      name: fence.name,
    });
    expect(fences).toEqual([{ epoch: 2 }]);
  });
});

describe.each(STORES)('positions of a process that was killed: $name', ({ name, open }) => {
  it.each(['claim', 'begin', 'insert', 'finish'])('goes on exactly after a kill behind: %s', async (last) => {
    const path = await temporaryFolder();
    const before = await open(path);
    await newTables(before);
    if (name === 'embedded') await before.close();
    const place = before.server?.url ?? path;
    const steps = ['claim', 'begin 0 5', 'insert 0 5', 'finish 0 5', 'begin 5 9', 'insert 5 9', 'finish 5 9'];
    const until = last === 'claim' ? 1 : steps.findLastIndex((step) => step.startsWith(last)) + 1;
    await killedAfter([name, place], steps.slice(0, until));
    if (before.server !== undefined) await killServer(before.server);

    const after = await open(path);
    const positions = createPartitionPositions(after);
    const { fence, position } = await positions.claim('c/t', 0);
    const expected = {
      claim: { next_offset: null, begun: null },
      begin: { next_offset: 5, begun: { from: 5, to: 9 } },
      insert: { next_offset: 5, begun: { from: 5, to: 9 } },
      finish: { next_offset: 9, begun: null },
    }[last];
    expect(position).toMatchObject(expected ?? {});
    const { from, to } = position.begun ?? { from: position.next_offset ?? 0, to: 12 };
    const rows = numbers(from, to).map((id) => ({ id }));
    await positions.begin(fence, { from, to });
    await after.insertRows('written', rows, {
      token: `${from}-${to}`,
      again: position.begun !== null,
      fence,
    });
    await positions.finish(fence, { from, to }, new Map());
    expect(await idsWritten(after)).toEqual(numbers(0, to));
    await after.close();
  });
});

describe('an insert that is under way when its partition is claimed', () => {
  it('is over before the claim is, and has stored nothing', async () => {
    const store = await openTrialStore(await temporaryFolder(), LIMITS, CONCURRENT);
    await migrate(store);
    // Two seconds an insert, before its part is written.
    await store.command(`CREATE TABLE slow (id UInt64, at UInt8 DEFAULT sleepEachRow(0.2)) ENGINE = MergeTree
      ORDER BY id SETTINGS non_replicated_deduplication_window = 100`);
    const zombie = await openTrialClient(store.server, LIMITS);
    const { fence } = await createPartitionPositions(zombie).claim('c/t', 0);
    const rows = numbers(0, 10).map((id) => ({ id }));
    const late = zombie.insertRows('slow', rows, { token: 'a', fence });
    const failed = expect(late).rejects.toMatchObject({ name: 'StoreError', engine_code: 394 });
    await eventually(async () => (await runningInserts(store)) === 1 || undefined, { every_ms: 20 });

    const claim = await createPartitionPositions(store).claim('c/t', 0);
    expect(await runningInserts(store)).toBe(0);
    expect(await store.query('SELECT count() AS rows FROM slow')).toEqual([{ rows: 0 }]);
    await failed;
    await expect(zombie.insertRows('slow', rows, { token: 'a', fence })).rejects.toBeInstanceOf(Fenced);
    await store.insertRows('slow', rows.slice(0, 1), { token: 'a', again: true, fence: claim.fence });
    expect(await store.query('SELECT count() AS rows FROM slow')).toEqual([{ rows: 1 }]);
    await zombie.close();
    await store.close();
  });

  async function runningInserts(store: ClaimableStore): Promise<number> {
    const rows = await store.query(
      `SELECT query_id FROM system.processes WHERE startsWith(query_id, 'headway:') AND query ILIKE 'INSERT%slow%'`,
    );
    return rows.length;
  }
});

/** Runs the steps in a process of its own and kills it when the last one is done. */
async function killedAfter(args: readonly string[], steps: readonly string[]): Promise<void> {
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', SCRIPT, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const gone = once(child, 'close');
  let next = 0;
  for await (const _ of createInterface({ input: child.stdout ?? Readable.from([]) })) {
    if (next === steps.length) child.kill('SIGKILL');
    else child.stdin?.write(`${steps[next++]}\n`);
  }
  const [, signal] = await gone;
  expect(signal).toBe('SIGKILL');
}

async function killServer(server: RunningServer): Promise<void> {
  const gone = once(server.process, 'exit');
  server.process.kill('SIGKILL');
  await gone;
}
