import { readFileSync } from 'node:fs';

const FOLDER = new URL('../../sql/queries/', import.meta.url);
const read = new Map<string, string>();

/** The text of `sql/queries/<name>.sql`: one question a file, with a header of purpose, parameters, grain and unit. */
export function namedQuery(name: string): string {
  const known = read.get(name);
  if (known !== undefined) return known;
  if (!/^[a-z0-9_]+$/.test(name)) throw new Error(`${JSON.stringify(name)} is not the name of a query`);
  const sql = readFileSync(new URL(`${name}.sql`, FOLDER), 'utf8')
    .trimEnd()
    .replace(/;$/, '');
  read.set(name, sql);
  return sql;
}
