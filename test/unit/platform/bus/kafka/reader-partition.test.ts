import { expect, it } from 'vitest';
import type { DeadLetter, DeadLetters } from '../../../../../platform/bus/dead-letters.ts';
import { type LogMessage, readLogMessage } from '../../../../../platform/bus/kafka/log-message.ts';
import type { LogEnds } from '../../../../../platform/bus/kafka/log-start.ts';
import { encodeMessage } from '../../../../../platform/bus/kafka/message.ts';
import { PartitionReader } from '../../../../../platform/bus/kafka/partition-reader.ts';
import {
  KAFKA_READER_DEFAULTS,
  type KafkaReaderConfig,
} from '../../../../../platform/bus/kafka/reader-config.ts';
import { noCounts } from '../../../../../platform/bus/kafka/reader-counts.ts';
import { Fenced } from '../../../../../platform/fence.ts';
import { silentLog } from '../../../../../platform/log.ts';
import { createRandom } from '../../../../../simulator/random.ts';
import { MemoryPositions, MemoryTable } from '../../../../support/memory-positions.ts';

const TOPIC = 'cluster/headway';
const NAME = `${TOPIC}/0`;
const CONFIG: KafkaReaderConfig = {
  ...KAFKA_READER_DEFAULTS,
  retry_first_s: 0.001,
  retry_max_s: 0.002,
  delivery_bytes_max: 30,
};

/** A partition's log in memory, its readers and the tables behind them. */
class Bench {
  readonly positions = new MemoryPositions();
  readonly table = new MemoryTable(this.positions);
  readonly counts = noCounts();
  readonly letters: { letter: DeadLetter; reason: string }[] = [];
  stopping = new AbortController();
  config = CONFIG;
  log: LogMessage[] = [];
  low = 0;
  handle = this.table.insert;
  readonly #deadLetters: DeadLetters;

  constructor() {
    const { letters } = this;
    this.#deadLetters = {
      counts: new Map(),
      put: async (letter, { text }) => void letters.push({ letter, reason: text }),
    };
  }

  get ends(): LogEnds {
    return { low: this.low, high: (this.log.at(-1)?.offset ?? this.low - 1) + 1 };
  }

  /** One message a text, of 10 bytes, written a second after the one before it. */
  append(
    texts: readonly string[],
    { producer = 'p', first_sequence = this.log.length, since_ms = 1000 } = {},
  ) {
    for (const [n, text] of texts.entries()) {
      const offset = this.ends.high;
      const batch = { id: text, kind: 'run_events', schemaVersion: 1, key: 'job', rows: 1 } as const;
      const prepared = { partition: 0, producer, sequence: first_sequence + n };
      const sent = encodeMessage([{ batch: { ...batch, body: Buffer.alloc(10, text) }, ...prepared }], 0);
      this.log.push(...this.#read(offset, since_ms + offset * 1000, sent.value as Buffer, sent.headers));
    }
  }

  appendForeign(value: string): void {
    const offset = this.ends.high;
    this.log.push(...this.#read(offset, 1000 + offset * 1000, Buffer.from(value), {}));
  }

  #read(
    offset: number,
    written_ms: number,
    value: Buffer,
    headers: object | undefined,
  ): readonly LogMessage[] {
    const own = { key: null, value, timestamp: String(written_ms), offset: String(offset) };
    const message = { ...own, attributes: 0, headers: { ...headers } };
    return readLogMessage(message, { topic: 'headway', partition: 0 }, 10);
  }

  async open(): Promise<PartitionReader> {
    const deps = {
      ...{ positions: this.positions, config: this.config, counts: this.counts, topic: TOPIC, partition: 0 },
      handler: (delivery: Parameters<typeof this.handle>[0]) => this.handle(delivery),
      deadLetters: this.#deadLetters,
      log: silentLog,
      ends: async () => this.ends,
      signal: this.stopping.signal,
    };
    const reader = await PartitionReader.open(deps, await this.positions.claim(TOPIC, 0));
    if (reader === undefined) throw new Error('stopped');
    return reader;
  }

  /** What a client does: fetches at the cursor, `size` messages at a time, until nothing comes. */
  async readAll(reader: PartitionReader, size = 100): Promise<void> {
    for (;;) {
      const from = Math.max(reader.cursor, this.low);
      const messages = this.log.filter(({ offset }) => offset >= from).slice(0, size);
      const [first, last] = [messages[0], messages.at(-1)];
      if (first === undefined || last === undefined || this.stopping.signal.aborted) return;
      await reader.take({ first: first.offset, last: last.offset, messages });
    }
  }
}

/** Takes next to no room in a delivery. */
function foreignMessage(offset: number): LogMessage {
  const own = { offset, written_ms: 1000 + offset, bytes: 0, rows: 1, isForeign: true } as const;
  return { ...own, numbered: null, batch: null, letter: null };
}

const tokens = (bench: Bench) => bench.table.deliveries.map(({ token, again }) => `${token} ${again}`);

it('delivers ranges within the limits, each written down as finished after it, and the first as begun before', async () => {
  const bench = new Bench();
  bench.append(['a', 'b', 'c', 'd']);
  await bench.readAll(await bench.open());
  expect(bench.table.ids).toEqual(['a', 'b', 'c', 'd']);
  expect(tokens(bench)).toEqual([`${TOPIC}/0/0-3 false`, `${TOPIC}/0/3-4 false`]);
  expect(bench.positions.calls).toEqual(['claim 0', 'begin 0-3', 'finish 0-3', 'finish 3-4']);
});

it('goes on behind what is stored, wherever the client believes to be', async () => {
  const bench = new Bench();
  bench.append(['a', 'b']);
  await bench.readAll(await bench.open());
  bench.append(['c']);
  const second = await bench.open();
  // The message before shows whether this is still the same log.
  expect(second.cursor).toBe(1);
  await bench.readAll(second);
  expect(bench.table.ids).toEqual(['a', 'b', 'c']);
  // For all that it knows the first had begun it.
  expect(tokens(bench).at(-1)).toBe(`${TOPIC}/0/2-3 true`);
});

it('trusts its tokens again behind what an earlier claim may have begun', async () => {
  const bench = new Bench();
  bench.append(['a']);
  await bench.readAll(await bench.open());
  const begun_to = bench.positions.at(NAME).begun?.to ?? 0;
  expect(begun_to).toBe(1 + CONFIG.begun_ahead_min);
  bench.append(Array.from({ length: begun_to + 3 }, (_, n) => `m${n}`));
  await bench.readAll(await bench.open(), 7);
  expect(bench.table.ids).toEqual(bench.log.map(({ batch }) => batch?.id));
  for (const { token, again } of bench.table.deliveries.slice(1)) {
    const [, from] = /(\d+)-\d+$/.exec(token) ?? [];
    expect([token, again]).toEqual([token, Number(from) < begun_to]);
  }
});

it('stays in doubt of what an earlier claim may have begun, over several claims', async () => {
  const bench = new Bench();
  bench.append(Array.from({ length: 5 }, (_, n) => `m${n}`));
  const { fence } = await bench.positions.claim(TOPIC, 0);
  await bench.positions.begin(fence, { from: 0, to: 5000 });
  await bench.readAll(await bench.open());
  expect(bench.positions.at(NAME)).toMatchObject({ next_offset: 5, begun: { from: 5, to: 5000 } });
});

it('writes a range down as begun that reaches further than what was, before its first row', async () => {
  const bench = new Bench();
  const reader = await bench.open();
  bench.append(['a']);
  await bench.readAll(reader);
  const texts = Array.from({ length: CONFIG.begun_ahead_min + 5 }, (_, n) => `m${n}`);
  bench.log.push(...[...texts.keys()].map((n) => foreignMessage(n + 1)));
  await bench.readAll(reader, texts.length);
  expect(bench.positions.calls.slice(1)).toEqual(['begin 0-1', 'finish 0-1', 'begin 1-106', 'finish 1-106']);
});

it('compares what was begun with what is stored, in whatever pieces it comes', async () => {
  const bench = new Bench();
  bench.append(['a', 'b', 'c']);
  const first = await bench.open();
  bench.positions.before = async (call) => {
    if (call === 'finish') bench.stopping.abort();
    if (call === 'finish') throw new Error('killed');
  };
  await bench.readAll(first);
  expect(bench.positions.at(NAME)).toMatchObject({ next_offset: null, begun: { from: 0, to: 3 } });

  const after = Object.assign(new Bench(), { log: bench.log });
  Object.assign(after, { positions: bench.positions, table: bench.table, handle: bench.table.insert });
  bench.positions.before = async () => undefined;
  after.append(['d', 'e']);
  await after.readAll(await after.open(), 2);
  expect(bench.table.ids).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(tokens(bench)).toEqual([
    `${TOPIC}/0/0-3 false`,
    `${TOPIC}/0/0-2 true`,
    `${TOPIC}/0/2-4 true`,
    `${TOPIC}/0/4-5 false`,
  ]);
  expect(after.counts.repeated_ranges).toBe(2);
});

it('tries a delivery that failed again, with the attempt and that it is one', async () => {
  const bench = new Bench();
  bench.append(['a']);
  const seen: string[] = [];
  bench.handle = async (delivery) => {
    seen.push(`${delivery.attempt} ${delivery.again}`);
    if (seen.length < 4) throw new Error('the store is away');
    await bench.table.insert(delivery);
  };
  await bench.readAll(await bench.open());
  expect(seen).toEqual(['1 false', '2 true', '3 true', '4 true']);
  expect(bench.table.ids).toEqual(['a']);
  expect(bench.counts).toMatchObject({ failed_deliveries: 3, messages: 1 });
});

it("gives a failing delivery up when the partition may be another's", async () => {
  const bench = new Bench();
  bench.append(['a', 'b', 'c', 'd']);
  let tries = 0;
  bench.handle = async () => {
    tries += 1;
    if (tries === 3) bench.stopping.abort();
    throw new Error('the store is away');
  };
  await bench.readAll(await bench.open());
  expect(tries).toBe(3);
  expect(bench.positions.at(NAME)).toMatchObject({ next_offset: null, begun: { from: 0, to: 3 } });
});

it('drops copies of what its producer numbered, within a fetch and over a restart, and no other message', async () => {
  const bench = new Bench();
  bench.append(['a', 'b']);
  bench.append(['a'], { first_sequence: 0 });
  bench.append(['x'], { producer: 'q', first_sequence: 0 });
  await bench.readAll(await bench.open());
  bench.append(['b'], { first_sequence: 1 });
  bench.append(['d'], { first_sequence: 4 });
  await bench.readAll(await bench.open());
  expect(bench.table.ids).toEqual(['a', 'b', 'x', 'd']);
  expect(bench.counts).toMatchObject({ copies: 2, skipped_sequences: 2, messages: 6 });
});

it('throws Fenced at the first word of a partition that was claimed since, and stores nothing more', async () => {
  const bench = new Bench();
  bench.append(['a']);
  const zombie = await bench.open();
  const owner = await bench.open();
  await expect(bench.readAll(zombie)).rejects.toBeInstanceOf(Fenced);
  await bench.readAll(owner);
  expect(bench.table.ids).toEqual(['a']);
});

it('is refused by the tables when it was suspended between begin and insert', async () => {
  const bench = new Bench();
  bench.append(['a']);
  const zombie = await bench.open();
  let owner: PartitionReader | undefined;
  bench.handle = async (delivery) => {
    bench.handle = bench.table.insert;
    owner = await bench.open();
    await bench.readAll(owner);
    await bench.table.insert(delivery);
  };
  await expect(bench.readAll(zombie)).rejects.toBeInstanceOf(Fenced);
  expect(owner?.next_offset).toBe(1);
  expect(bench.table.ids).toEqual(['a']);
});

it('takes the good lines of a foreign message in and puts the others aside with line, code and reason', async () => {
  const bench = new Bench();
  bench.appendForeign('{"type":"job","job":"a"}\nnonsense\n\n{"type":"what"}\n');
  bench.append(['b']);
  await bench.readAll(await bench.open());
  expect(bench.table.ids).toEqual(['headway/0/0', 'b']);
  expect(Buffer.from(bench.table.batches[0]?.body ?? []).toString()).toBe(
    '{"received_at_ms":1000,"event":{"type":"job","job":"a"}}\n',
  );
  expect(bench.letters).toHaveLength(1);
  expect(bench.letters[0]?.letter).toMatchObject({ id: 'headway/0/0', kind: 'event_lines', rows: 2 });
  expect(String(bench.letters[0]?.letter.body)).toBe('nonsense\n{"type":"what"}\n');
  expect(bench.letters[0]?.reason).toMatch(/^2 lines refused, the first is line 2: not_json: /);
  expect(bench.counts).toMatchObject({ foreign_messages: 1, refused_lines: 2, dead_letters: 1 });
});

it('counts what retention took away before it was read', async () => {
  const bench = new Bench();
  bench.append(['a', 'b']);
  await bench.readAll(await bench.open());
  bench.append(['c', 'd', 'e', 'f']);
  bench.low = 4;
  await bench.readAll(await bench.open());
  expect(bench.table.ids).toEqual(['a', 'b', 'e', 'f']);
  expect(bench.counts.lost_messages).toBe(2);
});

it('counts what retention takes away while it reads', async () => {
  const bench = new Bench();
  bench.append(['a', 'b']);
  const reader = await bench.open();
  await bench.readAll(reader);
  bench.append(['c', 'd', 'e']);
  bench.low = 3;
  await bench.readAll(reader);
  expect(bench.table.ids).toEqual(['a', 'b', 'd', 'e']);
  expect(bench.counts.lost_messages).toBe(1);
});

it('leaves a begun range of which nothing is left behind', async () => {
  const bench = new Bench();
  bench.append(['a', 'b', 'c', 'd']);
  const { fence } = await bench.positions.claim(TOPIC, 0);
  await bench.positions.begin(fence, { from: 0, to: 2 });
  bench.low = 3;
  await bench.readAll(await bench.open());
  expect(bench.table.ids).toEqual(['d']);
  expect(bench.positions.calls.slice(2)).toEqual(['claim 0', 'begin 0-4', 'finish 0-4']);
  expect(bench.counts.lost_messages).toBe(3);
});

it('reads a topic that was made anew from its start, under tokens that were never used', async () => {
  const bench = new Bench();
  bench.append(['a', 'b']);
  await bench.readAll(await bench.open());
  bench.log = [];
  bench.append(['c'], { since_ms: 60_000, first_sequence: 10 });
  await bench.readAll(await bench.open());
  bench.append(['d'], { since_ms: 60_000, first_sequence: 11 });
  await bench.readAll(await bench.open());
  expect(bench.table.ids).toEqual(['a', 'b', 'c', 'd']);
  expect(tokens(bench).slice(1)).toEqual([`${TOPIC}#1/0/0-1 true`, `${TOPIC}#1/0/1-2 true`]);
  expect(bench.counts.changed_logs).toBe(1);
});

it('knows a topic that was made anew by its times when it has as many messages as the one before', async () => {
  const bench = new Bench();
  bench.append(['a', 'b']);
  await bench.readAll(await bench.open());
  bench.log = [];
  bench.append(['c', 'd', 'e'], { since_ms: 60_000, first_sequence: 10 });
  await bench.readAll(await bench.open());
  expect(bench.table.ids).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(bench.counts.changed_logs).toBe(1);
});

it('reads on at the end of a log that lost its end, without repeating what is stored', async () => {
  const bench = new Bench();
  bench.append(['a', 'b', 'c']);
  await bench.readAll(await bench.open());
  bench.log.length = 2;
  bench.append(['x'], { since_ms: 60_000, first_sequence: 10 });
  bench.log.length = 2;
  const reader = await bench.open();
  await bench.readAll(reader);
  bench.append(['x'], { since_ms: 60_000, first_sequence: 10 });
  await bench.readAll(reader);
  expect(bench.table.ids).toEqual(['a', 'b', 'c', 'x']);
  expect(tokens(bench).at(-1)).toBe(`${TOPIC}#1/0/2-3 true`);
});

it('looks twice at a hole in the log and then passes it', async () => {
  const bench = new Bench();
  bench.append(['a', 'b', 'c', 'd']);
  bench.log.splice(1, 2);
  await bench.readAll(await bench.open());
  expect(bench.table.ids).toEqual(['a', 'd']);
  expect(bench.counts.lost_messages).toBe(0);
});

it('passes over records that the client keeps to itself', async () => {
  const bench = new Bench();
  bench.append(['a']);
  const reader = await bench.open();
  await bench.readAll(reader);
  reader.high = 2;
  expect(reader.lag).toBe(1);
  reader.passOver(1, 1);
  expect([reader.lag, reader.cursor]).toEqual([0, 2]);
});

it.each(Array.from({ length: 40 }, (_, n) => n + 1))(
  'stores everything once whenever its process dies, half-way through an insert too (seed %i)',
  async (seed) => {
    const random = createRandom(seed);
    const bench = Object.assign(new Bench(), { config: { ...CONFIG, begun_ahead_min: 1 } });
    let isDead = false;
    const mayDie = () => {
      isDead ||= random.below(6) === 0;
      if (!isDead) return;
      bench.stopping.abort();
      throw new Error('killed');
    };
    bench.positions.before = async () => mayDie();
    bench.handle = async (delivery) => {
      mayDie();
      const part = delivery.batches.slice(0, random.below(delivery.batches.length + 1));
      try {
        await bench.table.insert(delivery);
        mayDie();
      } catch (cause) {
        // Some rows stay. Those of a repeated delivery may have been there.
        if (!delivery.again) bench.table.keepOnly(delivery, part);
        throw cause;
      }
    };
    let published = 0;
    for (let life = 0; life < 60; life += 1) {
      const more = random.below(life < 40 ? 30 : 1);
      bench.append(Array.from({ length: more }, () => `m${published++}`));
      isDead = life >= 59 ? isDead : false;
      bench.stopping = new AbortController();
      if (life >= 59) bench.positions.before = async () => undefined;
      if (life >= 59) bench.handle = bench.table.insert;
      await bench
        .open()
        .then((reader) => bench.readAll(reader, 1 + random.below(12)))
        .catch((cause: unknown) => expect(String(cause)).toContain('killed'));
    }
    expect(bench.table.ids.toSorted()).toEqual(bench.log.map(({ batch }) => batch?.id ?? '').toSorted());
    expect(bench.table.ids.length).toBeGreaterThan(100);
  },
);
