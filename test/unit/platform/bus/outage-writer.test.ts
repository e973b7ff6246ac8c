import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Batch } from '../../../../platform/bus/bus.ts';
import { SPOOL_DEFAULTS, type SpoolConfig } from '../../../../platform/bus/config.ts';
import type { DeadLetter, DeadLetterReason, DeadLetters } from '../../../../platform/bus/dead-letters.ts';
import { type OutageBus, openOutageBus } from '../../../../platform/bus/outage-writer.ts';
import { openSpool } from '../../../../platform/bus/spool.ts';
import { silentLog } from '../../../../platform/log.ts';
import { createRandom } from '../../../../simulator/random.ts';
import { StandInTopic, StandInWriter } from '../../../support/stand-in-kafka.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const CONFIG: SpoolConfig = {
  ...SPOOL_DEFAULTS,
  disk_free_bytes_min: 0,
  retry_first_s: 0.005,
  retry_max_s: 0.02,
  delivery_bytes_max: 2000,
};

function batch(id: string, key = 'job'): Batch {
  return { id, kind: 'run_events', schemaVersion: 1, key, rows: 1, body: Buffer.from(`body of ${id}`) };
}

const NO_LETTERS: DeadLetters = {
  counts: new Map(),
  put: (_, { text }) => Promise.reject(new Error(`put aside: ${text}`)),
};

interface Opened {
  readonly bus: OutageBus;
  readonly kafka: StandInWriter;
}

async function open(
  topic: StandInTopic,
  folder: string,
  { producer = 'p1', config = CONFIG, deadLetters = NO_LETTERS } = {},
): Promise<Opened> {
  const kafka = new StandInWriter(topic, producer);
  const bus = await openOutageBus({ kafka, folder, config, deadLetters, log: silentLog });
  onTestFinished(() => bus.close());
  return { bus, kafka };
}

const idsOf = (topic: StandInTopic) => topic.delivered().map((one) => one.batch.id);

describe('a writer that outlives an outage of the brokers', () => {
  it('writes nothing to the disk while the brokers are there', async () => {
    const topic = new StandInTopic();
    const { bus } = await open(topic, await temporaryFolder());
    for (const id of ['a', 'b', 'c']) await bus.writer.publish([batch(id)]);
    expect(idsOf(topic)).toEqual(['a', 'b', 'c']);
    expect(bus.stats()).toMatchObject({ isOut: false, out_s: null, outages: 0, spooled_batches: 0 });
  });

  it('waits for the brokers once, then goes to the disk at once, and hands on in order', async () => {
    const topic = new StandInTopic();
    const { bus, kafka } = await open(topic, await temporaryFolder());
    await bus.writer.publish([batch('before')]);
    topic.state = 'away';
    await bus.writer.publish([batch('first')]);
    const sends = kafka.sends;
    const ids = Array.from({ length: 40 }, (_, n) => `out${n}`);
    await Promise.all(ids.map((id) => bus.writer.publish([batch(id)])));
    expect(bus.stats()).toMatchObject({ isOut: true, outages: 1, spooled_batches: 41, drained_batches: 0 });
    expect(bus.stats().out_s).toBeGreaterThan(0);
    // Only what asks whether they are back went that way, with what is first.
    expect(kafka.sends - sends).toBeLessThan(20);
    topic.state = 'here';
    await bus.drained();
    await bus.writer.publish([batch('after')]);
    expect(idsOf(topic)).toEqual(['before', 'first', ...ids, 'after']);
    expect(bus.stats()).toMatchObject({ isOut: false, out_s: null, outages: 1, drained_batches: 41 });
    expect(bus.stats().spool.waiting_bytes).toBe(0);
  });

  it('delivers one copy of what was taken in part or without an answer', async () => {
    const topic = new StandInTopic();
    const { bus } = await open(topic, await temporaryFolder());
    topic.loseAnswers = 1;
    await bus.writer.publish([batch('a', 'k1'), batch('b', 'k1'), batch('c', 'k2')]);
    await bus.drained();
    topic.loseParts = 1;
    await bus.writer.publish([batch('d', 'k1'), batch('e', 'k3'), batch('f', 'k2')]);
    await bus.drained();
    expect(topic.logs.flat().length).toBeGreaterThan(6);
    expect(idsOf(topic).sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });

  it('hands on what an earlier process left, under its names and before anything new', async () => {
    const topic = new StandInTopic();
    const folder = await temporaryFolder();
    topic.state = 'away';
    const first = await open(topic, folder);
    await first.bus.writer.publish([batch('old1')]);
    await first.bus.writer.publish([batch('old2')]);
    await first.bus.close();
    const second = await open(topic, folder, { producer: 'p2' });
    await second.bus.writer.publish([batch('new')]);
    topic.state = 'here';
    await second.bus.drained();
    expect(topic.delivered().map(({ batch: { id }, producer }) => [id, producer])).toEqual([
      ['old1', 'p1'],
      ['old2', 'p1'],
      ['new', 'p2'],
    ]);
  });

  it('gives batches of a spool of embedded mode names that stay', async () => {
    const topic = new StandInTopic();
    const folder = await temporaryFolder();
    const spool = await openSpool(folder, CONFIG, silentLog);
    await spool.writer.publish([batch('embedded1'), batch('embedded2')]);
    await spool.close();
    topic.loseAnswers = 1;
    const { bus } = await open(topic, folder);
    await bus.drained();
    expect(topic.logs.flat()).toHaveLength(4);
    expect(idsOf(topic)).toEqual(['embedded1', 'embedded2']);
  });

  it('refuses when the disk is full too, goes on, and comes back with the brokers', async () => {
    const topic = new StandInTopic();
    const config = { ...CONFIG, spool_bytes_max: 3000, segment_bytes_max: 1000 };
    const { bus } = await open(topic, await temporaryFolder(), { config });
    topic.state = 'away';
    const taken: string[] = [];
    for (let n = 0; n < 40; n++) {
      try {
        await bus.writer.publish([batch(`b${n}`)]);
        taken.push(`b${n}`);
      } catch (cause) {
        expect(cause).toMatchObject({ code: 'spool_full', retryable: true, retryAfter_s: 5 });
      }
    }
    expect(taken.length).toBeGreaterThan(2);
    expect(taken.length).toBeLessThan(40);
    topic.state = 'here';
    await bus.drained();
    await bus.writer.publish([batch('after')]);
    expect(idsOf(topic)).toEqual([...taken, 'after']);
  });

  it('asks for the brokers again although the disk took nothing in', async () => {
    const topic = new StandInTopic();
    const config = { ...CONFIG, spool_bytes_max: 10 };
    const { bus } = await open(topic, await temporaryFolder(), { config });
    topic.state = 'away';
    await expect(bus.writer.publish([batch('a')])).rejects.toMatchObject({ code: 'spool_full' });
    topic.state = 'here';
    await bus.drained();
    await bus.writer.publish([batch('b')]);
    expect(idsOf(topic)).toEqual(['b']);
  });

  it('puts aside what the brokers refuse for good when it comes from the disk, and hands on what is beside it', async () => {
    const topic = new StandInTopic();
    const letters: [DeadLetter['id'], string][] = [];
    const deadLetters: DeadLetters = {
      counts: new Map(),
      put: async ({ id }, { text }) => void letters.push([id, text]),
    };
    const { bus } = await open(topic, await temporaryFolder(), { deadLetters });
    topic.state = 'away';
    for (const id of ['a', 'bad', 'c']) await bus.writer.publish([batch(id)]);
    topic.refuseForGood = new Set(['bad']);
    topic.state = 'here';
    await bus.drained();
    expect(idsOf(topic)).toEqual(['a', 'c']);
    expect(letters).toEqual([['bad', 'too large']]);
  });

  it('puts aside what waited longer than readers remember what they have, and hands on what is beside it', async () => {
    const topic = new StandInTopic();
    const folder = await temporaryFolder();
    const letters: [DeadLetter['id'], DeadLetterReason][] = [];
    const deadLetters: DeadLetters = {
      counts: new Map(),
      put: async ({ id }, reason) => void letters.push([id, reason]),
    };
    const life = async (producer: string, day: number, ids: readonly string[]) => {
      const bus = await openOutageBus({
        kafka: new StandInWriter(topic, producer),
        folder,
        config: { ...CONFIG, age_max_days: 30 },
        deadLetters,
        log: silentLog,
        now_ms: () => day * 86_400_000,
      });
      for (const id of ids) await bus.writer.publish([batch(id)]);
      return bus;
    };
    topic.state = 'away';
    await (await life('p1', 1, ['old', 'older'])).close();
    await (await life('p2', 2, ['young'])).close();
    const last = await life('p3', 31.5, ['new']);
    onTestFinished(() => last.close());
    topic.state = 'here';
    await last.drained();
    expect(idsOf(topic)).toEqual(['young', 'new']);
    expect(last.stats()).toMatchObject({ drained_batches: 4, spool: { waiting_bytes: 0 } });
    expect(new Set(letters.map(([id]) => id))).toEqual(new Set(['old', 'older']));
    for (const [, { code, text }] of letters) {
      expect(code).toBe('too_old');
      expect(text).toBe(
        'waited for Kafka since 1970-01-02T00:00:00.000Z, longer than spool.age_max_days (30): it may be stored already',
      );
    }
  });

  it('tells the sender of a batch that is refused for good', async () => {
    const topic = new StandInTopic();
    topic.refuseForGood = new Set(['bad']);
    const { bus } = await open(topic, await temporaryFolder());
    await expect(bus.writer.publish([batch('bad')])).rejects.toMatchObject({ retryable: false });
    expect(bus.stats().isOut).toBe(false);
  });

  it('refuses after it was closed, and closes while the brokers are away', async () => {
    const topic = new StandInTopic();
    const { bus } = await open(topic, await temporaryFolder());
    topic.state = 'away';
    await bus.writer.publish([batch('a')]);
    await bus.close();
    await bus.drained();
    await expect(bus.writer.publish([batch('b')])).rejects.toMatchObject({ code: 'closed', retryable: true });
  });

  it.each([1, 2, 3, 4])(
    'delivers what it acknowledged once and in order, whatever happens (%i)',
    async (seed) => {
      const random = createRandom(seed);
      const topic = new StandInTopic();
      const folder = await temporaryFolder();
      const keys = ['j0', 'j1', 'j2', 'j3', 'j4', 'j5'];
      const acknowledged = new Map<string, string[]>(keys.map((key) => [key, []]));
      for (let life = 0; life < 4; life++) {
        const { bus } = await open(topic, folder, { producer: `life${life}` });
        let isOver = false;
        const senders = keys.map(async (key) => {
          for (let n = 0; !isOver; n++) {
            // Now and then with a batch of another partition, half of which may fail alone.
            const other = random.uniform() < 0.2 ? [batch(`${life}.${n}+${key}`, `other ${key}`)] : [];
            const own = batch(`${life}.${n}`, key);
            await bus.writer.publish([own, ...other]).then(
              () => acknowledged.get(key)?.push(own.id),
              () => {},
            );
          }
        });
        for (let turn = 0; turn < 12; turn++) {
          topic.state = random.uniform() < 0.4 ? 'away' : 'here';
          topic.loseAnswers = random.uniform() < 0.3 ? 1 : 0;
          topic.loseParts = random.uniform() < 0.3 ? 1 : 0;
          await sleep(random.uniform() * 40);
        }
        isOver = true;
        // A process may end in an outage; the last one does not.
        if (life === 3) topic.state = 'here';
        await Promise.all(senders);
        if (life === 3) await bus.drained();
        await bus.close();
      }
      const delivered = topic.delivered();
      for (const key of keys) {
        const ids = delivered.filter((one) => one.batch.key === key).map((one) => one.batch.id);
        expect(ids).toEqual(acknowledged.get(key));
      }
      expect(topic.logs.flat().length).toBeGreaterThan(delivered.length);
    },
  );
});
