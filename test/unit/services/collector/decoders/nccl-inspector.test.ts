import { describe, expect, it } from 'vitest';
import { busBandwidth } from '../../../../../domain/collectives.ts';
import { readInspector } from '../../../../../services/collector/decoders/nccl-inspector.ts';

/** NVIDIA/nccl, plugins/profiler/inspector/README.md: bandwidths as printed there. */
const NESTED =
  '{"header":{"id":"0x7f8c496ae9f661","rank":2,"n_ranks":8,"nnodes":1},"metadata":{"dump_timestamp_us":1748030377748202,"hostname":"h"},"coll_perf":{"coll":"AllReduce","coll_sn":1407,"coll_msg_size_bytes":17179869184,"coll_exec_time_us":61974,"coll_busbw_gbs":485.119099}}';
const FLAT =
  '{"id":"0x9","rank":31,"n_ranks":32,"nnodes":4,"dump_timestamp_us":1749490229087081,"hostname":"h","coll_perf":{"coll":"ReduceScatter","coll_sn":129,"coll_msg_size_bytes":65536,"coll_exec_time_us":110}}';

describe('NCCL Inspector', () => {
  it('reads both shapes and makes the printed bus bandwidth anew', () => {
    const { records, rejected } = readInspector(`${NESTED}\n\n${FLAT}\n`);
    expect(rejected).toEqual([]);
    expect(records.map(({ rank, sequence }) => [rank, sequence])).toEqual([
      [2, 1407],
      [31, 129],
    ]);
    const [first, second] = records.map((record) => (busBandwidth(record) ?? 0) / 1e9);
    expect(first).toBeCloseTo(485.119099, 5);
    expect(second).toBeCloseTo(18.469236, 5);
  });

  it('takes the first kernel for the start where starts are printed, and the process that names a member', () => {
    // inspector_json.cc: event_trace_ts with NCCL_INSPECTOR_DUMP_VERBOSE=1; a channel that was not timed has zeros
    const kernels = [0, 1752867229235203, 1752867229235181].map((kernel_start_ts, channel_id) => ({
      ...{ channel_id, kernel_start_ts, kernel_stop_ts: 1752867229275811 },
    }));
    const trace = { coll_start_ts: 1752867229235059, coll_stop_ts: 1752867229235064, kernel_events: kernels };
    const told = (more: object) => {
      const line = JSON.parse(NESTED);
      const metadata = { ...line.metadata, pid: 438776 };
      return readInspector(JSON.stringify({ ...line, metadata, coll_perf: { ...line.coll_perf, ...more } }));
    };
    expect(told({ event_trace_ts: trace }).records).toMatchObject([
      { start_us: 1752867229235181, pid: 438776 },
    ]);
    expect(told({}).records[0]).not.toHaveProperty('start_us');
    const queued = told({ event_trace_ts: { ...trace, kernel_events: [] } });
    expect(queued.records[0]).not.toHaveProperty('start_us');
  });

  it('tells a cut line and a line of something else, and has no bandwidth without a factor', () => {
    const { records, rejected } = readInspector(
      `${NESTED.replace('AllReduce', 'AllGatherV')}\n{"a":1}\n${FLAT.slice(0, 60)}`,
    );
    expect(rejected.map(({ line }) => line)).toEqual([2, 3]);
    expect(records.map(busBandwidth)).toEqual([null]);
  });
});
