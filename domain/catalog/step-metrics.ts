import type { DerivedMetric, MetricLabel } from './derived-metrics.ts';

const JOB: MetricLabel = { name: 'job', help: 'the training job' };

/** Parts of a step (`domain/report/step-time.ts`): all but the hidden ones add up to the step. */
export const STEP_PHASES = [
  'compute',
  'comm',
  'io',
  'bubble',
  'checkpoint',
  'other',
  'comm_hidden',
  'io_hidden',
] as const;

/** What a step is made of and which rank holds it up; part of `DERIVED_METRICS`. */
export const STEP_METRICS = [
  {
    name: 'headway_job_step_phase_seconds',
    labels: [
      JOB,
      { name: 'phase', values: STEP_PHASES, help: 'part of the step; hidden parts ran beside computing' },
    ],
    unit: 's',
    help: 'Mean seconds of a part of the newest steps, of the rank that others wait for. Absent while nobody tells it.',
  },
  {
    name: 'headway_rank_slowdown_ratio',
    labels: [
      JOB,
      { name: 'rank', help: 'rank of the job' },
      { name: 'node', help: 'its machine, empty when no placement tells it' },
      { name: 'device', help: 'its accelerator, empty when no placement tells it' },
    ],
    unit: 'ratio',
    help: "A rank's own work (computing, input) in the newest steps over that of the usual rank; above 1 is slower.",
  },
  {
    name: 'headway_collective_bus_bandwidth_bytes_per_second',
    labels: [
      JOB,
      { name: 'communicator', help: 'as the library names it, the same on every rank' },
      { name: 'operation', help: 'AllReduce, AllGather, ...' },
      { name: 'log2_bytes', help: 'size class: messages from this power of two up to the next' },
      { name: 'algorithm', help: 'Ring, Tree, ...; empty when the source does not tell' },
      { name: 'protocol', help: 'LL, LL128, Simple; empty when the source does not tell' },
      {
        name: 'inter_node',
        values: ['true', 'false', ''],
        help: 'whether it reaches over several nodes; empty when the source does not tell',
      },
    ],
    unit: 'bytes_per_s',
    help: 'Geometric mean of the bus bandwidth (nccl-tests) of the last minute, waiting for late members included.',
  },
] as const satisfies readonly DerivedMetric[];
