/** Bytes that mean something in a metrics page, and the two scans over them that every reader of it needs. */
export const TAB = 0x09;
export const LINE_FEED = 0x0a;
export const RETURN = 0x0d;
export const SPACE = 0x20;
export const QUOTE = 0x22;
export const HASH = 0x23;
export const COMMA = 0x2c;
export const EQUALS = 0x3d;
export const BACKSLASH = 0x5c;
export const BRACE_OPEN = 0x7b;
export const BRACE_CLOSE = 0x7d;

export function skipBlanks(bytes: Uint8Array, start: number, limit: number): number {
  let at = start;
  while (at < limit && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
  return at;
}

/** Index of the line feed that ends the line at `start`, or `limit` when the page ends before it. */
export function lineStop(bytes: Uint8Array, start: number, limit: number): number {
  const feed = bytes.indexOf(LINE_FEED, start);
  return feed === -1 || feed >= limit ? limit : feed;
}
