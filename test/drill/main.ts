import { missingForKafka } from '../support/kafka-jars.ts';
import { faultOf } from '../support/oracle.ts';
import { makeFolder } from '../support/temporary-folder.ts';
import { drillCluster } from './cluster-drill.ts';
import { clusterFaults, clusterSummary } from './cluster-summary.ts';
import { drillEmbedded } from './embedded-drill.ts';
import { embeddedSummary } from './embedded-summary.ts';

/**
 * `npm run drill [-- embedded|cluster|both [count [seed]]]`: kills the embedded product, and lets things happen to a
 * cluster of processes; both, and 200 times each, unless told otherwise. Says at its end what was acknowledged and what
 * became of it; exit code 1 when anything acknowledged is lost, doubled or damaged. The tests run the same with fewer.
 */
const KINDS = { embedded: runEmbedded, cluster: runCluster };
const COUNT = 200;

interface Run {
  readonly folder: string;
  readonly count: number;
  readonly seed: number;
  readonly progress: (line: string) => void;
}

interface Told {
  readonly summary: string;
  /** Empty when all is well. */
  readonly faults: readonly string[];
}

const [named = 'both', count = COUNT, seed = Date.now() % 1_000_000] = process.argv.slice(2);
const chosen = Object.entries(KINDS).filter(([kind]) => named === 'both' || named === kind);
if (chosen.length === 0) throw new Error(`${named} is none of embedded, cluster, both`);
for (const [kind, run] of chosen) {
  const isWell = await drill(kind, run);
  if (!isWell) process.exitCode = 1;
}

/** Leaves the data where something is wrong with it. */
async function drill(kind: string, run: (options: Run) => Promise<Told>): Promise<boolean> {
  const folder = await makeFolder();
  let faults: readonly string[] = ['the drill did not end'];
  try {
    const progress = (line: string) => void process.stderr.write(`\r${line}`);
    const told = await run({ folder: folder.path, count: Number(count), seed: Number(seed), progress });
    process.stdout.write(`\n${kind}, seed ${seed}: ${told.summary}\n`);
    faults = told.faults;
  } finally {
    if (faults.length === 0) await folder.remove();
    else process.stdout.write(`${faults.join('\n')}\nleft for a look: ${folder.path}\n`);
  }
  return faults.length === 0;
}

async function runEmbedded({ count: kills, ...options }: Run): Promise<Told> {
  const result = await drillEmbedded({ ...options, kills });
  const fault = faultOf(result.verdict);
  return {
    summary: embeddedSummary(result),
    faults: [...(fault === null ? [] : [fault]), ...result.complaints],
  };
}

async function runCluster({ count: faults, ...options }: Run): Promise<Told> {
  const missing = missingForKafka();
  if (missing !== undefined) throw new Error(`${missing}: run test/setup`);
  const result = await drillCluster({ ...options, faults });
  return { summary: clusterSummary(result), faults: clusterFaults(result) };
}
