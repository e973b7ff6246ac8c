import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether an `Authorization` header shows the token. Takes the same time for every wrong one. */
export function showsToken(header: string | undefined, token: string): boolean {
  const match = /^bearer +(.+)$/i.exec(header ?? '');
  return timingSafeEqual(digest(match?.[1]?.trim() ?? ''), digest(token));
}

/** Digests are of equal length, which the comparison needs and which hides the token's. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
