/** A row to write: new, changed, or gone (`deleted`). */
export interface RowChange<Row> {
  readonly row: Row;
  readonly deleted: boolean;
}

/**
 * What turns rows published before into the rows of now. Both are in the same order, so the part that both begin with,
 * nearly all of it in a job that goes on, is only compared.
 *
 * @param keyOf what a row is found by in its table
 * @param isSame whether two rows say the same, their keys included
 */
export function changedRows<Row>(
  before: readonly Row[],
  now: readonly Row[],
  keyOf: (row: Row) => string,
  isSame: (a: Row, b: Row) => boolean,
): RowChange<Row>[] {
  const first = commonPrefix(before, now, isSame);
  const gone = new Map<string, Row>();
  for (let index = first; index < before.length; index++) {
    const row = before[index];
    if (row !== undefined) gone.set(keyOf(row), row);
  }
  const changes: RowChange<Row>[] = [];
  for (let index = first; index < now.length; index++) {
    const row = now[index];
    if (row === undefined) continue;
    const key = keyOf(row);
    const known = gone.get(key);
    gone.delete(key);
    if (known === undefined || !isSame(known, row)) changes.push({ row, deleted: false });
  }
  for (const row of gone.values()) changes.push({ row, deleted: true });
  return changes;
}

function commonPrefix<Row>(
  before: readonly Row[],
  now: readonly Row[],
  isSame: (a: Row, b: Row) => boolean,
): number {
  const length = Math.min(before.length, now.length);
  let index = 0;
  while (index < length) {
    const [a, b] = [before[index], now[index]];
    if (a === undefined || b === undefined) break;
    if (a !== b && !isSame(a, b)) break;
    index++;
  }
  return index;
}
