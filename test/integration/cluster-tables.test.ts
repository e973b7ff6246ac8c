import { spawnSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Fenced } from '../../platform/fence.ts';
import { silentLog } from '../../platform/log.ts';
import { clusterPlace } from '../../platform/store/cluster-tables.ts';
import { STORE_SERVER_DEFAULTS } from '../../platform/store/config.ts';
import { migrate } from '../../platform/store/migrate.ts';
import { namedQuery } from '../../platform/store/named-queries.ts';
import { createPartitionPositions } from '../../platform/store/partition-positions.ts';
import type { ClaimableStore, QueryParameters } from '../../platform/store/store.ts';
import { HEADWAY_DEFAULTS } from '../../services/all-in-one/config.ts';
import { tablesOf } from '../../services/cluster/tables.ts';
import { openTrialStore, type RunningServer } from '../support/clickhouse-server/start.ts';
import type { RenderedTables } from '../support/rendered-tables.ts';
import { makeFolder, temporaryFolder } from '../support/temporary-folder.ts';

const CLUSTER = 'prod';
const SCRIPT = fileURLToPath(new URL('../support/rendered-tables.ts', import.meta.url));
const QUERIES = (await readdir(new URL('../../sql/queries/', import.meta.url))).map((file) =>
  file.replace(/\.sql$/, ''),
);

describe('the rendered tables, as the engine takes them', () => {
  it('are read, and made as those of a node, once and again', async () => {
    const args = ['--import', 'tsx', SCRIPT, await temporaryFolder()];
    const { stdout, stderr } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      timeout: 60_000,
      killSignal: 'SIGKILL',
    });
    expect(stdout, stderr).not.toBe('');
    const { read, tables } = JSON.parse(stdout) as RenderedTables;
    expect(read.length).toBeGreaterThan(40);
    for (const line of read) expect(line).toMatch(/^(Create|Alter)Query/);
    expect(tables).toContainEqual({ name: 'run_events', engine: 'Distributed' });
    expect(tables).toContainEqual({ name: 'run_events_local', engine: 'ReplicatedReplacingMergeTree' });
    expect(tables).toContainEqual({ name: 'bus_positions', engine: 'ReplicatedReplacingMergeTree' });
    expect(tables).toContainEqual({ name: 'collective_windows', engine: 'View' });
  });
});

describe('a cluster of one node', () => {
  let folders: { path: string; remove(): Promise<void> }[];
  let one: ClaimableStore;
  let cluster: ClaimableStore & { readonly server: RunningServer };

  beforeAll(async () => {
    folders = [await makeFolder(), await makeFolder()];
    const [first, second] = folders;
    if (first === undefined || second === undefined) throw new Error('two folders were made');
    one = await openTrialStore(first.path);
    cluster = await openTrialStore(second.path, { cluster: CLUSTER }, ['--cluster', CLUSTER]);
    await migrate(one);
    const place = clusterPlace({ ...STORE_SERVER_DEFAULTS, cluster: CLUSTER });
    expect((await migrate(cluster, undefined, place)).length).toBeGreaterThan(5);
    expect(await migrate(cluster, undefined, place)).toEqual([]);
    for (const store of [one, cluster]) for (const statement of ROWS) await store.command(statement);
  });
  afterAll(async () => {
    await one.close();
    await cluster.close();
    for (const folder of folders) await folder.remove();
  });

  it('has the rows of a spread table behind it', async () => {
    const counts = await cluster.query(
      `SELECT (SELECT count() FROM run_events) AS asked, (SELECT count() FROM run_events_local) AS stored,
        (SELECT engine FROM system.tables WHERE database = currentDatabase() AND name = 'run_events') AS engine`,
    );
    expect(counts).toEqual([{ asked: 60, stored: 60, engine: 'Distributed' }]);
  });

  it.each(QUERIES)('answers %s as one server does', async (name) => {
    const sql = namedQuery(name);
    const parameters = parametersOf(sql);
    const [wanted, got] = [await one.query(sql, parameters), await cluster.query(sql, parameters)];
    expect(sorted(got)).toEqual(sorted(wanted));
  });

  it('asks the questions of above of rows that are there', async () => {
    const answered = [];
    for (const name of QUERIES) {
      const sql = namedQuery(name);
      if ((await one.query(sql, parametersOf(sql))).length > 0) answered.push(name);
    }
    expect(answered.length).toBeGreaterThan(30);
  });

  it('tells the same of a ledger in one stretch and in so many that they no longer fit into a parameter', async () => {
    const sql = namedQuery('job_device_telemetry');
    const cuts = Array.from({ length: 20_001 }, (_, index) => Math.round(index * 4.5));
    const many = {
      ...parametersOf(sql),
      segment_buckets: cuts.slice(1).map(() => 'productive'),
      segment_from_ms: cuts.slice(0, -1),
      segment_to_ms: cuts.slice(1),
    };
    const wanted = await one.query<Record<string, unknown>>(sql, parametersOf(sql));
    expect(wanted.length).toBeGreaterThan(0);
    for (const store of [one, cluster]) {
      const got = await store.query<Record<string, unknown>>(sql, many);
      expect(got).toHaveLength(wanted.length);
      const keyOf = (row: Record<string, unknown>) => `${row['node']} ${row['device']} ${row['target']}`;
      for (const row of got) {
        const same = wanted.find((other) => keyOf(other) === keyOf(row));
        for (const [column, value] of Object.entries(row)) {
          if (typeof value === 'number') expect(value, column).toBeCloseTo(Number(same?.[column]), 3);
          else expect(value, column).toEqual(same?.[column]);
        }
      }
    }
  });

  it('is what the processes of a cluster make of it', async () => {
    const { url } = cluster.server;
    const clickhouse = {
      ...HEADWAY_DEFAULTS.clickhouse,
      url,
      user: 'u',
      password: "p'w",
      cluster: CLUSTER,
      database: 'by_role',
    };
    const tables = tablesOf({ ...HEADWAY_DEFAULTS, clickhouse }, silentLog);
    const store = await tables.open(new AbortController().signal);
    const engines = await store?.query<{ engine: string }>(
      `SELECT DISTINCT engine FROM system.tables WHERE database = 'by_role' ORDER BY engine`,
    );
    expect(engines).toContainEqual({ engine: 'Distributed' });
    await tables.close();
  });

  it('inserts a token once, what is missing again, and nothing of an earlier claim', async () => {
    const positions = createPartitionPositions(cluster);
    const { fence } = await positions.claim('c/t', 0);
    const rows = Array.from({ length: 50 }, (_, id) => ({
      job: 'inserted',
      event_id: `e${id}`,
      type: 'step',
      node: '',
      time_us: id,
      received_at: '2026-01-01T00:00:00.000Z',
      body: '{}',
    }));
    const stored = async () => {
      const counts = await cluster.query<{ rows: number }>(
        `SELECT count() AS rows FROM run_events WHERE job = 'inserted'`,
      );
      return counts[0]?.rows;
    };
    await positions.begin(fence, { from: 0, to: 30 });
    await cluster.insertRows('run_events', rows.slice(0, 30), { token: 'a', fence });
    await cluster.insertRows('run_events', rows.slice(0, 30), { token: 'a', fence });
    expect(await stored()).toBe(30);
    await cluster.insertRows('run_events', rows, { token: 'b', again: true, rows: 50, fence });
    expect(await stored()).toBe(50);
    await positions.finish(fence, { from: 0, to: 30 }, new Map([['p', 3]]));

    const later = await createPartitionPositions(cluster).claim('c/t', 0);
    expect(later.position).toEqual({ next_offset: 30, begun: null, sequences: new Map([['p', 3]]) });
    for (const again of [false, true]) {
      const late = cluster.insertRows('run_events', [{ ...rows[0], event_id: 'late' }], {
        token: 'c',
        again,
        fence,
      });
      await expect(late).rejects.toBeInstanceOf(Fenced);
    }
    expect(await stored()).toBe(50);
  });
});

/** Two jobs on four nodes, their series and results: enough that most questions have an answer. */
const ROWS = [
  `INSERT INTO run_events SELECT if(number % 2 = 0, 'j', 'k'), toString(number), 'step', concat('n', toString(number % 4)),
    1000000 * number, toDateTime64(number, 3, 'UTC'), '{"type":"step"}' FROM numbers(20)`,
  `INSERT INTO run_events SELECT 'j', concat('c', toString(number)), 'collective_window', 'n1', 1000000 * number,
    toDateTime64(number, 3, 'UTC'), '{"type":"collective_window","end_us":99000000,"count":3}' FROM numbers(20)`,
  `INSERT INTO run_events SELECT '', concat('s', toString(number)), if(number % 2 = 0, 'node_state', 'fault'),
    concat('n', toString(number % 4)), 1000000 * number, toDateTime64(number, 3, 'UTC'), '{}' FROM numbers(20)`,
  `INSERT INTO series SELECT arrayJoin(['headway_job_state', 'up']), number + 1, map('job', if(number % 2 = 0, 'j', 'k')),
    'point', number, '', 1 FROM numbers(4)`,
  `INSERT INTO series_points SELECT number % 4 + 1, toDateTime64(number, 3, 'UTC'), number / 3, 1 FROM numbers(100)`,
  `INSERT INTO device_samples (ts, labels_id, node, target, device_uid, device_index, partition, energy_j, power_w,
    tensor_active_ratio, sm_clock_hz, memory_used_bytes, memory_total_bytes, rest)
    SELECT toDateTime64(number, 3, 'UTC'), number % 8, concat('n', toString(number % 4)), 'exporter', toString(number % 8),
    number % 2, '', 300 * number, 300, 0.5, 1.9e9, number, 1000, map('other', number) FROM numbers(100)`,
  `INSERT INTO job_segments SELECT 'j', 1000000 * number, 1000000 * (number + 1), 'productive', 1, NULL, NULL, 8, 8,
    1, 1, 0 FROM numbers(50)`,
  `INSERT INTO job_steps SELECT 'j', 1000000 * number, 1, number, 1000000 * (number + 1), 900000, 1, 'productive', 'train',
    0, 0, 4096, 8, 1, 1, 0 FROM numbers(50)`,
  `INSERT INTO job_incidents (job, id, kind, state, attempt, failed_at_us, planned, lost_steps, revision, version, deleted)
    VALUES ('j', 'i1', 'crash', 'over', 1, 5000000, 0, 2, 1, 1, 0)`,
  `INSERT INTO job_specs (job, spec_version, dtype, devices, flops_per_token_mm_causal, peak_flops, price_per_device_hour, version)
    VALUES ('j', 1, 'bf16', 8, 1e9, 1e15, 2, 1)`,
  `INSERT INTO job_revisions (job, revision, reason, version) VALUES ('j', 1, 'first', 1)`,
  `INSERT INTO job_results (job, revision, state, accounted_until_us, version) VALUES ('j', 1, 'running', 50000000, 1)`,
  `INSERT INTO linearity_baselines (model, job, devices, tokens_per_s_per_device, version) VALUES ('m', 'j', 8, 100, 1)`,
  `INSERT INTO bus_fences (name, epoch, owner) VALUES ('up', 1, 'o')`,
  `INSERT INTO bus_positions (name, producer, next_offset, version) VALUES ('up', '', 7, 1)`,
];

/** What the questions are asked about; anything else is the empty value of its type. */
const GIVEN: QueryParameters = {
  job: 'j',
  jobs: ['j', 'k'],
  node: 'n1',
  nodes: ['n1', 'n2'],
  name: 'up',
  names: ['headway_job_state', 'up'],
  from_us: 0,
  to_us: 90_000_000,
  from_ms: 0,
  to_ms: 90_000,
  size_us: 10_000_000,
  step_ms: 1000,
  gap_ms: 60_000,
  counter_gap_ms: 60_000,
  power_max_w: 1e6,
  place_nodes: ['n1'],
  place_devices: [''],
  place_from_ms: [0],
  place_to_ms: [90_000],
  segment_buckets: ['productive'],
  segment_from_ms: [0],
  segment_to_ms: [90_000],
  devices: ['1', '5'],
  ids: ['1', '2'],
  field: 'power_w',
  asked_label: 'job',
  revision: 9,
  rows: 1000,
  page: 1000,
  points: 1000,
  series_limit: 1000,
  samples_limit: 1000,
  partitions: 1,
};

function parametersOf(sql: string): QueryParameters {
  const parameters: Record<string, QueryParameters[string]> = {};
  for (const [, name = '', type = ''] of sql.matchAll(/\{(\w+):([^}]+)\}/g)) {
    parameters[name] = GIVEN[name] ?? (type.startsWith('Array') ? [] : type === 'String' ? '' : 0);
  }
  return parameters;
}

/** Without ORDER BY any order is right. */
function sorted(rows: readonly unknown[]): unknown[] {
  return rows.map((row) => JSON.stringify(row)).sort();
}
