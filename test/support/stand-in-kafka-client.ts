import { setTimeout as sleep } from 'node:timers/promises';
import type { KafkaClient, SentMessage } from '../../platform/bus/kafka/client.ts';
import { type DecodedMessage, decodeMessage } from '../../platform/bus/kafka/message.ts';

/** What becomes of a request, and what the client says of it. */
export type Fate =
  | 'stored'
  /** It is there, and the answer was lost. */
  | 'unanswered'
  | 'refused'
  /** The client reports success and names no partition: the defect of kafkajs. */
  | 'skipped'
  /** No answer for longer than anybody waits; then it is there. */
  | 'late';

function decodedOf({ key, value, headers }: SentMessage): readonly DecodedMessage[] {
  return decodeMessage({
    key: Buffer.from(key ?? ''),
    value: value === null ? null : Buffer.from(value),
    ...(headers === undefined ? {} : { headers }),
  });
}

/** The part of kafkajs that the writer uses, over logs in memory. Requests of one partition are taken in turn. */
export class StandInKafkaClient {
  partitions: number;
  /** Settings of the topic, by Kafka's names. */
  settings: Record<string, string> = {};
  state: 'here' | 'away' = 'here';
  fate: (partition: number, messages: readonly SentMessage[]) => Fate = () => 'stored';
  late_ms = 60;
  readonly logs = new Map<number, SentMessage[]>();
  /** Batches of each request. */
  readonly requests: number[] = [];
  producers = 0;

  constructor(partitions: number) {
    this.partitions = partitions;
  }

  get client(): KafkaClient {
    const parts = { producer: () => this.#producer(), admin: () => this.#admin() };
    return parts as unknown as KafkaClient;
  }

  /** Of every partition the messages in order, copies included. */
  read(): DecodedMessage[][] {
    return [...this.logs.values()].map((log) => log.flatMap(decodedOf));
  }

  #producer(): unknown {
    this.producers += 1;
    return {
      connect: async () => this.#reach(),
      disconnect: async () => undefined,
      send: async ({ topic, messages }: { topic: string; messages: readonly SentMessage[] }) => {
        this.#reach();
        const partition = messages[0]?.partition ?? -1;
        if (messages.some((message) => message.partition !== partition))
          throw new Error('several partitions');
        this.requests.push(messages.flatMap(decodedOf).length);
        await sleep(0);
        const fate = this.fate(partition, messages);
        if (fate === 'refused') throw new Error('not the leader');
        if (fate === 'skipped') return [];
        if (fate === 'late') await sleep(this.late_ms);
        const log = this.logs.get(partition) ?? [];
        this.logs.set(partition, log);
        const baseOffset = String(log.length);
        log.push(...messages);
        if (fate === 'unanswered') throw new Error('connection closed');
        return [{ topicName: topic, partition, errorCode: 0, baseOffset }];
      },
    };
  }

  #admin(): unknown {
    const partitions = () =>
      Array.from({ length: this.partitions }, (_, partitionId) => ({
        partitionId,
        replicas: [1],
        leader: 1,
      }));
    return {
      connect: async () => this.#reach(),
      disconnect: async () => undefined,
      listTopics: async () => ['topic'],
      fetchTopicMetadata: async () => ({ topics: [{ name: 'topic', partitions: partitions() }] }),
      describeCluster: async () => ({ brokers: [{ nodeId: 1 }] }),
      describeConfigs: async () => ({
        resources: [
          {
            configEntries: Object.entries(this.settings).map(([configName, configValue]) => ({
              configName,
              configValue,
            })),
          },
        ],
      }),
    };
  }

  #reach(): void {
    if (this.state === 'away') throw new Error('connection refused');
  }
}
