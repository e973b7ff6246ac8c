import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lockDirectory } from '../../platform/directory-lock.ts';
import { type KafkaBroker, startKafka } from '../support/kafka-broker.ts';
import { eventually } from '../support/loopback.ts';
import { Supervised } from './supervised.ts';

export interface TrialClusterOptions {
  /** Where everything keeps its data; left as it is when the cluster stops. */
  readonly data: string;
  /** Port of the first API; collectors and analyzers follow. 0: each takes a free one. */
  readonly port: number;
  readonly collectors: number;
  readonly analyzers: number;
  readonly apis: number;
  /** `host:port` of brokers that run already; one is started here unless given. */
  readonly brokers?: readonly string[];
  /** Address of a ClickHouse server that runs already; the trial store is started unless given. */
  readonly clickhouse?: string;
  /** Configuration file of all roles. */
  readonly config?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Told of each line that a process writes, and of each start. */
  readonly said: (process: string, line: string) => void;
}

/** A cluster of processes on this machine's loopback. */
export interface TrialCluster {
  readonly brokers: readonly string[];
  readonly clickhouse: string;
  readonly collectors: readonly Supervised[];
  readonly analyzers: readonly Supervised[];
  readonly apis: readonly Supervised[];
  /** Resolves when every process says that it is ready. */
  ready(): Promise<void>;
  /** In order: who takes in, who brings to the tables, who answers, the tables, the broker. All are gone afterwards. */
  stop(): Promise<void>;
}

const HEADWAY = fileURLToPath(new URL('../../bin/headway.js', import.meta.url));
const TRIAL_STORE = fileURLToPath(new URL('../support/clickhouse-server/main.ts', import.meta.url));

/** Of a role, which gives itself 9 s (`cluster.stop_timeout_s`). */
const STOP_LIMIT_MS = 15_000;
const READY_LIMIT_MS = 120_000;

/**
 * Starts all of it; whatever was begun is ended when something does not come up. Throws StoreLocked when another one has
 * the data.
 */
export async function startTrialCluster(options: TrialClusterOptions): Promise<TrialCluster> {
  await mkdir(options.data, { recursive: true });
  // The broker does not look before it writes: a second one would damage what the first one has there.
  const lock = await lockDirectory(options.data);
  const begun: (() => Promise<unknown>)[] = [() => lock.release()];
  const end = async () => {
    for (const stop of begun.splice(0).reverse()) await stop();
  };
  try {
    const brokers = options.brokers ?? (await startBroker(options, begun));
    const clickhouse = options.clickhouse ?? (await startStore(options, begun));
    const start = (role: string, count: number, first: number) =>
      startRoles({ role, count, first, options, brokers, clickhouse }, begun);
    const { port, apis, collectors, analyzers } = options;
    const [api, collector, analyzer] = await Promise.all([
      start('api', apis, port),
      start('collector', collectors, port + apis),
      start('analyzer', analyzers, port + apis + collectors),
    ]);
    return {
      ...{ brokers, clickhouse },
      ...{ collectors: collector, analyzers: analyzer, apis: api },
      ready: () => allReady([...collector, ...analyzer, ...api]),
      async stop() {
        await stopAll(collector);
        await stopAll(analyzer);
        await stopAll(api);
        await end();
      },
    };
  } catch (cause) {
    await end();
    throw cause;
  }
}

type Begun = (() => Promise<unknown>)[];

async function startBroker({ data, said }: TrialClusterOptions, begun: Begun): Promise<readonly string[]> {
  said('kafka', 'starting');
  const broker: KafkaBroker = await startKafka({ folder: join(data, 'kafka') });
  begun.push(async () => {
    await broker.stopNode(0);
    await broker.stop();
  });
  return broker.brokers;
}

async function startStore({ data, said }: TrialClusterOptions, begun: Begun): Promise<string> {
  said('store', 'starting');
  const folder = join(data, 'tables');
  await mkdir(folder, { recursive: true });
  const store = new Supervised({
    name: 'store',
    command: [process.execPath, '--import', 'tsx', TRIAL_STORE, '--data', folder],
    said: (line) => said('store', line),
    ...AGAIN,
  });
  begun.push(() => store.stop(STOP_LIMIT_MS));
  return await store.start();
}

const AGAIN = { again_after_ms: 1000, again_after_max_ms: 30_000 } as const;

interface RoleStart {
  readonly role: string;
  readonly count: number;
  readonly first: number;
  readonly options: TrialClusterOptions;
  readonly brokers: readonly string[];
  readonly clickhouse: string;
}

async function startRoles(start: RoleStart, begun: Begun): Promise<Supervised[]> {
  const { role, count, first, options, brokers, clickhouse } = start;
  const { data, port, config, environment, said } = options;
  const members = Array.from({ length: count }, (_, index) => {
    const name = count === 1 ? role : `${role}-${index + 1}`;
    const args = ['--json', '--port', String(port === 0 ? 0 : first + index)];
    return new Supervised({
      name,
      command: [
        process.execPath,
        HEADWAY,
        role,
        ...args,
        ...(config === undefined ? [] : ['--config', config]),
      ],
      environment: {
        HEADWAY__DATA_DIR: join(data, name),
        HEADWAY__KAFKA__BROKERS: JSON.stringify(brokers),
        HEADWAY__CLICKHOUSE__URL: clickhouse,
        // of the broker that is started here there is one
        ...(options.brokers === undefined ? ONE_BROKER : {}),
        ...(role === 'collector' && index === 0 ? scrapesOf(options) : {}),
        ...environment,
      },
      said: (line) => said(name, line),
      ...AGAIN,
    });
  });
  for (const member of members) begun.push(() => member.stop(STOP_LIMIT_MS));
  await Promise.all(members.map((member) => member.start()));
  return members;
}

const ONE_BROKER = { HEADWAY__KAFKA__REPLICATION_FACTOR: '1', HEADWAY__KAFKA__MIN_INSYNC_REPLICAS: '1' };

/** The first collector scrapes the processes themselves, so that the pipeline's panels and alerts have something. */
function scrapesOf({ port, apis, collectors, analyzers }: TrialClusterOptions): Record<string, string> {
  if (port === 0) return {};
  const count = apis + collectors + analyzers;
  const targets = Array.from({ length: count }, (_, index) => `127.0.0.1:${port + index}`);
  return {
    HEADWAY__COLLECTOR__SCRAPE: JSON.stringify([{ name: 'headway', targets, interval_s: 15 }]),
  };
}

async function stopAll(members: readonly Supervised[]): Promise<void> {
  await Promise.all(members.map((member) => member.stop(STOP_LIMIT_MS)));
}

async function allReady(members: readonly Supervised[]): Promise<void> {
  let missing: string[] = [];
  await eventually(
    async () => {
      const states = await Promise.all(members.map(readinessOf));
      missing = states.filter((state) => state !== null);
      return missing.length === 0 || undefined;
    },
    { limit_ms: READY_LIMIT_MS, describe: () => missing.join('\n') },
  );
}

/** Null when it is ready, else what it says. */
async function readinessOf({ name, url }: Supervised): Promise<string | null> {
  if (url === undefined) return `${name} does not listen`;
  const response = await fetch(`${url}/readyz`);
  const text = await response.text();
  return response.ok ? null : `${name}: ${text}`;
}
