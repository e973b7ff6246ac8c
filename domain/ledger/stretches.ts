import type { Segment } from './ledger-shape.ts';
import { createSegments } from './segments.ts';

/** Segments of whole stretches: sums of seconds do not ask which step they were of, and a run has very many steps. */
export function stretchesOf(segments: readonly Segment[]): Segment[] {
  const stretches = createSegments();
  for (const segment of segments) stretches.add({ ...segment, step: undefined });
  return stretches.list();
}
