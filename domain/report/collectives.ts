import { busBandwidth, type CollectiveRecord } from '../collectives.ts';
import { median } from '../statistics.ts';

export interface CollectiveRow {
  readonly communicator: string;
  readonly operation: string;
  readonly log2_bytes: number;
  readonly count: number;
  readonly median_s: number;
  /** Geometric mean, bytes per second; null where the operation has no factor. */
  readonly bus_bandwidth: number | null;
  /** Collectives of which every rank was heard: only they tell who was late. */
  readonly complete: number;
  /** Rank of the communicator that was last to come most often, i.e. showed the shortest duration; null: undecided. */
  readonly late_rank: number | null;
  readonly late_share_ratio: number | null;
}

/** By communicator, operation and size class. The late rank shows the SHORTEST duration: the others wait for it. */
export function collectivesOf(records: readonly CollectiveRecord[]): CollectiveRow[] {
  const groups = grouped(records);
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, own]) => rowOf(own));
}

function keyOf({ communicator, operation, bytes }: CollectiveRecord): string {
  return JSON.stringify([communicator, operation, sizeClass(bytes)]);
}

function sizeClass(bytes: number): number {
  return bytes < 1 ? 0 : Math.floor(Math.log2(bytes));
}

function grouped(records: readonly CollectiveRecord[]): Map<string, CollectiveRecord[]> {
  const found = new Map<string, CollectiveRecord[]>();
  for (const record of records) {
    const own = found.get(keyOf(record)) ?? [];
    own.push(record);
    found.set(keyOf(record), own);
  }
  return found;
}

function rowOf(records: readonly CollectiveRecord[]): CollectiveRow[] {
  const [first] = records;
  if (first === undefined) return [];
  const logs = records.map((record) => Math.log(busBandwidth(record) ?? Number.NaN));
  const mean = logs.reduce((sum, value) => sum + value, 0) / logs.length;
  const { communicator, operation, bytes } = first;
  const durations = records.map(({ duration_us }) => ({ value: duration_us / 1e6, count: 1 }));
  return [
    {
      communicator,
      operation,
      log2_bytes: sizeClass(bytes),
      count: records.length,
      median_s: median(durations) ?? Number.NaN,
      bus_bandwidth: Number.isFinite(mean) ? Math.exp(mean) : null,
      ...lateOf(records),
    },
  ];
}

function lateOf(records: readonly CollectiveRecord[]) {
  const bySequence = new Map<number, Map<number, CollectiveRecord>>();
  for (const record of records) {
    const ranks = bySequence.get(record.sequence) ?? new Map<number, CollectiveRecord>();
    bySequence.set(record.sequence, ranks.set(record.rank, record));
  }
  const whole = [...bySequence.values()].filter(
    (ranks) => ranks.size >= 2 && ranks.size === [...ranks.values()][0]?.ranks,
  );
  const late = new Map<number, number>();
  for (const ranks of whole) {
    const [a, b] = [...ranks.values()].sort((x, y) => x.duration_us - y.duration_us);
    if (a !== undefined && b !== undefined && a.duration_us < b.duration_us)
      late.set(a.rank, (late.get(a.rank) ?? 0) + 1);
  }
  const [worst] = [...late].sort((x, y) => y[1] - x[1] || x[0] - y[0]);
  const share = worst === undefined ? null : worst[1] / whole.length;
  const isLikely = share !== null && share > 0.5 && whole.length >= 5;
  return {
    complete: whole.length,
    late_rank: isLikely ? (worst?.[0] ?? null) : null,
    late_share_ratio: share,
  };
}
