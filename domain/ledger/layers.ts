/** Disjoint intervals in ascending order, each standing for an item by its number. Microseconds, ends exclusive. */
export interface Layer {
  readonly from: number[];
  readonly to: number[];
  readonly item: number[];
}

export interface Interval {
  readonly from_us: number;
  readonly to_us: number;
  readonly item: number;
}

export function emptyLayer(): Layer {
  return { from: [], to: [], item: [] };
}

/** Adds an interval that starts no earlier than the ones before; what an earlier one already covers stays its own. */
export function append(layer: Layer, from_us: number, to_us: number, item: number): void {
  const from = Math.max(from_us, layer.to.at(-1) ?? Number.NEGATIVE_INFINITY);
  if (to_us <= from) return;
  layer.from.push(from);
  layer.to.push(to_us);
  layer.item.push(item);
}

/** The union of intervals: overlapping ones are counted once, by the one that started first (ties: lower item). */
export function unionOf(intervals: readonly Interval[]): Layer {
  const layer = emptyLayer();
  const sorted = [...intervals].sort((a, b) => a.from_us - b.from_us || a.item - b.item || a.to_us - b.to_us);
  for (const { from_us, to_us, item } of sorted) append(layer, from_us, to_us, item);
  return layer;
}

/** Length of a layer inside `[from_us, to_us)`. */
export function lengthOf(layer: Layer, from_us: number, to_us: number): number {
  let sum = 0;
  for (let index = 0; index < layer.from.length; index++) {
    const from = Math.max(layer.from[index] ?? 0, from_us);
    const to = Math.min(layer.to[index] ?? 0, to_us);
    if (to > from) sum += to - from;
  }
  return sum;
}

/**
 * Walks `[from_us, to_us)` from boundary to boundary and tells for each piece which item every layer has there, -1 for
 * none. The pieces follow each other without gap, so whatever a visitor assigns them to adds up to the whole.
 * The array of items is reused from piece to piece.
 */
export function sweep(
  layers: readonly Layer[],
  from_us: number,
  to_us: number,
  visit: (from_us: number, to_us: number, items: readonly number[]) => void,
): void {
  const position = layers.map(() => 0);
  const items = layers.map(() => -1);
  let from = from_us;
  while (from < to_us) {
    let to = to_us;
    for (let index = 0; index < layers.length; index++) {
      const layer = layers[index];
      if (layer === undefined) continue;
      let at = position[index] ?? 0;
      while ((layer.to[at] ?? Number.POSITIVE_INFINITY) <= from) at++;
      position[index] = at;
      const begins = layer.from[at] ?? Number.POSITIVE_INFINITY;
      const isInside = begins <= from;
      items[index] = isInside ? (layer.item[at] ?? -1) : -1;
      const boundary = isInside ? (layer.to[at] ?? to_us) : begins;
      if (boundary < to) to = boundary;
    }
    visit(from, to, items);
    from = to;
  }
}
