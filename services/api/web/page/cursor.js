// @ts-check

/**
 * The moment a person points at, shared by all panels: what did every figure say when this one jumped?
 *
 * @typedef {(at_s: number | null, source: object) => void} CursorListener
 * @typedef {{ listen(listener: CursorListener): void, point(at_s: number | null, source: object): void }} SharedCursor
 */

/** @returns {SharedCursor} */
export function createSharedCursor() {
  /** @type {CursorListener[]} */
  const listeners = [];
  /** @type {object | null} */
  let holder = null;
  return {
    listen: (listener) => void listeners.push(listener),
    point(at_s, source) {
      // A chart that is drawn anew points nowhere: that must not take the cursor from the one that is pointed at.
      if (at_s === null && source !== holder) return;
      holder = at_s === null ? null : source;
      for (const listener of listeners) listener(at_s, source);
    },
  };
}
