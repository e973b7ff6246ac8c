import type { ApiConfig } from './config.ts';
import { Problem } from './problem.ts';

export interface Page {
  readonly limit: number;
  /** What the last item of the page before was called; empty for the first page. */
  readonly after: string;
}

/** `limit` and the opaque `cursor` of the list `key`. Throws a 400 {@link Problem}, also for the cursor of another. */
export function pageFromQuery(query: Record<string, string>, key: string, config: ApiConfig): Page {
  return { limit: limitOf(query['limit'], config), after: cursorOf(key, query['cursor']) };
}

/** A page of a list that its reader already cut at `limit`: the cursor of the next page is the last item's name. */
export function namePage<Item>(
  key: string,
  items: readonly Item[],
  { limit }: Page,
  nameOf: (item: Item) => string,
) {
  const last = items.length === limit ? items.at(-1) : undefined;
  return { [key]: items, next: last === undefined ? null : cursorFor(key, nameOf(last)) };
}

/** A page of a list in memory: the cursor of the next page is its index. */
export function indexPage<Item>(key: string, items: readonly Item[], { limit, after }: Page) {
  const begin = after === '' ? 0 : Number(after);
  if (!Number.isInteger(begin) || begin < 0 || (begin > 0 && begin >= items.length)) throw badCursor();
  const end = begin + limit;
  return { [key]: items.slice(begin, end), next: end < items.length ? cursorFor(key, String(end)) : null };
}

function limitOf(text: string | undefined, { jobs_limit, jobs_limit_max }: ApiConfig): number {
  if (text === undefined) return jobs_limit;
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= jobs_limit_max) return limit;
  throw new Problem(400, 'Bad limit', `limit=${text} must be a whole number from 1 to ${jobs_limit_max}.`);
}

/** The list's name goes before: what was made up, or cut, or is of another list, is not taken for an end. */
function cursorFor(key: string, text: string): string {
  return Buffer.from(`${key}:${text}`).toString('base64url');
}

function cursorOf(key: string, cursor: string | undefined): string {
  if (cursor === undefined) return '';
  const plain = Buffer.from(cursor, 'base64url').toString('utf8');
  const text = plain.slice(key.length + 1);
  if (text === '' || cursorFor(key, text) !== cursor) throw badCursor();
  return text;
}

/** For a cursor that is none, or is not of this list. */
export function badCursor(): Problem {
  return new Problem(400, 'Bad cursor', 'cursor must be the `next` of an earlier answer, unchanged.');
}
