import { describe, expect, it } from 'vitest';
import type { JobScopedEvent, PlacementEvent } from '../../../../domain/events.ts';
import { jobView } from '../../../../domain/report/job-view.ts';
import { type DeviceBucketRow, telemetrySummary } from '../../../../domain/report/telemetry.ts';
import { type TelemetryRequest, telemetryRequest } from '../../../../domain/report/telemetry-request.ts';
import { attempt, endOf, llamaSpec, START_US } from '../../../support/training-events.ts';

const FIRST = { steps: 10, devices: 2, nodes: ['n1'] };
const fail = { type: 'fail', job: 'a', attempt: 1, time_us: endOf(FIRST), cause: 'xid:79' } as const;
const SECOND = { ...FIRST, attempt: 2, first: 11, start_us: endOf(FIRST) + 60e6, nodes: ['n2'] };
const END_US = endOf(SECOND);
const RUN = [llamaSpec(), ...attempt(FIRST), fail, ...attempt(SECOND)];

function requestOf(events: readonly JobScopedEvent[], range = {}): TelemetryRequest | null {
  return telemetryRequest(jobView(events, { job: 'a', now_us: END_US, ...range }), events);
}

function placement(more: Partial<PlacementEvent>): PlacementEvent {
  return {
    type: 'placement',
    job: 'a',
    attempt: 1,
    rank: 0,
    node: 'n1',
    device: 0,
    from_us: START_US,
    ...more,
  };
}

describe('what is asked of telemetry about a job', () => {
  it('nodes are held from an attempt to the next, down time included', () => {
    const request = requestOf(RUN);
    expect(request).toMatchObject({ placed_by: 'nodes' });
    expect(request?.places).toEqual([
      { node: 'n1', device: '', from_us: START_US, to_us: SECOND.start_us },
      { node: 'n2', device: '', from_us: SECOND.start_us, to_us: END_US },
    ]);
    expect(request?.whole_nodes).toEqual([
      { nodes: ['n1'], devices: 2 },
      { nodes: ['n2'], devices: 2 },
    ]);
  });

  it('the ledger is given whole, in order, neighbours of one bucket as one', () => {
    const stretches = requestOf(RUN)?.stretches ?? [];
    expect(stretches[0]?.from_us).toBe(START_US);
    expect(stretches.at(-1)?.to_us).toBe(END_US);
    for (const [index, { from_us, bucket }] of stretches.entries()) {
      const before = stretches[index - 1];
      if (before === undefined) continue;
      expect(from_us).toBe(before.to_us);
      expect(bucket).not.toBe(before.bucket);
    }
    const held = Object.values(requestOf(RUN)?.held_device_s ?? {}).reduce((sum, value) => sum + value, 0);
    expect(held).toBeCloseTo((2 * (END_US - START_US)) / 1e6, 6);
  });

  it('placements go before nodes, within their own times; two ranks on one device hold it once', () => {
    const moved_us = START_US + 15e6;
    const request = requestOf([
      ...RUN,
      placement({ to_us: moved_us }),
      placement({ rank: 1, to_us: moved_us }),
      placement({ device: 'GPU-x', from_us: moved_us }),
    ]);
    expect(request?.placed_by).toBe('both');
    expect(request?.places).toEqual([
      { node: 'n1', device: '0', from_us: START_US, to_us: moved_us },
      { node: 'n1', device: 'GPU-x', from_us: moved_us, to_us: SECOND.start_us },
      { node: 'n2', device: '', from_us: SECOND.start_us, to_us: END_US },
    ]);
  });

  it('a range cuts places and ledger alike', () => {
    const [from_us, to_us] = [START_US + 12e6, START_US + 14e6];
    const request = requestOf(RUN, { from_us, to_us });
    expect(request?.places).toEqual([{ node: 'n1', device: '', from_us, to_us }]);
    expect(request?.stretches).toMatchObject([{ from_us, to_us }]);
  });

  it('a node with its domain is asked for by both names; an address is no domain', () => {
    const nodesOf = (node: string) =>
      requestOf([llamaSpec(), ...attempt({ ...FIRST, nodes: [node] })])?.places.map(({ node: name }) => name);
    expect(nodesOf('n1.cluster.example')).toEqual(['n1.cluster.example', 'n1']);
    expect(nodesOf('10.0.0.7')).toEqual(['10.0.0.7']);
  });

  it('nothing is asked where no event names a node, no attempt began, or the clock is made up', () => {
    expect(requestOf([llamaSpec(), ...attempt({ ...FIRST, nodes: [] })])).toBeNull();
    expect(requestOf([llamaSpec()])).toBeNull();
    const synthetic = attempt({ ...FIRST, fields: { labels: { time_source: 'synthetic' } } });
    expect(requestOf([llamaSpec(), ...synthetic])).toBeNull();
  });
});

describe('what telemetry comes to', () => {
  const request: TelemetryRequest = {
    places: [],
    placed_by: 'placement',
    stretches: [],
    whole_nodes: [],
    held_device_s: { productive: 200, startup: 50 },
  };
  const row = (more: Partial<DeviceBucketRow>): DeviceBucketRow => ({
    ...{ node: 'n1', device: 'G0', target: 'x', bucket: 'productive', sampled_ms: 100e3, resets: 0 },
    ...{ tensor_ms: 100e3, tensor_area: 40e3, clock_ms: 100e3, clock_area: 100e3 * 1.8e9 },
    ...{ both_ms: 100e3, both_area: 40e3 * 1.8e9, energy_ms: 100e3, counter_j: 60e3, power_j: 0 },
    ...more,
  });

  it('of two targets that tell of a device each quantity is of the one that told longer', () => {
    const other = {
      target: 'y',
      sampled_ms: 20e3,
      tensor_ms: 0,
      both_ms: 0,
      energy_ms: 110e3,
      counter_j: 70e3,
    };
    const summary = telemetrySummary(request, [row({ energy_ms: 0, counter_j: 0 }), row(other)], []);
    expect(summary?.devices).toBe(1);
    expect(summary?.coverage_ratio).toBeCloseTo(100 / 250, 12);
    expect(summary?.activity.tensor_active_ratio).toBeCloseTo(0.4, 12);
    expect(summary?.energy).toMatchObject({ joules: 70e3, source: 'counter', coverage_ratio: 110 / 250 });
  });

  it('activity is of kept time, weighted by how long each device told it', () => {
    const rows = [
      row({}),
      row({ device: 'G1', both_ms: 50e3, both_area: 10e3 * 1.8e9, tensor_ms: 50e3, tensor_area: 10e3 }),
      row({ bucket: 'startup', tensor_area: 0, both_area: 0 }),
    ];
    const { activity } = telemetrySummary(request, rows, []) ?? {};
    expect(activity?.tensor_active_ratio).toBeCloseTo(50 / 150, 12);
    expect(activity?.tensor_active_hz).toBeCloseTo((50 / 150) * 1.8e9, 0);
    expect(activity?.coverage_ratio).toBeCloseTo(150 / 200, 12);
  });

  it('nobody said how many devices were held: coverage is not known', () => {
    const summary = telemetrySummary({ ...request, held_device_s: null }, [row({})], []);
    expect([
      summary?.coverage_ratio,
      summary?.energy?.coverage_ratio,
      summary?.activity.coverage_ratio,
    ]).toEqual([null, null, null]);
  });

  it('whole nodes with more devices than were held are ambiguous, in any of the attempts', () => {
    const rows = [row({}), row({ device: 'G1' }), row({ node: 'n2', device: 'G2' })];
    const holding = (devices: number | undefined) =>
      telemetrySummary({ ...request, whole_nodes: [{ nodes: ['n1'], devices }] }, rows, [])?.is_ambiguous;
    expect([holding(1), holding(2), holding(8), holding(undefined)]).toEqual([true, false, false, false]);
  });

  it('memory is of the device that used most; one that tells none is left out', () => {
    const of = (device: string, used_bytes: number | null) => ({
      ...{ node: 'n1', target: 'x', reserved_bytes: 1, total_bytes: 80, device, used_bytes },
    });
    const summary = telemetrySummary(request, [], [of('G0', 40), of('G1', 60), of('G2', null)]);
    expect(summary?.memory).toEqual({ used_max_bytes: 60, reserved_bytes: 1, total_bytes: 80 });
    expect(summary?.energy).toBeNull();
    expect(telemetrySummary(request, [], [])).toBeNull();
  });
});
