import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ExporterServer, startExporterServer } from '../../simulator/exporter-server.ts';
import { missingForKafka } from '../support/kafka-jars.ts';
import { eventually } from '../support/loopback.ts';
import { makeFolder } from '../support/temporary-folder.ts';
import { nodePages } from './decode.bench.ts';
import { type ClusterDeployment, type Deployment, startCluster, startEmbedded } from './deployments.ts';
import { processorTimeOf } from './processor-time.ts';

/**
 * Cluster mode against the embedded product, both as processes of their own on this machine: processor time for an event
 * and for a sample, how soon what was acknowledged is in the tables, and how fast an analyzer catches up with what came
 * while the store was away. Bounds: 0.75 of the events and samples a core-second, 3 s of events a second.
 */
export async function benchCluster(print: (text: string) => void): Promise<void> {
  const missing = missingForKafka();
  if (missing !== undefined) return print(`Cluster: ${missing}\n`);
  const folder = await makeFolder();
  try {
    await benchEvents(join(folder.path, 'events'), print);
    await benchSamples(join(folder.path, 'samples'), print);
  } finally {
    await folder.remove();
  }
}

const JOBS = 20;
const LINES = 500;
const ROUND_EVENTS = 100_000;
const ROUNDS = 3;

async function benchEvents(folder: string, print: (text: string) => void): Promise<void> {
  const embedded = await startEmbedded(join(folder, 'embedded'));
  try {
    const cluster = await startCluster(join(folder, 'cluster'));
    try {
      const both = [embedded, cluster];
      const steps = stepLines();
      const load = (deployment: Deployment, count: number) => () => sendAll(deployment, steps, count);
      // Until the compilers have done with both.
      for (const one of both) await load(one, ROUND_EVENTS)();
      const taken = await inTurn(both, (one) => load(one, ROUND_EVENTS));
      print(comparison('Events, posted 500 at a time', 'events', ROUND_EVENTS * ROUNDS, taken));
      for (const one of both) print(await freshness(one));
      print(await catchUp(cluster, steps));
    } finally {
      await cluster.close();
    }
  } finally {
    await embedded.close();
  }
}

const NODES = 40;
const WARM_MS = 6000;
const WINDOW_MS = 12_000;

/** Both scrape the same nodes once a second, one after the other. */
async function benchSamples(folder: string, print: (text: string) => void): Promise<void> {
  const pages = nodePages();
  let served = 0;
  const exporters: ExporterServer[] = [];
  for (let node = 0; node < NODES; node++) {
    exporters.push(await startExporterServer(() => pages[served++ % pages.length]?.toString() ?? ''));
  }
  const samples_a_page = (pages[0]?.toString() ?? '').split('\n').filter((line) => /^[^#]/.test(line)).length;
  const targets = exporters.map(({ target }) => target);
  const taken: Taken[] = [];
  try {
    for (const start of [startEmbedded, startCluster]) {
      const deployment = await start(join(folder, start.name), targets);
      try {
        await sleep(WARM_MS);
        const before = served;
        const processor_s = await measured(deployment, () => sleep(WINDOW_MS));
        taken.push({ deployment, processor_s, items: (served - before) * samples_a_page });
      } finally {
        await deployment.close();
      }
    }
    const title = `Samples, ${NODES} nodes of 8 devices scraped once a second`;
    print(comparison(title, 'samples', null, taken));
  } finally {
    await Promise.all(exporters.map((exporter) => exporter.close()));
  }
}

interface Taken {
  readonly deployment: Deployment;
  /** By process; the broker's under `broker`. */
  readonly processor_s: ReadonlyMap<string, number>;
  readonly items?: number;
}

function measured(
  deployment: Deployment,
  work: () => Promise<unknown>,
): Promise<ReadonlyMap<string, number>> {
  const { processes, broker } = deployment;
  const all = broker === 0 ? processes : new Map([...processes, ['broker', broker]]);
  return processorTimeOf(all, async () => void (await work()));
}

/** Rounds alternate, so that whatever else the machine does meets both alike. */
async function inTurn(
  deployments: readonly Deployment[],
  work: (deployment: Deployment) => () => Promise<void>,
): Promise<Taken[]> {
  const sums = deployments.map((deployment) => ({ deployment, processor_s: new Map<string, number>() }));
  for (let round = 0; round < ROUNDS; round++) {
    for (const { deployment, processor_s } of sums) {
      for (const [name, seconds] of await measured(deployment, work(deployment))) {
        processor_s.set(name, (processor_s.get(name) ?? 0) + seconds);
      }
    }
  }
  return sums;
}

/**
 * `items` null: each has its own count. The engine is in the embedded product and in the trial store, whose way of taking
 * requests is not a server's: so ratios are given with the store and without, the broker always apart.
 */
function comparison(title: string, unit: string, items: number | null, taken: readonly Taken[]): string {
  const rows = taken.map(({ deployment, processor_s, items: own = 0 }) => {
    const count = items ?? own;
    const us = [...processor_s].map(([name, s]) => [name, (s * 1e6) / count] as const);
    const without = (...names: readonly string[]) =>
      us.reduce((sum, [name, one]) => sum + (names.includes(name) ? 0 : one), 0);
    return { name: deployment.name, us, product: without('store', 'broker'), withStore: without('broker') };
  });
  const first_us = rows[0]?.withStore ?? 1;
  return [
    `${title}: ${unit} a core-second`,
    ...rows.map(({ name, us, product, withStore }) => {
      const ratios = `${(first_us / withStore).toFixed(2)} x, ${(first_us / product).toFixed(2)} x without the store`;
      const parts = us.map(([part, one]) => `${part} ${one.toFixed(1)}`).join(', ');
      return `  ${name.padEnd(9)} ${rate(1e6 / withStore)}  ${ratios}; us for one: ${parts}`;
    }),
    '',
  ].join('\n');
}

/** Lines of steps, of all jobs in turn; no two are the same. */
function stepLines(): (count: number) => string[] {
  let step = 0;
  return (count) =>
    Array.from({ length: count }, () => {
      const start_us = 1_800_000_000_000_000 + step * 1000;
      const job = `bench-${step % JOBS}`;
      step += 1;
      return JSON.stringify({
        type: 'step',
        job,
        attempt: 1,
        step,
        start_us,
        end_us: start_us + 900,
        tokens: 65_536,
      });
    });
}

async function sendAll(
  deployment: Deployment,
  steps: (count: number) => string[],
  count: number,
): Promise<void> {
  let left = count;
  const sender = async () => {
    while (left > 0) {
      const own = Math.min(LINES, left);
      left -= own;
      await deployment.send(steps(own));
    }
  };
  await Promise.all([sender(), sender(), sender(), sender()]);
  await deployment.inTables();
}

const PROBES = 100;

/** From the acknowledgement of an event to the answer that has it; nothing else is under way. */
async function freshness(deployment: Deployment): Promise<string> {
  const waits_ms: number[] = [];
  for (let probe = 0; probe < PROBES; probe++) {
    const job = `fresh-${probe}`;
    await deployment.send([JSON.stringify({ type: 'job', job })]);
    const began = performance.now();
    await eventually(async () => (await deployment.ask(`/v1/jobs/${job}/ledger`)) === 200 || undefined, {
      every_ms: 2,
    });
    waits_ms.push(performance.now() - began);
  }
  waits_ms.sort((a, b) => a - b);
  const at = (q: number) => `${waits_ms[Math.floor(q * (waits_ms.length - 1))]?.toFixed(0)} ms`;
  return `Acknowledged to answered, ${deployment.name}: p50 ${at(0.5)}, p99 ${at(0.99)}`;
}

const AWAY_S = 30;
const EVENTS_A_SECOND = 1000;

/** The store goes away while events come; then it comes back and nothing else comes. */
async function catchUp(deployment: ClusterDeployment, steps: (count: number) => string[]): Promise<string> {
  const { store } = deployment.cluster;
  await store.kill();
  const began = performance.now();
  let sent = 0;
  for (;;) {
    const due = Math.floor(((performance.now() - began) / 1000) * EVENTS_A_SECOND);
    if (due > sent) {
      await deployment.send(steps(due - sent));
      sent = due;
    }
    if (sent >= AWAY_S * EVENTS_A_SECOND) break;
    await sleep(50);
  }
  const away_s = (performance.now() - began) / 1000;
  await store.start();
  const back = performance.now();
  await deployment.inTables();
  const caught_s = (performance.now() - back) / 1000;
  return (
    `Catching up: ${sent} events in ${away_s.toFixed(0)} s without the store are in the tables ` +
    `${caught_s.toFixed(1)} s after it came back, ${(away_s / caught_s).toFixed(1)} x real time\n`
  );
}

function rate(per_s: number): string {
  return per_s.toLocaleString('en-US', { maximumFractionDigits: 0 }).padStart(9);
}
