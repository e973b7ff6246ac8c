import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '../../platform/log.ts';
import { STORE_DEFAULTS } from '../../platform/store/config.ts';
import { openEmbeddedStore } from '../../platform/store/embedded.ts';
import { migrate } from '../../platform/store/migrate.ts';
import type { Store } from '../../platform/store/store.ts';
import { createJobReader, type JobReader } from '../../services/api/job-reader.ts';
import { storeEvents } from '../support/stored-events.ts';
import { makeFolder } from '../support/temporary-folder.ts';
import { attempt, llamaSpec, START_US } from '../support/training-events.ts';

describe('the job reader over the engine', () => {
  let store: Store;
  let reader: JobReader;
  let remove: () => Promise<void>;

  beforeAll(async () => {
    const folder = await makeFolder();
    remove = folder.remove;
    store = await openEmbeddedStore(folder.path, STORE_DEFAULTS, silentLog);
    await migrate(store);
    reader = createJobReader(store);
  });
  afterAll(async () => {
    await store.close();
    await remove();
  });

  it('gives every event back once, and an undated description the time it arrived', async () => {
    const { time_us: _, ...undated } = llamaSpec();
    const events = [undated, ...attempt({ steps: 3 })];
    await storeEvents(store, events, START_US / 1000 + 60_000);
    await storeEvents(store, events.slice(1), START_US / 1000 + 90_000);
    const read = await reader.events('a');
    expect(read).toHaveLength(5);
    expect(read).toContainEqual({ ...undated, time_us: START_US + 60e6 });
    expect(read).toEqual(expect.arrayContaining(events.slice(1)));
    expect(await reader.events('nobody')).toEqual([]);
  });

  it('lists jobs by name, page by page, with the times of their events', async () => {
    await storeEvents(store, attempt({ job: "b'); --", steps: 1 }), START_US / 1000);
    expect(await reader.list('', 1)).toMatchObject([{ job: 'a', events: 5, first_event_us: START_US }]);
    expect(await reader.list('a', 10)).toMatchObject([{ job: "b'); --", events: 2 }]);
  });

  it('finds the faults of nodes, and of the job, in a stretch of time', async () => {
    const fault = { type: 'fault', code: 'xid:79', time_us: START_US } as const;
    const faults = [
      { ...fault, node: 'n1' },
      { ...fault, node: 'n9', job: 'a' },
      { ...fault, node: 'n8' },
      { ...fault, node: 'n1', time_us: START_US - 3600e6 },
    ];
    await storeEvents(store, faults, START_US / 1000);
    const found = await reader.faults('a', ['n1', 'n2'], START_US - 60e6, START_US + 60e6);
    expect(found.map(({ node }) => node).sort()).toEqual(['n1', 'n9']);
  });

  it('finds the states of nodes in a stretch of time, in order', async () => {
    const state = { type: 'node_state', node: 'n1', state: 'healthy', time_us: START_US } as const;
    const states = [
      state,
      { ...state, state: 'unhealthy', time_us: START_US - 30e6 },
      { ...state, node: 'n8' },
      { ...state, time_us: START_US - 3600e6 },
    ] as const;
    await storeEvents(store, states, START_US / 1000);
    const found = await reader.nodeStates(['n1', 'n2'], START_US - 60e6, START_US + 60e6);
    expect(found.map((event) => event.state)).toEqual(['unhealthy', 'healthy']);
    expect(await reader.nodeStates([], 0, START_US)).toEqual([]);
  });

  it('knows when telemetry of nodes was last heard', async () => {
    const row = (node: string, ts_ms: number) => ({ node, ts: new Date(ts_ms).toISOString(), labels_id: 1 });
    const [early, late] = [START_US / 1000, START_US / 1000 + 5000];
    await store.insertRows('device_samples', [row('n1', early), row('n2', late), row('n3', late + 60_000)]);
    expect(await reader.heardUntil(['n1', 'n2'], START_US - 1e6)).toBe(late * 1000);
    expect(await reader.heardUntil(['n1'], START_US + 1e6)).toBeUndefined();
    expect(await reader.heardUntil([], 0)).toBeUndefined();
  });
});
