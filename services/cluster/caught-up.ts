import { waitUntilStored } from '../../platform/bus/kafka/caught-up.ts';
import { createKafkaClient, type KafkaAdmin } from '../../platform/bus/kafka/client.ts';
import { explained, KafkaRefused } from '../../platform/bus/kafka/refusal.ts';
import { askTopicEnds } from '../../platform/bus/kafka/topic-ends.ts';
import type { Log } from '../../platform/log.ts';
import type { HeadwayConfig } from '../all-in-one/config.ts';
import { Problem } from '../api/problem.ts';

/** Asks Kafka how far the analyzers are; connects when it is asked for the first time. */
export interface CaughtUp {
  /**
   * Resolves when what Kafka had acknowledged before the call is in the tables. What a collector keeps on its disk while
   * Kafka is away is not in it. Throws Problem (503) when that takes longer than `cluster.consistent_timeout_s`.
   */
  wait(): Promise<void>;
  close(): Promise<void>;
}

export function createCaughtUp({ kafka, cluster }: HeadwayConfig, log: Log): CaughtUp {
  const closing = new AbortController();
  let connected: Promise<KafkaAdmin> | undefined;
  const admin = (): Promise<KafkaAdmin> => {
    connected ??= connect().catch((error: unknown) => {
      connected = undefined;
      throw error;
    });
    return connected;
  };
  const connect = async (): Promise<KafkaAdmin> => {
    const own = createKafkaClient(kafka, log).admin();
    await own.connect();
    return own;
  };
  const asking = async <T>(ask: (own: KafkaAdmin) => Promise<T>): Promise<T> => {
    try {
      return await ask(await admin());
    } catch (error) {
      throw explained(error, kafka);
    }
  };
  const ends = () => asking((own) => askTopicEnds(own, kafka.topic));
  const stored = async () => {
    const asked = { groupId: kafka.group, topics: [kafka.topic] };
    const [known] = await asking((own) => own.fetchOffsets(asked));
    return new Map((known?.partitions ?? []).map(({ partition, offset }) => [partition, Number(offset)]));
  };
  return {
    async wait() {
      const limit = AbortSignal.timeout(cluster.consistent_timeout_s * 1000);
      const signal = AbortSignal.any([limit, closing.signal]);
      try {
        if (await waitUntilStored(ends, stored, { pauses: kafka.reader, log, signal })) return;
      } catch (error) {
        if (!(error instanceof KafkaRefused)) throw error;
        throw new Problem(503, 'Not caught up', `${error.message} Or ask without consistent=true.`);
      }
      const detail =
        `The tables have not caught up with Kafka within cluster.consistent_timeout_s (${cluster.consistent_timeout_s}). ` +
        'Ask again later, or without consistent=true.';
      throw new Problem(503, 'Not caught up', detail);
    },
    async close() {
      closing.abort();
      await connected?.then((own) => own.disconnect()).catch(() => undefined);
    },
  };
}
