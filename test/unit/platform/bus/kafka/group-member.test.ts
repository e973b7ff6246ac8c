import { describe, expect, it, onTestFinished } from 'vitest';
import type { Delivery } from '../../../../../platform/bus/bus.ts';
import type {
  EachBatch,
  KafkaAdmin,
  KafkaConsumer,
  ReceivedMessage,
} from '../../../../../platform/bus/kafka/client.ts';
import { KAFKA_DEFAULTS } from '../../../../../platform/bus/kafka/config.ts';
import { GroupMember } from '../../../../../platform/bus/kafka/group-member.ts';
import { encodeMessage } from '../../../../../platform/bus/kafka/message.ts';
import { DealtPartitions } from '../../../../../platform/bus/kafka/ownership.ts';
import { noCounts } from '../../../../../platform/bus/kafka/reader-counts.ts';
import { TopicEnds } from '../../../../../platform/bus/kafka/topic-ends.ts';
import { Watchdog } from '../../../../../platform/bus/kafka/watchdog.ts';
import { silentLog } from '../../../../../platform/log.ts';
import { KeptLetters, QUICK_READER, testBatch } from '../../../../support/kafka-reader-bench.ts';
import { eventually } from '../../../../support/loopback.ts';
import { MemoryPositions } from '../../../../support/memory-positions.ts';

const TOPIC = 'topic';
const NAME = 'cluster/topic';

/** As kafkajs throws it when a broker answers with an error: `type` is the error's name in the protocol. */
function brokerError(type: string): Error {
  return Object.assign(new Error(`the broker says ${type}`), { type });
}

interface Bench {
  readonly member: GroupMember;
  readonly positions: MemoryPositions;
  /** What was asked of the client, in order. */
  readonly asked: string[];
  readonly delivered: Delivery[];
  readonly counts: ReturnType<typeof noCounts>;
  /** Offsets `from` to below `to` of partition 0 come from the client. */
  fetched(from: number, to: number): Promise<void>;
  /** What comes of telling the group how far a partition is. */
  commit: () => Promise<void>;
}

function bench(): Bench {
  const positions = new MemoryPositions();
  const asked: string[] = [];
  const delivered: Delivery[] = [];
  const counts = noCounts();
  const stopping = new AbortController();
  onTestFinished(() => stopping.abort());
  const consumer = {
    pause: () => asked.push('pause'),
    resume: () => asked.push('resume'),
    seek: ({ offset }: { offset: string }) => asked.push(`seek ${offset}`),
    commitOffsets: async () => undefined,
  } as unknown as KafkaConsumer;
  const ends = new TopicEnds(async () => new Map([[0, { low: 0, high: 100 }]]));
  const watchdog = new Watchdog({
    ...{ stall_timeout_s: 20, rebalance_timeout_s: 20, log: silentLog },
    probe: async () => new Set([1]),
    onStall: (problem) => expect.unreachable(problem),
  });
  const member = new GroupMember({
    config: { ...KAFKA_DEFAULTS, topic: TOPIC, reader: QUICK_READER },
    connection: { admin: {} as KafkaAdmin, consumer, ends, topic: NAME },
    handler: async (delivery) => void delivered.push(delivery),
    ...{ positions, counts, watchdog, deadLetters: new KeptLetters(), dealt: new DealtPartitions() },
    ...{ log: silentLog, stopping: stopping.signal, fail: (cause) => expect.unreachable(cause.message) },
  });
  const own: Bench = {
    ...{ member, positions, asked, delivered, counts },
    commit: async () => undefined,
    fetched: (from, to) => member.eachBatch(payloadOf(from, to, () => own.commit())),
  };
  return own;
}

function payloadOf(from: number, to: number, commit: () => Promise<void>): EachBatch {
  const messages = Array.from({ length: to - from }, (_, n) => messageAt(from + n));
  return {
    batch: {
      ...{ topic: TOPIC, partition: 0, highWatermark: '100', messages },
      firstOffset: () => String(from),
      lastOffset: () => String(to - 1),
    },
    heartbeat: async () => undefined,
    isRunning: () => true,
    isStale: () => false,
    resolveOffset: () => undefined,
    commitOffsetsIfNecessary: commit,
  } as unknown as EachBatch;
}

function messageAt(offset: number): ReceivedMessage {
  const batch = testBatch(`b${offset}`);
  const { key, value, headers } = encodeMessage(
    [{ batch, partition: 0, producer: 'p', sequence: offset }],
    Date.now(),
  );
  return { key, value, headers, offset: String(offset), timestamp: '5' } as ReceivedMessage;
}

const ids = (deliveries: readonly Delivery[]) =>
  deliveries.flatMap(({ batches }) => batches.map(({ id }) => id));

async function dealt({ member }: Bench): Promise<void> {
  member.joined([0]);
  await eventually(() => member.reads(0) || undefined, { every_ms: 1 });
}

describe('a partition that was dealt', () => {
  it('is not fetched before it is claimed, and then from where the tables are', async () => {
    const own = bench();
    const { fence } = await own.positions.claim(NAME, 0);
    await own.positions.finish(fence, { from: 0, to: 7 }, new Map());
    let asked: string[] = [];
    own.positions.before = async (call) => {
      if (call === 'claim') asked = [...own.asked];
    };
    await dealt(own);
    expect(asked).toEqual(['pause']);
    await eventually(() => own.asked.includes('resume') || undefined, { every_ms: 1 });
    expect(own.asked).toEqual(['pause', 'seek 7', 'resume']);
  });

  it('is told to the client again when what comes of it is not what comes next', async () => {
    const own = bench();
    await dealt(own);
    await own.fetched(0, 3);
    await own.fetched(8, 9);
    expect(own.asked.at(-1)).toBe('seek 3');
    await own.fetched(3, 5);
    expect(ids(own.delivered)).toEqual(['b0', 'b1', 'b2', 'b3', 'b4']);
  });
});

describe('telling the group how far a partition is', () => {
  it.each([
    new Error('connection closed'),
    brokerError('REQUEST_TIMED_OUT'),
    brokerError('OFFSET_METADATA_TOO_LARGE'),
    brokerError('COORDINATOR_LOAD_IN_PROGRESS'),
    brokerError('GROUP_AUTHORIZATION_FAILED'),
  ])('may fail, for the tables know: %s', async (cause) => {
    const own = bench();
    await dealt(own);
    own.commit = () => Promise.reject(cause);
    await own.fetched(0, 2);
    own.commit = async () => undefined;
    await own.fetched(2, 4);
    expect(ids(own.delivered)).toEqual(['b0', 'b1', 'b2', 'b3']);
    expect(own.counts).toMatchObject({ failed_commits: 1, failed_deliveries: 0 });
    expect(own.member.reads(0)).toBe(true);
  });

  it.each(['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'NOT_COORDINATOR_FOR_GROUP'])(
    'has the client join anew when the answer is %s, and nothing more is begun',
    async (type) => {
      const own = bench();
      await dealt(own);
      const cause = brokerError(type);
      own.commit = () => Promise.reject(cause);
      await expect(own.fetched(0, 2)).rejects.toBe(cause);
      expect(own.member.reads(0)).toBe(false);
      await own.fetched(2, 4);
      expect(ids(own.delivered)).toEqual(['b0', 'b1']);
    },
  );
});
