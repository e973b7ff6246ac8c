/** One part of a `multipart/form-data` body (RFC 7578). */
export interface Part {
  readonly name: string;
  /** Given for a file; a field has none. */
  readonly filename: string | undefined;
  readonly body: Buffer;
}

/** The parts of a body, or null when the type is another one. Throws on a body that is cut off. */
export function partsOf(contentType: string | undefined, body: Buffer): Part[] | null {
  if (!contentType?.startsWith('multipart/form-data')) return null;
  const boundary = /boundary="?([^";]+)"?/.exec(contentType)?.[1];
  if (boundary === undefined) throw new Error('multipart/form-data without a boundary');
  const parts: Part[] = [];
  let at = body.indexOf(`--${boundary}`);
  while (at >= 0) {
    const begin = at + boundary.length + 2;
    if (body.subarray(begin, begin + 2).toString() === '--') return parts;
    const next = body.indexOf(`\r\n--${boundary}`, begin);
    const headEnd = body.indexOf('\r\n\r\n', begin);
    if (next < 0 || headEnd < 0) break;
    parts.push(partOf(body.subarray(begin, headEnd).toString(), body.subarray(headEnd + 4, next)));
    at = next + 2;
  }
  throw new Error('multipart/form-data without its last boundary');
}

function partOf(head: string, body: Buffer): Part {
  const name = /[;\s]name="([^"]*)"/i.exec(head)?.[1];
  if (name === undefined) throw new Error('a part of multipart/form-data without a name');
  return { name, filename: /filename="([^"]*)"/i.exec(head)?.[1], body };
}
