import { describe, expect, it } from 'vitest';
import { waitUntilStored } from '../../../../../platform/bus/kafka/caught-up.ts';
import { withoutCopies } from '../../../../../platform/bus/kafka/copies.ts';
import { readForeignMessage } from '../../../../../platform/bus/kafka/foreign-messages.ts';
import { endsMembership, whileBeating } from '../../../../../platform/bus/kafka/heartbeat.ts';
import { isOtherLog, logStart } from '../../../../../platform/bus/kafka/log-start.ts';
import { DealtPartitions } from '../../../../../platform/bus/kafka/ownership.ts';
import { partitionOf } from '../../../../../platform/bus/kafka/partitioner.ts';
import { cutRanges } from '../../../../../platform/bus/kafka/range.ts';
import { untilDone } from '../../../../../platform/bus/kafka/retry.ts';
import { TopicEnds } from '../../../../../platform/bus/kafka/topic-ends.ts';
import { Watchdog } from '../../../../../platform/bus/kafka/watchdog.ts';
import { Fenced } from '../../../../../platform/fence.ts';
import { silentLog } from '../../../../../platform/log.ts';

describe('ranges', () => {
  const message = (offset: number, bytes = 1, rows = 1) => ({ offset, bytes, rows });
  const limits = { delivery_bytes_max: 10, delivery_rows_max: 5 };
  const cut = (messages: ReturnType<typeof message>[], from = 0) =>
    [...cutRanges(messages, from, limits)].map(({ range, messages: own }) => [
      `${range.from}-${range.to}`,
      own.map(({ offset }) => offset),
    ]);

  it('hold no more bytes and rows than allowed, and a larger message alone', () => {
    expect(cut([message(0, 6), message(1, 4), message(2, 1), message(3, 30), message(4, 1)])).toEqual([
      ['0-2', [0, 1]],
      ['2-3', [2]],
      ['3-4', [3]],
      ['4-5', [4]],
    ]);
    expect(cut([message(0, 1, 3), message(1, 1, 3), message(2, 1, 9)])).toEqual([
      ['0-1', [0]],
      ['1-2', [1]],
      ['2-3', [2]],
    ]);
  });

  it('never end within a message that holds several batches', () => {
    expect(cut([message(0, 6), message(1, 4), message(1, 4), message(1, 4), message(2, 1)])).toEqual([
      ['0-2', [0, 1, 1, 1]],
      ['2-3', [2]],
    ]);
  });

  it('follow each other without a gap, whatever offsets hold no message', () => {
    expect(cut([message(3), message(7, 10), message(9)], 1)).toEqual([
      ['1-4', [3]],
      ['4-8', [7]],
      ['8-10', [9]],
    ]);
    expect(cut([])).toEqual([]);
  });
});

it('copies are what its producer numbered no higher than before', () => {
  const of = (producer: string, sequence: number) => ({ producer, sequence });
  const messages = [of('p', 4), of('p', 5), of('q', 0), of('p', 5), of('p', 8), of('q', 0)];
  const { messages: kept, ...rest } = withoutCopies(messages, new Map([['p', 4]]), (one) => one);
  expect(kept).toEqual([of('p', 5), of('q', 0), of('p', 8)]);
  expect(rest).toEqual({
    copies: 3,
    skipped: 2,
    sequences: new Map([
      ['p', 8],
      ['q', 0],
    ]),
  });
  expect(withoutCopies(messages, new Map(), () => null).messages).toEqual(messages);
});

describe('where reading begins', () => {
  const start = (known: Partial<Parameters<typeof logStart>[0]>, [low, high]: readonly [number, number]) =>
    logStart({ next_offset: null, begun: null, written_max_ms: 7, ...known }, { low, high });

  it.each([
    ['a log nobody read', {}, [3, 9], { resume: 3, check: null, lost: 0, isShort: false }],
    ['behind what is stored', { next_offset: 5 }, [3, 9], { resume: 5, check: 4, lost: 0, isShort: false }],
    ['nothing new', { next_offset: 9 }, [3, 9], { resume: 9, check: 8, lost: 0, isShort: false }],
    ['nothing before it', { next_offset: 3 }, [3, 9], { resume: 3, check: null, lost: 0, isShort: false }],
    [
      'no time known',
      { next_offset: 5, written_max_ms: null },
      [3, 9],
      { resume: 5, check: null, lost: 0, isShort: false },
    ],
    [
      'a begun range',
      { next_offset: 5, begun: { from: 5, to: 8 } },
      [3, 9],
      { resume: 5, check: 4, lost: 0, isShort: false },
    ],
    ['retention', { next_offset: 1 }, [3, 9], { resume: 3, check: null, lost: 2, isShort: false }],
    [
      'retention of a begun range',
      { begun: { from: 0, to: 4 } },
      [3, 9],
      { resume: 3, check: null, lost: 3, isShort: false },
    ],
    ['a shorter log', { next_offset: 20 }, [3, 9], { resume: 9, check: 8, lost: 0, isShort: true }],
    ['an empty one', { next_offset: 20 }, [0, 0], { resume: 0, check: null, lost: 0, isShort: true }],
    [
      'begun beyond the end of the log',
      { next_offset: 5, begun: { from: 5, to: 12 } },
      [3, 9],
      { resume: 5, check: 4, lost: 0, isShort: false },
    ],
  ] as const)('%s', (_, known, ends, expected) => {
    expect(start(known, ends)).toEqual(expected);
  });

  it('is another log when what was read was written later than anything that was', () => {
    expect([isOtherLog(8, 7), isOtherLog(7, 7), isOtherLog(8, null)]).toEqual([true, false, false]);
  });
});

describe('a foreign message', () => {
  const read = (value: string | Uint8Array, named_max = 10) =>
    readForeignMessage({ id: 't/0/1', key: 'k', value: Buffer.from(value), written_ms: 5 }, named_max);

  it('becomes the same batch whenever it is read', () => {
    const value = '{"type":"job","job":"a"}\r\n\n{"type":"job","job":"b"}';
    const { batch, refused } = read(value);
    expect(refused).toBeNull();
    expect(batch).toMatchObject({ id: 't/0/1', kind: 'run_events', key: 'k', rows: 2 });
    expect(read(value)).toEqual({ batch, refused });
  });

  it('names the first refused lines with their number in the message, and keeps all of them', () => {
    const bytes = Buffer.concat([
      Buffer.from('x\n{"type":"job","job":"a"}\n'),
      Buffer.of(0xff, 0x0a),
      Buffer.from('y'),
    ]);
    const { batch, refused } = read(bytes, 2);
    expect(batch?.rows).toBe(1);
    expect(refused?.count).toBe(3);
    expect(refused?.named.map(({ line, code }) => [line, code])).toEqual([
      [1, 'not_json'],
      [3, 'not_utf8'],
    ]);
    expect(Buffer.from(refused?.body ?? []).toString('latin1')).toBe('x\n\xff\ny\n');
  });

  it('may hold nothing', () => {
    expect(read('\n  \n')).toEqual({ batch: null, refused: null });
  });
});

describe('trying again', () => {
  const options = (signal: AbortSignal) => ({
    config: { retry_first_s: 0.001, retry_max_s: 0.002 },
    log: silentLog,
    signal,
  });

  it('ends with success, with the signal, or with Fenced', async () => {
    const signal = new AbortController();
    const third = await untilDone(
      'failed',
      async (attempt) => (attempt > 2 ? attempt : Promise.reject(new Error('no'))),
      options(signal.signal),
    );
    expect(third).toEqual({ value: 3 });
    const fence = { name: 'n', epoch: 1, owner: 'o' };
    await expect(
      untilDone('failed', () => Promise.reject(new Fenced(fence)), options(signal.signal)),
    ).rejects.toBeInstanceOf(Fenced);
    signal.abort();
    expect(
      await untilDone('failed', () => Promise.reject(new Error('no')), options(signal.signal)),
    ).toBeUndefined();
    // What was worth beginning is worth one try.
    expect(await untilDone('failed', async () => 1, options(signal.signal))).toEqual({ value: 1 });
  });
});

describe('heartbeats', () => {
  it('go out while the work lasts, over failures, until the group says that it is over', async () => {
    const answers = ['ok', 'connection', 'ok', 'REBALANCE_IN_PROGRESS'];
    let beats = 0;
    const lost: Error[] = [];
    await whileBeating(
      async () => {
        const answer = answers[beats] ?? 'too many';
        beats += 1;
        if (answer !== 'ok') throw Object.assign(new Error(answer), { type: answer });
      },
      0.002,
      (cause) => lost.push(cause),
      async () => {
        while (lost.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      },
    );
    expect(beats).toBe(4);
    expect(lost.map(({ message }) => message)).toEqual(['REBALANCE_IN_PROGRESS']);
  });

  it('are told apart from failures by their type', () => {
    expect(endsMembership(Object.assign(new Error(), { type: 'UNKNOWN_MEMBER_ID' }))).toBe(true);
    expect(endsMembership(Object.assign(new Error(), { type: 'REQUEST_TIMED_OUT' }))).toBe(false);
    expect(endsMembership(new Error('UNKNOWN_MEMBER_ID'))).toBe(false);
  });
});

describe('the watchdog', () => {
  function bench() {
    let now_ms = 0;
    let nodes: number[] | null = [1, 2];
    const stalls: string[] = [];
    const dog = new Watchdog({
      stall_timeout_s: 20,
      rebalance_timeout_s: 60,
      probe: async () => (nodes === null ? Promise.reject(new Error('away')) : new Set(nodes)),
      onStall: (problem) => stalls.push(problem),
      log: silentLog,
      now_ms: () => now_ms,
    });
    const pass = async (seconds: number) => {
      for (let n = 0; n < seconds; n += 5) {
        now_ms += 5000;
        await dog.look();
      }
    };
    return { dog, stalls, pass, see: (own: number[] | null) => (nodes = own) };
  }

  it('barks when the client was silent while the brokers answer, for as long again', async () => {
    const { stalls, pass } = bench();
    await pass(35);
    expect(stalls).toEqual([]);
    await pass(5);
    expect(stalls).toEqual(['the client was silent for 20 s']);
  });

  it('stays quiet while anything is heard', async () => {
    const { dog, stalls, pass } = bench();
    for (let n = 0; n < 20; n++) {
      await pass(10);
      dog.alive();
    }
    expect(stalls).toEqual([]);
  });

  it('stays quiet in an outage and just after it', async () => {
    const { dog, stalls, pass, see } = bench();
    see(null);
    await pass(600);
    see([1, 2]);
    await pass(15);
    dog.alive();
    await pass(15);
    expect(stalls).toEqual([]);
  });

  it('gives a client that joins the time that the other members may take', async () => {
    const { dog, stalls, pass } = bench();
    dog.fetched(1);
    dog.joining();
    await pass(95);
    expect(stalls).toEqual([]);
    dog.joined();
    await pass(35);
    expect(stalls).toEqual([]);
    dog.joining();
    await pass(100);
    expect(stalls).toEqual(['the client was silent for 80 s']);
  });

  it('barks when one broker is no longer read from though the others are', async () => {
    const { dog, stalls, pass } = bench();
    dog.fetched(2);
    for (let n = 0; n < 8; n++) {
      dog.fetched(1);
      await pass(5);
    }
    expect(stalls).toEqual(['broker 2 was not read from for 20 s']);
  });

  it('does not miss a broker that left the cluster, nor one while messages are handled', async () => {
    const { dog, stalls, pass, see } = bench();
    dog.fetched(1);
    dog.fetched(2);
    await dog.whileWorking(async () => {
      for (let n = 0; n < 20; n++) {
        dog.alive();
        await pass(5);
      }
    });
    see([1]);
    for (let n = 0; n < 20; n++) {
      dog.fetched(1);
      await pass(5);
    }
    expect(stalls).toEqual([]);
  });
});

it('a key belongs to whom its partition was dealt, and a dealing that changes nothing is no news', () => {
  const dealt = new DealtPartitions();
  let changes = 0;
  const end = dealt.onChange(() => (changes += 1));
  expect(dealt.owns('job')).toBe(false);
  const own = partitionOf('job', 4);
  dealt.deal([own], 4);
  dealt.deal([own], 4);
  expect([dealt.owns('job'), changes]).toEqual([true, 1]);
  dealt.deal([(own + 1) % 4], 4);
  expect([dealt.owns('job'), changes]).toEqual([false, 2]);
  end();
  dealt.deal([], 4);
  expect(changes).toBe(2);
});

it('ends of a topic are never older than the question', async () => {
  const answers: ((end: number) => void)[] = [];
  const ends = new TopicEnds(
    () => new Promise((resolve) => answers.push((high) => resolve(new Map([[0, { low: 0, high }]])))),
  );
  const high = (read: ReturnType<TopicEnds['read']>) => read.then((all) => all.get(0)?.high);
  const first = high(ends.read());
  const second = high(ends.read());
  const third = high(ends.read());
  answers[0]?.(1);
  expect(await first).toBe(1);
  answers[1]?.(2);
  expect([await second, await third, answers.length]).toEqual([2, 2, 2]);
});

it('everything is stored when each partition is where the log ended at the call', async () => {
  const stored = [
    new Map([[0, 3]]),
    new Map([[0, 5]]),
    new Map([
      [0, 5],
      [1, 9],
    ]),
  ];
  let looks = 0;
  const ends = async () =>
    new Map([
      [0, { low: 0, high: 5 }],
      [1, { low: 2, high: 8 }],
      [2, { low: 4, high: 4 }],
    ]);
  const stopping = new AbortController();
  const options = {
    pauses: { retry_first_s: 0.001, retry_max_s: 0.001 },
    log: silentLog,
    signal: stopping.signal,
  };
  const next = async () => stored[looks++] ?? new Map<number, number>();
  expect(await waitUntilStored(ends, next, options)).toBe(true);
  expect(looks).toBe(3);
  const waiting = waitUntilStored(ends, async () => new Map(), options);
  stopping.abort();
  expect(await waiting).toBe(false);
});
