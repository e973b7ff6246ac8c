import { crc32c } from './crc32c.ts';
import { HEADERS } from './message.ts';

export interface ReadLimits {
  /**
   * What one record batch may become when it is decompressed, bytes, and about what one answer of a partition may: what
   * is behind that is left for the next one.
   */
  readonly decompressed_bytes_max: number;
  /** Records of one batch: each takes memory, however small it is. */
  readonly records_max: number;
}

/** The parts of kafkajs that are used: its reader of the wire, and that of one record batch. */
export interface WireDecoder {
  readInt32(): number;
  canReadBytes(length: number): boolean;
  readBytes(length: number): Buffer;
}
export type NewWireDecoder = new (buffer: Buffer) => WireDecoder;
export type BatchDecoder = (decoder: WireDecoder) => Promise<{ readonly records: readonly WireRecord[] }>;

export interface WireRecord {
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

// https://kafka.apache.org/documentation/#recordbatch, the only format since Kafka 4
const LENGTH_AT = 8;
const LENGTH_IS_FROM = 12;
const MAGIC_AT = 16;
const MAGIC = 2;
const CRC_AT = 17;
/** And of what the checksum is, to the end of the batch. */
const ATTRIBUTES_AT = 21;
const LAST_OFFSET_DELTA_AT = 23;
const MAX_TIMESTAMP_AT = 35;
const PRODUCER_ID_AT = 43;
const COUNT_AT = 57;
const RECORDS_AT = 61;
const TRANSACTIONAL = 0x10;

/** Fetches of a batch whose checksum does not fit: what was damaged on the way comes whole with the next. */
const DAMAGED_FETCHES = 3;
/** Damaged batches that are remembered. */
const DAMAGED_KNOWN = 1000;

/**
 * Reads the record batches of one partition in an answer to Fetch, in place of kafkajs's own function: that one throws
 * at a batch it cannot read, and its consumer then never gets past it, and it takes damaged bytes for records. Here such
 * a batch is one message, at its last offset, with the reason in a header and the records as they came; one that is
 * damaged only when it came so several times, until then the answer ends before it.
 */
export function createMessageDecoder(
  { WireDecoder, decodeBatch }: { readonly WireDecoder: NewWireDecoder; readonly decodeBatch: BatchDecoder },
  limits: ReadLimits,
): (decoder: WireDecoder) => Promise<WireRecord[]> {
  const damaged = new Map<string, number>();
  /** Undefined: to be fetched again. */
  const read = async (batch: Buffer): Promise<readonly WireRecord[] | undefined> => {
    try {
      if (batch[MAGIC_AT] !== MAGIC) throw new Error(`record format ${batch[MAGIC_AT]} is not known`);
      const [stated, own] = [batch.readUInt32BE(CRC_AT), crc32c(batch.subarray(ATTRIBUTES_AT))];
      if (stated !== own) {
        if (mayBeWholeNextTime(damaged, `${batch.readBigInt64BE(0)} ${stated}`)) return undefined;
        throw new Error(
          `its checksum is ${stated.toString(16)} and its bytes have ${own.toString(16)}: it is damaged`,
        );
      }
      const count = batch.readInt32BE(COUNT_AT);
      if (count > limits.records_max)
        throw new Error(`${count} records in one batch, more than kafka.records_max (${limits.records_max})`);
      return (await decodeBatch(new WireDecoder(batch))).records;
    } catch (cause) {
      return [unreadable(batch, cause instanceof Error ? cause.message : String(cause))];
    }
  };
  return async (decoder) => {
    const size = decoder.readInt32();
    if (size <= 0 || !decoder.canReadBytes(size)) return [];
    const bytes = decoder.readBytes(size);
    const messages: WireRecord[] = [];
    let made = 0;
    for (let at = 0; at + RECORDS_AT <= bytes.length && made <= limits.decompressed_bytes_max; ) {
      const end = at + LENGTH_IS_FROM + bytes.readInt32BE(at + LENGTH_AT);
      // An answer may end within a batch.
      if (end > bytes.length) break;
      const records = await read(bytes.subarray(at, end));
      if (records === undefined) break;
      for (const record of records) {
        made += (record.key?.length ?? 0) + (record.value?.length ?? 0);
        messages.push(record);
      }
      at = end;
    }
    return messages;
  };
}

/** Counts it. Partitions may share a name; then one of them is fetched less often. */
function mayBeWholeNextTime(damaged: Map<string, number>, name: string): boolean {
  const fetches = (damaged.get(name) ?? 0) + 1;
  if (damaged.size >= DAMAGED_KNOWN) damaged.clear();
  if (fetches >= DAMAGED_FETCHES) damaged.delete(name);
  else damaged.set(name, fetches);
  return fetches < DAMAGED_FETCHES;
}

function unreadable(batch: Buffer, reason: string): WireRecord {
  const last = batch.readBigInt64BE(0) + BigInt(batch.readInt32BE(LAST_OFFSET_DELTA_AT));
  const record = {
    magicByte: batch.readInt8(MAGIC_AT),
    attributes: 0,
    timestamp: batch.readBigInt64BE(MAX_TIMESTAMP_AT).toString(),
    offset: last.toString(),
    key: null,
    value: batch.subarray(RECORDS_AT),
    headers: { [HEADERS.unreadable]: Buffer.from(reason) },
    isControlRecord: false,
    // What kafkajs looks at to leave out messages of aborted transactions.
    batchContext: {
      producerId: batch.readBigInt64BE(PRODUCER_ID_AT).toString(),
      inTransaction: (batch.readInt16BE(ATTRIBUTES_AT) & TRANSACTIONAL) !== 0,
    },
  };
  return record;
}
