import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { silentLog } from '../../platform/log.ts';
import { STORE_SERVER_DEFAULTS } from '../../platform/store/config.ts';
import { openServerStore } from '../../platform/store/server.ts';
import type { Store } from '../../platform/store/store.ts';
import { type KafkaBroker, startKafka } from '../support/kafka-broker.ts';
import { kafkaConfig } from '../support/kafka-read-back.ts';
import { CutProxy } from './cut-proxy.ts';
import { Member, Sayings } from './member.ts';
import { headwayCommand } from './product-process.ts';

const TRIAL_STORE = fileURLToPath(new URL('../support/clickhouse-server/main.ts', import.meta.url));

/** Partitions, so that each analyzer has some and a rebalance moves some. */
const PARTITIONS = 6;

/** What a cluster is made of. */
export interface ClusterShape {
  /** Nodes of Kafka. */
  readonly nodes: 1 | 3;
  readonly collectors: number;
  readonly analyzers: number;
  /** Targets that each collector scrapes, by the number of the collector. */
  readonly targets: readonly (readonly string[])[];
  /** Settings of all processes beside those that let them find each other. */
  readonly settings: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Before the product makes its tables. */
  readonly prepare?: (store: Store) => Promise<void>;
}

/** A whole cluster of processes on this machine: brokers, store, collectors, analyzers and an API. */
export class Cluster {
  readonly broker: KafkaBroker;
  readonly store: Member;
  /** By which each process reaches the store, by its name. */
  readonly ways: ReadonlyMap<string, CutProxy>;
  readonly collectors: readonly Member[];
  readonly analyzers: readonly Member[];
  readonly api: Member;
  readonly sayings = new Sayings();
  readonly #folder: string;
  readonly #shape: ClusterShape;

  private constructor(folder: string, shape: ClusterShape, broker: KafkaBroker) {
    this.#folder = folder;
    this.#shape = shape;
    this.broker = broker;
    const command = [process.execPath, '--import', 'tsx', TRIAL_STORE, '--data', join(folder, 'tables')];
    this.store = new Member('store', this.sayings, join(folder, 'store.log'), () => command);
    this.collectors = this.#roles('collector', shape.collectors);
    this.analyzers = this.#roles('analyzer', shape.analyzers);
    this.api = this.#role('api', 'api');
    const to = () => (this.store.url === null ? null : new URL(this.store.url));
    this.ways = new Map([...this.analyzers, this.api].map(({ name }) => [name, new CutProxy(to)]));
  }

  /** Starts everything in an empty folder; whatever it began is ended when something does not come up. */
  static async start(folder: string, shape: ClusterShape): Promise<Cluster> {
    const broker = await startKafka({
      nodes: shape.nodes,
      properties: BROKER_PROPERTIES,
      // among everything else that starts again at the time
      start_limit_ms: 300_000,
    });
    const cluster = new Cluster(folder, shape, broker);
    try {
      await cluster.#startAll();
      return cluster;
    } catch (cause) {
      await cluster.close();
      throw cause;
    }
  }

  get members(): readonly Member[] {
    return [this.store, ...this.collectors, ...this.analyzers, this.api];
  }

  /** Settings of the bus, as the processes have them. */
  get kafka() {
    return kafkaConfig(this.broker.brokers, { topic: 'drill', partitions: PARTITIONS, group: 'drill' });
  }

  /** The tables, by a way that nothing happens to; to be closed by the caller. */
  openStore(): Promise<Store> {
    const { url } = this.store;
    if (url === null) throw new Error('the store does not listen');
    return openServerStore({ ...STORE_SERVER_DEFAULTS, url }, silentLog);
  }

  async close(): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()));
    await Promise.all([...[...this.ways.values()].map((way) => way.close()), this.broker.stop()]);
  }

  async #startAll(): Promise<void> {
    await mkdir(join(this.#folder, 'tables'), { recursive: true });
    await this.store.start();
    const store = await this.openStore();
    await this.#shape.prepare?.(store);
    await store.close();
    await Promise.all([...this.ways.values()].map((way) => way.open()));
    for (const { name } of this.members) await writeFile(this.#configFile(name), this.#configOf(name));
    const roles = this.members.filter((member) => member !== this.store);
    await Promise.all(roles.map((member) => member.start()));
  }

  #roles(command: string, count: number): Member[] {
    return Array.from({ length: count }, (_, n) => this.#role(command, `${command}-${n + 1}`));
  }

  #role(command: string, name: string): Member {
    const args = ['--config', this.#configFile(name), '--port', '0'];
    return new Member(name, this.sayings, join(this.#folder, `${name}.log`), () =>
      headwayCommand(command, args),
    );
  }

  #configFile(name: string): string {
    return join(this.#folder, `${name}.yaml`);
  }

  /** JSON is YAML. */
  #configOf(name: string): string {
    const { brokers, topic, partitions, replication_factor, min_insync_replicas, group } = this.kafka;
    const kafka = { brokers, topic, partitions, replication_factor, min_insync_replicas, group };
    const { settings, targets } = this.#shape;
    const own = targets[this.collectors.findIndex((member) => member.name === name)] ?? [];
    const scrape = own.length === 0 ? [] : [{ name: 'devices', targets: own, interval_s: 1 }];
    return JSON.stringify({
      ...settings,
      data_dir: join(this.#folder, name),
      kafka: { ...settings['kafka'], ...kafka },
      clickhouse: { ...settings['clickhouse'], url: this.ways.get(name)?.url ?? this.store.url },
      collector: { ...settings['collector'], scrape },
    });
  }
}

const BROKER_PROPERTIES = {
  'group.min.session.timeout.ms': 1000,
  'offsets.topic.num.partitions': 3,
  // what was led before a node went comes back to it: each of its ends is two changes of leaders
  'leader.imbalance.check.interval.seconds': 3,
  'leader.imbalance.per.broker.percentage': 0,
} as const;
