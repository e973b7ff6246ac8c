import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobScopedEvent } from '../../domain/events.ts';
import { slowMember } from '../support/collective-records.ts';
import { openReadApi, type ReadApi } from '../support/read-api.ts';
import { attempt, llamaSpec, START_US } from '../support/training-events.ts';

const ranks = [0, 1, 2].map((rank): JobScopedEvent[] => {
  const compute = rank === 1 ? 1_500_000 : 1_000_000;
  const fields = { rank, phases_us: { compute, comm: 1_900_000 - compute } };
  return attempt({ fields }).slice(rank === 0 ? 0 : 1);
});

describe('/v1/jobs/{job}/stragglers and /collectives', () => {
  let api: ReadApi;
  beforeAll(async () => {
    api = await openReadApi({ now_us: () => START_US + 600e6 });
    // the same window twice is one, as every event
    const windows = slowMember('a', 20);
    const place = { type: 'placement', job: 'a', rank: 1, node: 'n7', device: 3, from_us: START_US } as const;
    await api.store_events([llamaSpec(), place, ...ranks.flat(), ...windows]);
    await api.store_events([...windows, ...attempt({ job: 'bare' })]);
  });
  afterAll(() => api.close());

  it('name the rank that others wait for, and the member that comes late', async () => {
    const found = await api.json('/jobs/a/stragglers');
    expect(found).toMatchObject({ job: 'a', basis: 'own_work', steps: 10, ranks_seen: 3 });
    expect((found['ranks'] as unknown[])[0]).toMatchObject({
      rank: 1,
      node: 'n7',
      device: 3,
      slowdown_ratio: 1.5,
      verdict: 'slow',
      phase: 'compute',
    });
    expect(found['late_members']).toMatchObject([{ late_group_rank: 5, late_rank: 5, late_node: 'n2' }]);
  });

  it('give collectives by communicator, operation and size, a window sent twice taken once', async () => {
    const { rows, windows, missing_records } = await api.json('/jobs/a/collectives');
    expect([windows, missing_records]).toEqual([16, 0]);
    expect(rows).toMatchObject([
      { operation: 'AllReduce', log2_bytes: 20, ranks: 8, ranks_seen: 8, count: 160, late_group_rank: 5 },
    ]);
    expect(rows).toMatchObject([{ late_rank: 5, late_by: 'duration' }]);
    const [row] = rows as { waited_s: number; bus_bandwidth_bytes_per_s: number }[];
    expect(row?.waited_s).toBeCloseTo(0.002, 12);
    const bus = (us: number) => (2 ** 20 * 1.75 * 1e6) / us;
    const geometric = Math.exp((7 * Math.log(bus(3000)) + Math.log(bus(1000))) / 8);
    expect(row?.bus_bandwidth_bytes_per_s).toBeCloseTo(geometric, 0);
  });

  it('cut by a range, say when nothing was told, and know no unknown job', async () => {
    const from = (START_US + 30e6) / 1e6;
    expect(await api.json(`/jobs/a/collectives?from=${from}`)).toMatchObject({ windows: 8 });
    const none = await api.json('/jobs/bare/collectives');
    expect(none).toMatchObject({ rows: [], windows: 0 });
    expect(JSON.stringify(none['quality'])).toContain('no window');
    expect((await api.app.request('/jobs/nobody/collectives')).status).toBe(404);
  });
});
