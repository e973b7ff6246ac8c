/** Half-open stretch of time; both ends in the same unit. */
export type Interval = readonly [from: number, to: number];

/** The same time covered, without overlaps, in order. Empty and reversed intervals are dropped. */
export function unionOf(intervals: readonly Interval[]): Interval[] {
  const sorted = intervals.filter(([from, to]) => to > from).sort((a, b) => a[0] - b[0]);
  const merged: [number, number][] = [];
  for (const [from, to] of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}

export function lengthOf(union: readonly Interval[]): number {
  return union.reduce((sum, [from, to]) => sum + (to - from), 0);
}

/** Time in both of two unions (each from {@link unionOf}), in one pass. */
export function overlapOf(a: readonly Interval[], b: readonly Interval[]): number {
  let sum = 0;
  let i = 0;
  let j = 0;
  for (;;) {
    const [one, other] = [a[i], b[j]];
    if (one === undefined || other === undefined) return sum;
    sum += Math.max(0, Math.min(one[1], other[1]) - Math.max(one[0], other[0]));
    if (one[1] < other[1]) i += 1;
    else j += 1;
  }
}

/** The part of a union inside a window. */
export function clipped(union: readonly Interval[], [from, to]: Interval): Interval[] {
  return union.flatMap(([start, end]): Interval[] =>
    end <= from || start >= to ? [] : [[Math.max(start, from), Math.min(end, to)]],
  );
}
