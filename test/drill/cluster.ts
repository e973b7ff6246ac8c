import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { silentLog } from '../../platform/log.ts';
import { STORE_SERVER_DEFAULTS } from '../../platform/store/config.ts';
import { openServerStore } from '../../platform/store/server.ts';
import type { Store } from '../../platform/store/store.ts';
import { type KafkaBroker, startKafka } from '../support/kafka-broker.ts';
import { kafkaConfig } from '../support/kafka-read-back.ts';
import { countCopies } from '../support/oracle.ts';
import { CutProxy } from './cut-proxy.ts';
import { DeviceExporter, keepDeviceCopies } from './device-oracle.ts';
import { Member, Sayings } from './member.ts';
import { headwayCommand } from './product-process.ts';

const TRIAL_STORE = fileURLToPath(new URL('../support/clickhouse-server/main.ts', import.meta.url));

/** Partitions, so that each analyzer has some and a rebalance moves some. */
const PARTITIONS = 6;

/** A whole cluster of processes on this machine: brokers, store, collectors, analyzers and an API. */
export class Cluster {
  readonly folder: string;
  readonly broker: KafkaBroker;
  readonly store: Member;
  /** Between the store and everybody who uses it, the drill itself excepted. */
  readonly storeWay: CutProxy;
  readonly collectors: readonly Member[];
  readonly analyzers: readonly Member[];
  readonly api: Member;
  readonly exporters: readonly DeviceExporter[];
  readonly sayings: Sayings;

  private constructor(
    parts: Pick<Cluster, 'folder' | 'broker' | 'store' | 'storeWay' | 'exporters' | 'sayings'>,
  ) {
    this.folder = parts.folder;
    this.broker = parts.broker;
    this.store = parts.store;
    this.storeWay = parts.storeWay;
    this.exporters = parts.exporters;
    this.sayings = parts.sayings;
    const role = (command: string, name: string) =>
      new Member(name, this.sayings, () =>
        headwayCommand(command, ['--config', this.#configFile(name), '--port', '0']),
      );
    this.collectors = this.exporters.map((_, n) => role('collector', `collector-${n + 1}`));
    this.analyzers = [role('analyzer', 'analyzer-1'), role('analyzer', 'analyzer-2')];
    this.api = role('api', 'api');
  }

  /** Starts everything in an empty folder; whatever it began is ended when something does not come up. */
  static async start(folder: string): Promise<Cluster> {
    const broker = await startKafka({ nodes: 3, properties: BROKER_PROPERTIES });
    const sayings = new Sayings();
    const tables = join(folder, 'tables');
    const command = [process.execPath, '--import', 'tsx', TRIAL_STORE, '--data', tables];
    const store = new Member('store', sayings, () => command);
    const storeWay = await CutProxy.open(() => (store.url === null ? null : new URL(store.url)));
    const exporters = await Promise.all(['n1', 'n2'].map((name) => DeviceExporter.open(name)));
    const cluster = new Cluster({ folder, broker, store, storeWay, exporters, sayings });
    try {
      await cluster.#startAll(tables);
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

  /** The tables, past the way that is cut; to be closed by the caller. */
  openStore(): Promise<Store> {
    const { url } = this.store;
    if (url === null) throw new Error('the store does not listen');
    return openServerStore({ ...STORE_SERVER_DEFAULTS, url }, silentLog);
  }

  async close(): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()));
    await Promise.all([
      this.storeWay.close(),
      this.broker.stop(),
      ...this.exporters.map((one) => one.close()),
    ]);
  }

  async #startAll(tables: string): Promise<void> {
    await mkdir(tables, { recursive: true });
    await this.store.start();
    const store = await this.openStore();
    await countCopies(store);
    await keepDeviceCopies(store);
    await store.close();
    for (const { name } of this.members) await writeFile(this.#configFile(name), this.#configOf(name));
    const roles = this.members.filter((member) => member !== this.store);
    await Promise.all(roles.map((member) => member.start()));
  }

  #configFile(name: string): string {
    return join(this.folder, `${name}.yaml`);
  }

  /** JSON is YAML. */
  #configOf(name: string): string {
    const { brokers, topic, partitions, replication_factor, min_insync_replicas, group } = this.kafka;
    const kafka = { brokers, topic, partitions, replication_factor, min_insync_replicas, group };
    const own = this.collectors.findIndex((member) => member.name === name);
    const targets = own < 0 ? [] : this.exporters.slice(own, own + 1).map(({ target }) => target);
    return JSON.stringify({
      data_dir: join(this.folder, name),
      kafka: { ...kafka, ...QUICK_KAFKA },
      store: { url: this.storeWay.url, ...QUICK_STORE },
      cluster: { start_retry_s: 0.5 },
      analyzer: { interval_s: 1 },
      collector: { scrape: targets.length === 0 ? [] : [{ name: 'devices', targets, interval_s: 1 }] },
    });
  }
}

/** A reader that says nothing for four seconds is dealt out; a node of Kafka that does so loses what it leads. */
const QUICK_KAFKA = {
  writer: { publish_timeout_s: 4, request_timeout_s: 4 },
  reader: {
    session_timeout_s: 4,
    heartbeat_interval_s: 0.5,
    rebalance_timeout_s: 8,
    fetch_wait_timeout_s: 0.1,
    offsets_interval_s: 2,
    retry_max_s: 2,
  },
} as const;

const QUICK_STORE = { insert_time_max_s: 10 } as const;

const BROKER_PROPERTIES = {
  'group.min.session.timeout.ms': 1000,
  'offsets.topic.num.partitions': 3,
  // what was led before a node went comes back to it: each of its ends is two changes of leaders
  'leader.imbalance.check.interval.seconds': 3,
  'leader.imbalance.per.broker.percentage': 0,
} as const;
