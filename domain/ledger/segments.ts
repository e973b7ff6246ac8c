import type { Segment } from './ledger-shape.ts';

/** Collects segments in order of time; neighbours that differ in nothing become one. */
export function createSegments(): { add: (segment: Segment) => void; list: () => Segment[] } {
  const list: Segment[] = [];
  let open: Segment | undefined;
  const close = () => {
    if (open !== undefined) list.push(open);
  };
  return {
    add: (segment) => {
      if (segment.to_us <= segment.from_us) return;
      if (open !== undefined && isSame(open, segment)) open = { ...open, to_us: segment.to_us };
      else {
        close();
        open = segment;
      }
    },
    list: () => {
      close();
      open = undefined;
      return list;
    },
  };
}

/** Whether one goes on in the other without any difference. */
export function isSame(a: Segment, b: Segment): boolean {
  return (
    a.to_us === b.from_us &&
    a.bucket === b.bucket &&
    a.attempt === b.attempt &&
    a.step === b.step &&
    a.name === b.name &&
    a.cause === b.cause &&
    a.devices === b.devices &&
    a.stepping === b.stepping
  );
}
