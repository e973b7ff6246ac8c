import type { PackedLength } from './model-flops.ts';

/** Different lengths of one histogram; more say nothing that a coarser one does not. */
export const PACKED_LENGTHS_MAX = 65_536;

/** A text or value that is no histogram of document lengths; the message says what was expected. */
export class BadPackedLengths extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BadPackedLengths';
  }
}

const EXPECTED =
  'a list of lengths in tokens (512,1024,1024), of length x count (512x20,4096x3), or JSON: such a list, ' +
  '[{"tokens": 512, "documents": 20}] or {"512": 20}';

/**
 * The lengths of the documents that packed batches hold, as people and files write them: words with commas, blanks or
 * lines between them, or JSON. Padding is no document: only real tokens belong in it. Equal lengths are put together,
 * the shortest first. Throws {@link BadPackedLengths}.
 */
export function packedLengthsFromText(text: string): readonly PackedLength[] {
  const trimmed = text.trim();
  if (/^[[{]/.test(trimmed)) {
    let value: unknown;
    try {
      value = JSON.parse(trimmed);
    } catch (error) {
      throw new BadPackedLengths(`packed lengths are not JSON: ${String(error)}; expected ${EXPECTED}`);
    }
    return packedLengthsFrom(value);
  }
  const words = trimmed.split(/[\s,;]+/).filter((word) => word !== '');
  return merged(words.map(lengthOfWord));
}

/** The same of a value that JSON gave. Throws {@link BadPackedLengths}. */
export function packedLengthsFrom(value: unknown): readonly PackedLength[] {
  if (Array.isArray(value)) return merged(value.map(lengthOfItem));
  if (typeof value === 'object' && value !== null) {
    return merged(Object.entries(value).map(([tokens, documents]) => checked(Number(tokens), documents)));
  }
  throw new BadPackedLengths(`packed lengths are ${JSON.stringify(value)}; expected ${EXPECTED}`);
}

function lengthOfWord(word: string): PackedLength {
  const [tokens, documents, ...rest] = word.split(/[x:*]/i);
  if (rest.length > 0 || tokens === undefined || tokens === '') throw notALength(word);
  return checked(Number(tokens), documents === undefined ? 1 : Number(documents || Number.NaN), word);
}

function lengthOfItem(item: unknown): PackedLength {
  if (typeof item !== 'object' || item === null) return checked(item, 1);
  const { tokens, documents = 1 } = item as { readonly tokens?: unknown; readonly documents?: unknown };
  return checked(tokens, documents, JSON.stringify(item));
}

function checked(tokens: unknown, documents: unknown, shown: string = String(tokens)): PackedLength {
  if (isCount(tokens) && isCount(documents)) return { tokens, documents };
  throw notALength(shown);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

function notALength(shown: string): BadPackedLengths {
  return new BadPackedLengths(
    `packed length ${shown} is not a whole number above 0, or its count is not; expected ${EXPECTED}`,
  );
}

function merged(lengths: readonly PackedLength[]): readonly PackedLength[] {
  if (lengths.length === 0) throw new BadPackedLengths(`there is no packed length; expected ${EXPECTED}`);
  const counts = new Map<number, number>();
  for (const { tokens, documents } of lengths) counts.set(tokens, (counts.get(tokens) ?? 0) + documents);
  if (counts.size > PACKED_LENGTHS_MAX) {
    throw new BadPackedLengths(`${counts.size} different packed lengths; at most ${PACKED_LENGTHS_MAX}`);
  }
  return [...counts]
    .map(([tokens, documents]) => ({ tokens, documents }))
    .sort((a, b) => a.tokens - b.tokens);
}
