import { expect, it } from 'vitest';
import { partitionOf } from '../../platform/bus/kafka/partitioner.ts';
import { ALL_JOBS, arrivedJobs, type BusPart } from '../../services/analyzer/metrics/arrived-jobs.ts';
import { openAnalyzerBench } from '../support/analyzer-bench.ts';
import { storeEvents } from '../support/stored-events.ts';
import { llamaSpec } from '../support/training-events.ts';

const JOBS = [
  'a',
  'team/b',
  'pretrain-7',
  'ünï',
  'x'.repeat(301),
  ...Array.from({ length: 40 }, (_, n) => `job-${n}`),
];
const PARTITIONS = 7;

it('asks the tables for the jobs of one partition: those whose events Kafka has there', async () => {
  const bench = await openAnalyzerBench();
  try {
    await storeEvents(
      bench.store,
      JOBS.map((job) => llamaSpec({ job })),
      bench.now_us / 1000,
    );
    const ask = async (part: BusPart) => {
      const found: string[] = [];
      for await (const { job } of arrivedJobs(bench.store, part)) found.push(job);
      return found;
    };
    expect((await ask(ALL_JOBS)).sort()).toEqual([...JOBS].sort());
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const own = JOBS.filter((job) => partitionOf(job, PARTITIONS) === partition);
      expect((await ask({ partition, partitions: PARTITIONS })).sort()).toEqual(own.sort());
    }
  } finally {
    await bench.close();
  }
});
