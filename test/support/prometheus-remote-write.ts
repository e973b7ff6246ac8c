import { STALE_BITS } from '../../platform/series/series-encoder.ts';

export interface WrittenSeries {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly samples: readonly { readonly ts_ms: number; readonly value: number | 'stale' }[];
}

/**
 * Sends samples to a Prometheus's remote write receiver, in order of time over all series, because its head refuses
 * what is an hour older than the newest. The only way to give it staleness markers: text formats cannot say them.
 */
export async function remoteWrite(url: string, series: readonly WrittenSeries[]): Promise<void> {
  const all = series.flatMap(({ name, labels, samples }) =>
    samples.map((sample) => ({ labels: sortedLabels(name, labels), sample })),
  );
  all.sort((a, b) => a.sample.ts_ms - b.sample.ts_ms);
  for (let from = 0; from < all.length; from += 5000) {
    const part = all.slice(from, from + 5000);
    const body = snappyLiteral(
      Buffer.concat(part.map(({ labels, sample }) => field(1, timeSeries(labels, sample)))),
    );
    const response = await fetch(`${url}/api/v1/write`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-protobuf',
        'content-encoding': 'snappy',
        'x-prometheus-remote-write-version': '0.1.0',
      },
      body,
    });
    if (!response.ok) throw new Error(`remote write answered ${response.status}: ${await response.text()}`);
  }
}

function sortedLabels(name: string, labels: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries({ ...labels, __name__: name }).sort(([a], [b]) => (a < b ? -1 : 1));
}

function timeSeries(labels: readonly [string, string][], sample: WrittenSeries['samples'][number]): Buffer {
  const value = Buffer.alloc(9);
  value[0] = (1 << 3) | 1;
  if (sample.value === 'stale') value.writeBigUInt64LE(STALE_BITS, 1);
  else value.writeDoubleLE(sample.value, 1);
  const time = Buffer.concat([Buffer.from([2 << 3]), varint(BigInt.asUintN(64, BigInt(sample.ts_ms)))]);
  return Buffer.concat([
    ...labels.map(([name, text]) =>
      field(1, Buffer.concat([field(1, Buffer.from(name)), field(2, Buffer.from(text))])),
    ),
    field(2, Buffer.concat([value, time])),
  ]);
}

function field(number: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2]), varint(BigInt(body.length)), body]);
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

/** Snappy's block format without any compression: one length, then literals of up to 65,536 bytes. */
function snappyLiteral(body: Buffer): Buffer {
  const parts: Buffer[] = [varint(BigInt(body.length))];
  for (let from = 0; from < body.length; from += 65_536) {
    const literal = body.subarray(from, from + 65_536);
    const head = Buffer.alloc(3);
    head[0] = 61 << 2;
    head.writeUInt16LE(literal.length - 1, 1);
    parts.push(head, literal);
  }
  return Buffer.concat(parts);
}
