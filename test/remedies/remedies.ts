/** A remedy against a defect of the client of Kafka, how it is taken out, and the test that fails without it. */
export interface Remedy {
  readonly name: string;
  readonly file: string;
  /** Occurs once in the file. */
  readonly text: string;
  readonly instead: string;
  /** Test file, and what the names of the tests contain. */
  readonly test: readonly [file: string, named: string];
}

const UNIT = 'test/unit/platform/bus/kafka/';
const REAL = 'test/integration/';

const WRITER = `${UNIT}writer.test.ts`;
const MEMBER = `${UNIT}group-member.test.ts`;
const DEFECTS = `${REAL}kafka-writer-defects.test.ts`;
const CODECS = `${REAL}kafka-codecs.test.ts`;
const FAULTS = `${REAL}kafka-reader-faults.test.ts`;

function of(file: string, ...remedies: readonly Omit<Remedy, 'file'>[]): Remedy[] {
  return remedies.map((remedy) => ({ ...remedy, file: `platform/bus/kafka/${file}` }));
}

/** What decision 6 lists, and what the reader does beside it. */
export const REMEDIES: readonly Remedy[] = [
  ...of(
    'producer.ts',
    {
      name: 'success is an answer that names the partition with an offset',
      text: String.raw`if (named?.errorCode !== 0 || !/^\d+$/.test(named.baseOffset ?? '')) {`,
      instead: 'if (named === null) {',
      test: [WRITER, 'is acknowledged when'],
    },
    {
      name: 'who leads is asked anew when a partition is not known',
      text: 'if (this.#current === connection) this.renew();',
      instead: '',
      test: [WRITER, 'does not know its partition'],
    },
    {
      name: 'the idempotent mode is not used',
      text: 'idempotent: false,',
      instead: 'idempotent: true,',
      test: [DEFECTS, 'nothing of the writer'],
    },
    {
      name: 'all in-sync replicas acknowledge',
      text: 'acks: -1,',
      instead: 'acks: 1,',
      test: [`${REAL}kafka-writer-failures.test.ts`, 'too few replicas'],
    },
  ),
  ...of(
    'lane.ts',
    {
      name: 'what failed is sent again before anything later',
      text: '[...unsettled, ...this.#waiting]',
      instead: '[...this.#waiting, ...unsettled]',
      test: [WRITER, ''],
    },
    {
      name: 'the limit of the brokers is counted on the record batch',
      text: ' || bytes + entry.bytes > message_bytes_max',
      instead: '',
      test: [WRITER, 'together with others'],
    },
    {
      name: 'at most 1000 messages a request',
      text: 'group.length >= this.#messages_max || ',
      instead: '',
      test: [DEFECTS, 'is bounded by the writer'],
    },
    {
      name: 'what comes while a request is under way goes with the next',
      text: 'if (isFull && group.length > 0) break;',
      instead: 'if (isFull || group.length > 0) break;',
      test: [DEFECTS, 'is not what the writer makes'],
    },
  ),
  ...of(
    'writer.ts',
    {
      name: 'everything behind a refusal is refused in the same turn',
      text: 'this.#isHolding = true;',
      instead: 'this.#isHolding = false;',
      test: [WRITER, ''],
    },
    {
      name: 'bounded bytes, then refusal',
      text: 'return size > 0 && bytes + more > this.#config.writer.buffer_bytes_max;',
      instead: 'return size < 0 && bytes < more;',
      test: [WRITER, 'too much waits'],
    },
    {
      name: 'new connections where nothing has gone through for long',
      text: 'publish_timeout_s * 1000) this.#producer.renew();',
      instead: 'publish_timeout_s * 1000) return;',
      test: [WRITER, 'after nothing has gone through'],
    },
    {
      name: 'looks for partitions that were added',
      text: 'let next_s = topic_interval_s;',
      instead: 'let next_s = topic_interval_s * 1000;',
      test: [`${REAL}kafka-writer.test.ts`, 'added while it runs'],
    },
  ),
  ...of(
    'topic.ts',
    {
      name: 'a topic with named settings',
      text: 'configEntries: Object.entries(topicSettings(config)).map(([name, value]) => ({ name, value })),',
      instead: 'configEntries: [],',
      test: [`${REAL}kafka-writer.test.ts`, 'settings that'],
    },
    {
      name: 'makes its own topic',
      text: 'if ((await admin.listTopics()).includes(config.topic)) return false;',
      instead: 'return false;',
      test: [DEFECTS, 'as it is configured'],
    },
  ),
  ...of('partitioner.ts', {
    name: 'keys are placed as by the Java producer',
    text: '% partitions',
    instead: '% 1',
    test: [`${UNIT}partitioner.test.ts`, ''],
  }),
  ...of(
    'repaired-kafkajs.ts',
    {
      name: 'no timers on idle connections',
      text: 'if (this.pending.length > 0) schedule.call(this);',
      instead: 'schedule.call(this);',
      test: [DEFECTS, 'repaired one'],
    },
    {
      name: 'a consumer that is stopped while the brokers change ends',
      text: 'void this.fetchManager.stop();',
      instead: '',
      test: [`${UNIT}stopped-consumer.test.ts`, 'repaired one'],
    },
    {
      name: 'messages of every codec are read',
      text: 'for (const [number, codec] of Object.entries(CODECS)) {',
      instead: 'for (const [number, codec] of Object.entries(CODECS).slice(0, 0)) {',
      test: [CODECS, 'by kcat are read'],
    },
    {
      name: 'decompression has a limit',
      text: 'decompress(codec, bytes, limits.decompressed_bytes_max)',
      instead: 'decompress(codec, bytes, 1e9)',
      test: [CODECS, 'become more than'],
    },
  ),
  ...of(
    'record-batches.ts',
    {
      name: 'what cannot be read is one message',
      text: 'return [unreadable(batch, ',
      instead: 'if (batch.length > 0) throw cause;\n      return [unreadable(batch, ',
      test: [CODECS, 'become more than'],
    },
    {
      name: 'damaged bytes are no records',
      text: 'if (stated !== own) {',
      instead: 'if (stated === -1) {',
      test: [CODECS, 'on the disk of the broker'],
    },
  ),
  ...of('copies.ts', {
    name: 'copies are dropped',
    text: '      copies += 1;\n      continue;',
    instead: '      copies += 1;\n      kept.push(message);\n      continue;',
    test: [`${REAL}kafka-reader.test.ts`, 'drops the copies'],
  }),
  ...of('heartbeat.ts', {
    name: 'heartbeats go out beside the work',
    text: 'void beat(heartbeat, interval_s, onLost, working.signal);',
    instead: 'void [heartbeat, interval_s, onLost];',
    test: [FAULTS, 'longer than the session'],
  }),
  ...of(
    'reader.ts',
    {
      name: 'a client that ends for good ends the process',
      text: 'if (!restart)',
      instead: 'if (!restart && error === undefined)',
      test: [FAULTS, 'will not have it'],
    },
    {
      name: 'a silent client ends the process',
      text: 'this.#watchdog.start();',
      instead: '',
      test: [`${REAL}kafka-reader-outage.test.ts`, 'gone silent'],
    },
    {
      name: 'partitions that are added are read',
      text: 'metadataMaxAge: reader.metadata_interval_s * 1000,',
      instead: '',
      test: [FAULTS, 'added to the topic'],
    },
  ),
  ...of(
    'group-member.ts',
    {
      name: 'nothing is fetched before it is claimed',
      text: 'this.#consumer.pause([{ topic: this.#topic, partitions: [...partitions] }]);',
      instead: '',
      test: [MEMBER, 'is not fetched before'],
    },
    {
      name: 'reading begins where the tables are',
      text: 'this.#consumer.seek({ topic: this.#topic, partition, offset: String(cursor) });',
      instead: 'void cursor;',
      test: [MEMBER, 'partition that was dealt'],
    },
    {
      name: 'a commit that failed is no failure',
      text: 'if (endsMembership(cause)) generation.end(cause);',
      instead: 'throw cause;',
      test: [MEMBER, 'may fail'],
    },
    {
      name: 'a commit that the group refuses has the client join anew',
      text: 'if (endsMembership(cause)) generation.end(cause);',
      instead: '',
      test: [MEMBER, 'join anew'],
    },
    {
      name: 'a reader whose partition was claimed joins anew',
      text: 'generation.end(new RejoinGroup(cause.message));',
      instead: '',
      test: [FAULTS, 'past the group'],
    },
  ),
];
