import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from '../drill/cluster.ts';
import { ProductProcess } from '../drill/product-process.ts';
import { httpSend } from '../support/load.ts';
import { eventually } from '../support/loopback.ts';

/** The product as processes of its own, with the doors that a bench uses. */
export interface Deployment {
  readonly name: string;
  /** Of the product and of the store: name to process id. */
  readonly processes: ReadonlyMap<string, number>;
  /** Of Kafka, named apart; 0 where there is none. */
  readonly broker: number;
  send(lines: readonly string[]): Promise<void>;
  /** The status of an answer. */
  ask(path: string): Promise<number>;
  /** Resolves when everything acknowledged before is in the tables. */
  inTables(): Promise<void>;
  close(): Promise<void>;
}

export interface ClusterDeployment extends Deployment {
  readonly cluster: Cluster;
}

/** Accounts are not made meanwhile: they cost the same in both, and would hide what differs. */
const SETTINGS = { analyzer: { interval_s: 3600 } };

export async function startEmbedded(folder: string, targets: readonly string[] = []): Promise<Deployment> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'headway.yaml');
  await writeFile(file, JSON.stringify({ ...SETTINGS, collector: { scrape: scrapeOf(targets) } }));
  const product = new ProductProcess(['--data', join(folder, 'data'), '--config', file, '--port', '0']);
  const url = await product.url;
  if (url === null) throw new Error(`the product did not start: ${product.complaints.join('\n')}`);
  return {
    name: 'embedded',
    processes: new Map([['all in one', product.pid]]),
    broker: 0,
    ...doors(url, url),
    close: async () => void (await product.stop()),
  };
}

/** One of each; the store is the trial store over the same engine. */
export async function startCluster(
  folder: string,
  targets: readonly string[] = [],
): Promise<ClusterDeployment> {
  await mkdir(folder, { recursive: true });
  const cluster = await Cluster.start(folder, {
    nodes: 1,
    collectors: 1,
    analyzers: 1,
    targets: [targets],
    settings: SETTINGS,
  });
  const members = cluster.members.filter(({ name }) => name !== 'api');
  const urlOf = (name: string) => cluster.members.find((member) => member.name.startsWith(name))?.url ?? '';
  return {
    name: 'cluster',
    cluster,
    processes: new Map(members.map(({ name, pid }) => [name, pid ?? 0])),
    broker: cluster.broker.pid(0) ?? 0,
    ...doors(urlOf('collector'), urlOf('api')),
    close: () => cluster.close(),
  };
}

function scrapeOf(targets: readonly string[]) {
  return targets.length === 0 ? [] : [{ name: 'devices', targets, interval_s: 1 }];
}

function doors(collector: string, api: string): Pick<Deployment, 'send' | 'ask' | 'inTables'> {
  const send = httpSend(() => collector);
  const ask = async (path: string) => {
    const response = await fetch(`${api}${path}`);
    await response.arrayBuffer();
    return response.status;
  };
  return {
    ask,
    async send(lines) {
      // told to come back later is no outcome of a bench
      while (!(await send(lines))) await sleep(100);
    },
    async inTables() {
      await eventually(async () => (await ask('/v1/jobs?limit=1&consistent=true')) === 200 || undefined, {
        limit_ms: 300_000,
      });
    },
  };
}
