import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Batch, BusRefused } from '../../../../../platform/bus/bus.ts';
import { SPOOL_DEFAULTS } from '../../../../../platform/bus/config.ts';
import { KAFKA_DEFAULTS } from '../../../../../platform/bus/kafka/config.ts';
import { withoutCopies } from '../../../../../platform/bus/kafka/copies.ts';
import type { DecodedMessage } from '../../../../../platform/bus/kafka/message.ts';
import { partitionOf } from '../../../../../platform/bus/kafka/partitioner.ts';
import { type KafkaWriter, openKafkaWriter } from '../../../../../platform/bus/kafka/writer.ts';
import {
  KAFKA_WRITER_DEFAULTS,
  type KafkaWriterConfig,
} from '../../../../../platform/bus/kafka/writer-config.ts';
import { openOutageBus } from '../../../../../platform/bus/outage-writer.ts';
import { type Log, silentLog } from '../../../../../platform/log.ts';
import { createRandom } from '../../../../../simulator/random.ts';
import { batchOf } from '../../../../support/kafka-writer.ts';
import { eventually } from '../../../../support/loopback.ts';
import { type Fate, StandInKafkaClient } from '../../../../support/stand-in-kafka-client.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';

const QUICK: Partial<KafkaWriterConfig> = {
  linger_ms: 1,
  publish_timeout_s: 30,
  request_timeout_s: 0.02,
  retry_first_s: 0.002,
  retry_max_s: 0.01,
  close_timeout_s: 0.05,
  topic_interval_s: 0.02,
};

function opened(
  kafka: StandInKafkaClient,
  own: Partial<KafkaWriterConfig> = {},
  log: Log = silentLog,
): KafkaWriter {
  const writer = openKafkaWriter({
    client: kafka.client,
    config: { ...KAFKA_DEFAULTS, topic: 'topic', writer: { ...KAFKA_WRITER_DEFAULTS, ...QUICK, ...own } },
    log,
  });
  onTestFinished(() => writer.close());
  return writer;
}

/** Batches in the order of each partition, without copies. */
function batchesIn(kafka: StandInKafkaClient): Batch[] {
  return kafka
    .read()
    .flatMap((log) => withoutCopies(log, new Map(), sequenceOf).messages)
    .flatMap((message) => (message.kind === 'batch' ? [message.batch] : []));
}

function sequenceOf(message: DecodedMessage): { producer: string; sequence: number } | null {
  return message.kind === 'batch' ? message : null;
}

function byKey(batches: readonly Batch[]): Record<string, string[]> {
  const ids: Record<string, string[]> = {};
  for (const { key, id } of batches) ids[key] = [...(ids[key] ?? []), id];
  return ids;
}

describe('a batch that is published', () => {
  it('is acknowledged when the answer names its partition with an offset, and not before', async () => {
    const kafka = new StandInKafkaClient(3);
    const fates: Fate[] = ['skipped', 'refused', 'skipped'];
    kafka.fate = () => fates.shift() ?? 'stored';
    const writer = opened(kafka);
    await writer.publish([batchOf('job')]);
    expect(kafka.requests).toHaveLength(4);
    expect(writer.stats()).toMatchObject({
      failed_requests: 3,
      unfounded_successes: 2,
      acknowledged_batches: 1,
    });
    expect(batchesIn(kafka)).toHaveLength(1);
  });

  it('has its key’s partition, and a number that rises by one', async () => {
    const kafka = new StandInKafkaClient(5);
    const writer = opened(kafka);
    await writer.connected();
    const prepared = writer.prepare([batchOf('a'), batchOf('b'), batchOf('a'), batchOf('')]);
    expect(prepared.map(({ partition }) => partition)).toEqual(
      ['a', 'b', 'a', ''].map((key) => partitionOf(key, 5)),
    );
    const [first, , third] = prepared;
    expect((third?.sequence ?? 0) - (first?.sequence ?? 0)).toBe(1);
    expect(new Set(prepared.map(({ producer }) => producer)).size).toBe(1);
  });

  it('waits for a topic that was not seen yet, and keeps its place', async () => {
    const kafka = new StandInKafkaClient(3);
    kafka.state = 'away';
    const writer = opened(kafka, { publish_timeout_s: 5 });
    const early = [1, 2, 3].map((n) => writer.publish([batchOf('job', `${n}`)]));
    kafka.state = 'here';
    await writer.connected();
    await Promise.all([...early, writer.publish([batchOf('job', '4')])]);
    expect(batchesIn(kafka).map(({ body }) => Buffer.from(body).toString())).toEqual(['1', '2', '3', '4']);
  });

  it('goes together with what comes within the linger, and at once when there is much', async () => {
    const kafka = new StandInKafkaClient(1);
    const writer = opened(kafka, { linger_ms: 3_600_000, linger_bytes: 10_000, publish_timeout_s: 60 });
    await writer.connected();
    const small = Array.from({ length: 9 }, () => writer.publish([batchOf('job', 'x'.repeat(10))]));
    await sleep(5);
    expect(kafka.requests).toEqual([]);
    await Promise.all([...small, writer.publish([batchOf('job', 'x'.repeat(10_000))])]);
    expect(kafka.requests).toEqual([10]);
  });

  it('is refused when nothing acknowledges it in time, with all that came later, in order', async () => {
    const kafka = new StandInKafkaClient(2);
    kafka.fate = (partition) => (partition === partitionOf('away', 2) ? 'refused' : 'late');
    kafka.late_ms = 3000;
    const writer = opened(kafka, { publish_timeout_s: 1 });
    await writer.connected();
    const order: number[] = [];
    const publish = (n: number, key: string) =>
      writer.publish([batchOf(key)]).catch((cause: unknown) => {
        order.push(n);
        expect(cause).toBeInstanceOf(BusRefused);
        expect(cause).toMatchObject({ code: 'unreachable', retryable: true, retryAfter_s: 5 });
      });
    const first = publish(0, 'away');
    await sleep(100);
    // Has some of its time left when the first has none: it must not overtake.
    const others = [publish(1, 'away'), publish(2, 'here'), publish(3, 'away')];
    // Whoever is told first may not go past those who are told next, though it could now.
    const held = first.then(() => {
      kafka.fate = () => 'stored';
      return publish(4, 'here');
    });
    await Promise.all([first, ...others, held]);
    expect(order).toEqual([0, 1, 2, 3, 4]);
    expect(writer.stats()).toMatchObject({ refused: 5, outstanding: 0, outstanding_bytes: 0 });
  });

  it('is taken again in the next turn', async () => {
    const kafka = new StandInKafkaClient(1);
    kafka.fate = () => 'refused';
    const writer = opened(kafka, { publish_timeout_s: 1 });
    await writer.connected();
    await expect(writer.publish([batchOf('job')])).rejects.toThrow(BusRefused);
    kafka.fate = () => 'stored';
    await turn();
    await writer.publish([batchOf('job')]);
  });

  it('is refused when too much waits, and what waits is not', async () => {
    const kafka = new StandInKafkaClient(1);
    let isShut = true;
    kafka.fate = () => (isShut ? 'refused' : 'stored');
    const writer = opened(kafka, { buffer_bytes_max: 1000, publish_timeout_s: 10 });
    await writer.connected();
    // One alone is taken whatever its size.
    const waiting = writer.publish([batchOf('job', 'x'.repeat(1001))]);
    await expect(writer.publish([batchOf('job')])).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('kafka.writer.buffer_bytes_max (1000)'),
    });
    isShut = false;
    await waiting;
    await writer.publish([batchOf('job')]);
  });

  it('goes over new connections when the client does not know its partition, which would ask anew after minutes', async () => {
    const kafka = new StandInKafkaClient(1);
    kafka.fate = () => (kafka.producers === 1 ? 'skipped' : 'stored');
    const writer = opened(kafka);
    await writer.connected();
    await writer.publish([batchOf('job')]);
    expect(kafka.producers).toBe(2);
    expect(writer.stats()).toMatchObject({ unfounded_successes: 1, acknowledged_batches: 1 });
  });

  it('goes over new connections after nothing has gone through for long', async () => {
    const kafka = new StandInKafkaClient(1);
    kafka.fate = () => 'refused';
    const writer = opened(kafka, { publish_timeout_s: 1 });
    await expect(writer.publish([batchOf('job')])).rejects.toThrow(BusRefused);
    kafka.fate = () => 'stored';
    await turn();
    await writer.publish([batchOf('job')]);
    expect(kafka.producers).toBe(2);
  });
});

describe('a batch that is too large for one message', () => {
  it('together with others goes apart from them: the limit of the brokers is on all of a request', async () => {
    const kafka = new StandInKafkaClient(1);
    kafka.settings = { 'max.message.bytes': '2000' };
    const sizes: number[] = [];
    kafka.fate = (_, messages) => {
      sizes.push(
        messages.reduce((sum, { key, value }) => sum + (key?.length ?? 0) + (value?.length ?? 0), 0),
      );
      return 'stored';
    };
    const writer = opened(kafka, { linger_ms: 20 });
    await writer.connected();
    const batches = Array.from({ length: 12 }, (_, n) => batchOf('job', 'x'.repeat(700), `b${n}`));
    await Promise.all(batches.map((batch) => writer.publish([batch])));
    expect(batchesIn(kafka)).toEqual(batches);
    expect(Math.max(...sizes)).toBeLessThan(2000);
    expect(writer.stats().failed_requests).toBe(0);
  });

  it('is cut between its lines', async () => {
    const kafka = new StandInKafkaClient(1);
    kafka.settings = { 'max.message.bytes': '1000' };
    const writer = opened(kafka);
    await writer.connected();
    const lines = Array.from({ length: 100 }, (_, n) => `{"n":${n},"t":"${'x'.repeat(n)}"}\n`);
    await writer.publish([{ ...batchOf('job', lines.join(''), 'big'), rows: 100 }]);
    const parts = batchesIn(kafka);
    expect(parts.length).toBeGreaterThan(5);
    expect(parts.map(({ id }) => id)).toEqual(parts.map((_, n) => `big/${n + 1}`));
    expect(Buffer.concat(parts.map(({ body }) => body)).toString()).toBe(lines.join(''));
    expect(
      parts.map(({ rows, body }) => rows - Buffer.from(body).toString().trimEnd().split('\n').length),
    ).toEqual(parts.map(() => 0));
  });

  it.each(['device_samples', 'run_events'] as const)(
    'is refused for good when it is %s of one piece',
    async (kind) => {
      const kafka = new StandInKafkaClient(1);
      const writer = opened(kafka);
      const refused = writer.publish([{ ...batchOf('node', Buffer.alloc(5 * 1024 ** 2, 'x'), 'big'), kind }]);
      await expect(refused).rejects.toMatchObject({
        code: 'batch_too_large',
        retryable: false,
        message: expect.stringContaining('kafka.message_bytes_max (4194304)'),
      });
    },
  );

  it('for brokers that take less than they said is refused alone', async () => {
    const kafka = new StandInKafkaClient(1);
    const tooLarge = Object.assign(new Error('too large'), { type: 'MESSAGE_TOO_LARGE' });
    kafka.fate = (_, messages) => {
      const bytes = messages.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
      if (bytes > 500) throw tooLarge;
      return 'stored';
    };
    const writer = opened(kafka, { linger_ms: 20 });
    await writer.connected();
    const batches = Array.from({ length: 20 }, (_, n) =>
      batchOf('job', 'x'.repeat(n === 13 ? 501 : 100), `b${n}`),
    );
    const refused = writer.publish(batches);
    await expect(refused).rejects.toMatchObject({ code: 'batch_too_large', batches: [batches[13]] });
    expect(batchesIn(kafka)).toEqual(batches.filter((_, n) => n !== 13));
  });
});

describe('the number of partitions', () => {
  it('may grow: keys move, and each partition has its own numbers', async () => {
    const kafka = new StandInKafkaClient(2);
    const writer = opened(kafka);
    await writer.connected();
    const keys = Array.from({ length: 20 }, (_, n) => `job-${n}`);
    await writer.publish(keys.map((key) => batchOf(key)));
    kafka.partitions = 7;
    await eventually(() => writer.stats().partitions === 7 || undefined);
    await writer.publish(keys.map((key) => batchOf(key)));
    const found = batchesIn(kafka);
    expect(found).toHaveLength(40);
    expect(kafka.logs.size).toBeGreaterThan(2);
  });

  it('may shrink with a topic that was made anew: what had its partition there goes where its key belongs', async () => {
    const kafka = new StandInKafkaClient(8);
    const writer = opened(kafka);
    await writer.connected();
    const prepared = writer.prepare(Array.from({ length: 40 }, (_, n) => batchOf(`job-${n % 10}`)));
    kafka.partitions = 2;
    await eventually(() => writer.stats().partitions === 2 || undefined);
    await writer.send(prepared);
    expect(byKey(batchesIn(kafka))).toEqual(byKey(prepared.map(({ batch }) => batch)));
  });
});

describe('at a stop', () => {
  it('what waits has a moment left, and then is refused', async () => {
    const kafka = new StandInKafkaClient(1);
    const writer = opened(kafka, { publish_timeout_s: 60 });
    await writer.connected();
    const quick = writer.publish([batchOf('job')]);
    await writer.close();
    await quick;
    const second = opened(kafka, { publish_timeout_s: 60 });
    await second.connected();
    kafka.fate = () => 'refused';
    const hopeless = second.publish([batchOf('job')]);
    const refused = expect(hopeless).rejects.toMatchObject({ code: 'closed', retryable: true });
    await second.close();
    await refused;
    await expect(second.publish([batchOf('job')])).rejects.toMatchObject({ code: 'closed' });
  });
});

it('says once of each danger of the topic', async () => {
  const kafka = new StandInKafkaClient(1);
  kafka.settings = { 'unclean.leader.election.enable': 'true' };
  const said: string[] = [];
  const log: Log = { ...silentLog, warn: (_, fields) => void said.push(String(fields?.['problem'])) };
  const writer = opened(kafka, {}, log);
  await writer.connected();
  await sleep(100);
  expect(said).toEqual([expect.stringContaining('unclean.leader.election.enable is true')]);
});

describe('under faults of every kind, with the disk behind it', () => {
  const FATES: readonly Fate[] = ['stored', 'stored', 'unanswered', 'refused', 'skipped', 'late'];

  it.each(Array.from({ length: 8 }, (_, n) => n + 1))(
    'nothing is lost, doubled or out of order (seed %i)',
    async (seed) => {
      const random = createRandom(seed);
      const kafka = new StandInKafkaClient(3);
      let isCalm = false;
      kafka.fate = () => (isCalm ? 'stored' : (FATES[random.below(FATES.length)] ?? 'stored'));
      const writer = opened(kafka, {
        buffer_bytes_max: 3000,
        messages_per_send_max: 5,
        pack_bytes_max: seed % 2 === 0 ? 0 : 150,
        publish_timeout_s: 0.03,
      });
      const bus = await openOutageBus({
        kafka: writer,
        folder: await temporaryFolder(),
        config: {
          ...SPOOL_DEFAULTS,
          disk_free_bytes_min: 0,
          retry_first_s: 0.002,
          retry_max_s: 0.01,
          delivery_bytes_max: 500,
        },
        deadLetters: {
          counts: new Map(),
          put: () => Promise.reject(new Error('nothing is to be put aside')),
        },
        log: silentLog,
      });
      onTestFinished(() => bus.close());
      const published: Batch[] = [];
      const underWay: Promise<void>[] = [];
      for (let n = 0; n < 150; n += 1) {
        const batches = Array.from({ length: 1 + random.below(3) }, () =>
          batchOf(`job-${random.below(8)}`, `${n} ${'x'.repeat(random.below(60))}`),
        );
        published.push(...batches);
        underWay.push(bus.writer.publish(batches));
        if (random.below(10) === 0) await sleep(random.below(20));
        if (random.below(60) === 0) kafka.state = kafka.state === 'here' ? 'away' : 'here';
      }
      kafka.state = 'here';
      isCalm = true;
      await Promise.all(underWay);
      await bus.drained();
      expect(byKey(batchesIn(kafka))).toEqual(byKey(published));
    },
  );
});
