import type { Segment } from '../ledger-shape.ts';
import { type Excess, startupOf } from '../paint.ts';

/**
 * Seconds of a job by everything that a segment says beside its step: a row is a segment as long as all of its kind
 * together. Rows come and go exactly, in whole microseconds. Stretches between attempts each stay a row of their own,
 * so that a row's `from_us` says which.
 */
export class LedgerRows {
  /** What a row is found by. */
  static readonly keyOf = rowKey;
  readonly #rows: Map<string, Segment>;

  constructor(from?: LedgerRows) {
    this.#rows = new Map(from === undefined ? [] : from.#rows);
  }

  add(segment: Segment): void {
    this.#change(segment, segment.to_us - segment.from_us);
  }

  remove(segment: Segment): void {
    this.#change(segment, segment.from_us - segment.to_us);
  }

  rows(): Segment[] {
    return [...this.#rows.values()];
  }

  #change(segment: Segment, by_us: number): void {
    if (by_us === 0) return;
    const key = rowKey(segment);
    const known = this.#rows.get(key);
    const length_us = (known === undefined ? 0 : known.to_us - known.from_us) + by_us;
    const { from_us } = known ?? segment;
    if (length_us === 0) this.#rows.delete(key);
    else this.#rows.set(key, { ...(known ?? segment), step: undefined, from_us, to_us: from_us + length_us });
  }
}

function rowKey({ bucket, attempt, name, cause, devices, stepping, from_us }: Segment): string {
  const texts = `${name === undefined ? '' : `=${name}`}\n${cause === undefined ? '' : `=${cause}`}`;
  return `${bucket}|${attempt ?? `gap ${from_us}`}|${devices ?? ''}|${stepping ?? ''}|${texts}`;
}

/** The rows of some segments. Neighbours are mostly alike, so few keys are made. */
export function rowsOf(segments: Iterable<Segment>): Segment[] {
  const firsts: Segment[] = [];
  const lengths_us: number[] = [];
  let rows: LedgerRows | undefined;
  const close = () => {
    const closed = firsts.map((first, index) => ({
      ...first,
      step: undefined,
      to_us: first.from_us + (lengths_us[index] ?? 0),
    }));
    firsts.length = 0;
    lengths_us.length = 0;
    return closed;
  };
  for (const segment of segments) {
    const length_us = segment.to_us - segment.from_us;
    let index = firsts.length - 1;
    while (index >= 0 && !isAlike(firsts[index], segment)) index--;
    if (index >= 0) {
      lengths_us[index] = (lengths_us[index] ?? 0) + length_us;
      continue;
    }
    if (firsts.length === OPEN_MAX) {
      rows ??= new LedgerRows();
      for (const row of close()) rows.add(row);
    }
    firsts.push(segment);
    lengths_us.push(length_us);
  }
  const open = close();
  if (rows === undefined) return open.filter(({ from_us, to_us }) => to_us > from_us);
  for (const row of open) rows.add(row);
  return rows.rows();
}

const OPEN_MAX = 8;

function isAlike(a: Segment | undefined, b: Segment): boolean {
  return (
    a?.bucket === b.bucket &&
    a.attempt === b.attempt &&
    a.attempt !== undefined &&
    a.name === b.name &&
    a.cause === b.cause &&
    a.devices === b.devices &&
    a.stepping === b.stepping
  );
}

/** Rows laid end to end over a horizon: what sums of segments are taken of, where only sums are asked for. */
export function laidOut(rows: readonly Segment[], from_us: number): Segment[] {
  let at_us = from_us;
  return rows.map((row) => {
    const from = at_us;
    at_us += row.to_us - row.from_us;
    return { ...row, from_us: from, to_us: at_us };
  });
}

/** Moves what a slow first step exceeds from productive time to start-up, as far as it lies behind a time. */
export function moveToStartup(
  rows: LedgerRows,
  excess: Excess,
  pieces: readonly Segment[],
  since_us = Number.NEGATIVE_INFINITY,
): void {
  let left = excess.excess_us;
  for (const piece of pieces) {
    const part_us = Math.min(left, piece.to_us - piece.from_us);
    if (part_us <= 0) return;
    left -= part_us;
    const part = { ...piece, from_us: Math.max(piece.from_us, since_us), to_us: piece.from_us + part_us };
    if (part.to_us <= part.from_us) continue;
    rows.remove(part);
    rows.add(startupOf(part, part.to_us, excess));
  }
}
