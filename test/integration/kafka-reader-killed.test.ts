import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Fenced } from '../../platform/fence.ts';
import { describeWithKafka } from '../support/kafka.ts';
import { type KafkaBroker, startKafka } from '../support/kafka-broker.ts';
import { type ReaderBench, readerBench, testBatch } from '../support/kafka-reader-bench.ts';
import { eventually } from '../support/loopback.ts';
import { type AtCall, ReaderChild } from '../support/reader-child.ts';

/** So that the group soon notices that a member is gone. */
const SHORT = { session_timeout_s: 1, heartbeat_interval_s: 0.2 };
const batchesOf = (ids: readonly string[]) => ids.map((id) => testBatch(id));
const TEXTS = Array.from({ length: 12 }, (_, n) => `m${n}`);

describeWithKafka('a Kafka reader that is killed', () => {
  let broker: KafkaBroker;
  beforeAll(async () => {
    broker = await startKafka({ properties: { 'group.min.session.timeout.ms': 500 } });
  });
  afterAll(() => broker?.stop());

  /** Publishes, lets a process die at a call of a range, and has another one end the work. */
  async function dieAt(die: (kill: () => Promise<void>, bench: ReaderBench) => AtCall): Promise<ReaderBench> {
    const bench = await readerBench(broker.brokers, { reader: { ...SHORT, delivery_rows_max: 4 } });
    await bench.topic.publish(0, batchesOf(TEXTS));
    let child: ReaderChild | undefined;
    child = new ReaderChild(
      bench.topic.config,
      bench,
      die(async () => child?.kill(), bench),
    );
    expect(await child.gone, child.errors).toBe(null);
    const next = bench.start();
    await next.drained();
    expect(bench.table.ids, 'each once, in order').toEqual(TEXTS);
    return bench;
  }

  /** Calls `act` at the n-th call of a name, counted from 1; other calls do what they ask for. */
  const atNth =
    (name: string, n: number, act: (apply: () => Promise<unknown>) => Promise<unknown>): AtCall =>
    async (call, apply) => {
      if (call === name) n -= 1;
      return call === name && n === 0 ? act(apply) : apply();
    };

  const tokensOf = ({ table }: ReaderBench) =>
    table.deliveries.map(({ token, again }) => `${token.split('/').at(-1)}${again ? ' again' : ''}`);

  describe('delivers exactly once when that is', () => {
    it('before a range is written down as begun', async () => {
      const bench = await dieAt((kill) => atNth('begin', 1, kill));
      expect(tokensOf(bench)).toEqual(['0-4', '4-8', '8-12']);
    });

    it('after it was, and before anything was stored', async () => {
      const bench = await dieAt((kill) => atNth('begin', 1, (apply) => apply().then(kill)));
      expect(tokensOf(bench)).toEqual(['0-4 again', '4-8', '8-12']);
    });

    it('between two parts of an insert', async () => {
      const bench = await dieAt((kill, { table }) =>
        atNth('insert', 2, async () => {
          table.batches.push(testBatch('m4'), testBatch('m5'));
          await kill();
        }),
      );
      expect(tokensOf(bench)).toEqual(['0-4', '4-8 again', '8-12 again']);
    });

    it('after the insert, and before it is known', async () => {
      const bench = await dieAt((kill) => atNth('insert', 2, (apply) => apply().then(kill)));
      expect(tokensOf(bench)).toEqual(['0-4', '4-8', '4-8 again', '8-12 again']);
    });

    it('before a range is written down as finished', async () => {
      const bench = await dieAt((kill) => atNth('finish', 2, kill));
      expect(tokensOf(bench)).toEqual(['0-4', '4-8', '4-8 again', '8-12 again']);
    });

    it('after it was, and before Kafka is told', async () => {
      const bench = await dieAt((kill) => atNth('finish', 3, (apply) => apply().then(kill)));
      expect(tokensOf(bench)).toEqual(['0-4', '4-8', '8-12']);
      await eventually(async () => (await bench.topic.committed()).get(0) === 12 || undefined);
    });
  });

  it('is refused by the tables when it wakes up in the middle of an insert that another reader has done', async () => {
    const bench = await readerBench(broker.brokers, { reader: SHORT });
    await bench.topic.publish(0, batchesOf(TEXTS));
    let lateInsert: unknown;
    let isTaken = () => {};
    const taken = new Promise<void>((resolve) => {
      isTaken = resolve;
    });
    const zombie: ReaderChild = new ReaderChild(
      bench.topic.config,
      bench,
      atNth('insert', 1, async (apply) => {
        zombie.suspend();
        await taken;
        zombie.resume();
        return apply().catch((cause: unknown) => {
          lateInsert = cause;
          throw cause;
        });
      }),
    );
    await eventually(() => bench.positions.calls.includes('begin 0-12') || undefined);
    const next = bench.start();
    await next.drained();
    expect(bench.table.ids).toEqual(TEXTS);
    isTaken();
    await eventually(() => zombie.stats?.fenced === 1 || undefined);
    expect(lateInsert).toBeInstanceOf(Fenced);
    // It is a member like any other from then on: alone again, it reads on.
    await next.stop();
    await bench.topic.publish(0, [testBatch('after')]);
    await eventually(() => bench.table.ids.includes('after') || undefined);
    expect(bench.table.ids).toEqual([...TEXTS, 'after']);
    expect(await zombie.stop()).toBe(0);
  });

  it('ends what is under way when it is asked to stop, and begins nothing more', async () => {
    const bench = await readerBench(broker.brokers, { reader: { ...SHORT, delivery_rows_max: 4 } });
    await bench.topic.publish(0, batchesOf(TEXTS));
    let stopped: Promise<number | null> | undefined;
    const child: ReaderChild = new ReaderChild(
      bench.topic.config,
      bench,
      atNth('insert', 2, async (apply) => {
        stopped = child.stop();
        await sleep(500);
        return apply();
      }),
    );
    await child.gone;
    expect(await stopped).toBe(0);
    expect(bench.positions.calls).toEqual(['claim 0', 'begin 0-4', 'finish 0-4', 'finish 4-8']);
    expect((await bench.topic.committed()).get(0)).toBe(8);
    await bench.start().drained();
    expect(bench.table.ids).toEqual(TEXTS);
  });

  it('leaves in time though an insert never ends, and the next reader repeats it', async () => {
    const bench = await readerBench(broker.brokers, { reader: { ...SHORT, stop_timeout_s: 0.5 } });
    await bench.topic.publish(0, batchesOf(TEXTS));
    const child: ReaderChild = new ReaderChild(
      bench.topic.config,
      bench,
      atNth('insert', 1, () => new Promise(() => child.leave())),
    );
    expect(await child.gone, child.errors).toBe(0);
    expect(child.errors).toContain('kafka reader was stopped with work under way');
    await bench.start().drained();
    expect(tokensOf(bench)).toEqual(['0-12 again']);
    expect(bench.table.ids).toEqual(TEXTS);
  });
});
