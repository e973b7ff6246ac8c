import { expect, it } from 'vitest';
import { drillCluster } from '../drill/cluster-drill.ts';
import { clusterFaults, clusterSummary } from '../drill/cluster-summary.ts';
import { describeWithKafka } from '../support/kafka.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** `npm run drill` lets 200 happen. */
const FAULTS = 10;

describeWithKafka('a cluster of processes', () => {
  it(`loses and doubles nothing that it acknowledged, over ${FAULTS} faults of all kinds`, {
    timeout: 600_000,
  }, async () => {
    const result = await drillCluster({ folder: await temporaryFolder(), faults: FAULTS, seed: 20_251_125 });
    console.info(clusterSummary(result));
    expect(clusterFaults(result)).toEqual([]);
    // The faults were worth something: partitions and shards went over to others, and much went through.
    expect(result.claims).toBeGreaterThan(24);
    expect(result.verdict.acknowledged).toBeGreaterThan(FAULTS * 15);
  });
});
