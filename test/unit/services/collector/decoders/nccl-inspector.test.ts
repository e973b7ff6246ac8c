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

  it('tells a cut line and a line of something else, and has no bandwidth without a factor', () => {
    const { records, rejected } = readInspector(
      `${NESTED.replace('AllReduce', 'AllGatherV')}\n{"a":1}\n${FLAT.slice(0, 60)}`,
    );
    expect(rejected.map(({ line }) => line)).toEqual([2, 3]);
    expect(records.map(busBandwidth)).toEqual([null]);
  });
});
