import { LOCAL_SUFFIX } from './cluster-tables.ts';
import type { TableShape } from './insert-sql.ts';
import { type QueryParameters, StoreError } from './store.ts';

/** A table that is spread over a cluster has its sorting key where its rows are. */
const SHAPE = `SELECT c.name AS name, c.type AS type, t.sorting_key AS sorting_key
FROM system.columns AS c
JOIN (
  SELECT max(sorting_key) AS sorting_key FROM system.tables
  WHERE database = currentDatabase() AND name IN ({table:String}, concat({table:String}, '${LOCAL_SUFFIX}'))
) AS t ON 1 = 1
WHERE c.database = currentDatabase() AND c.table = {table:String}`;

type Query = <Row>(sql: string, parameters: QueryParameters) => Promise<Row[]>;

/** Columns and keys of the tables that are inserted into, asked for once. */
export class TableShapes {
  readonly #query: Query;
  readonly #known = new Map<string, TableShape>();

  constructor(query: Query) {
    this.#query = query;
  }

  /**
   * Asks again when one of the columns is not known: another process may have added it. Throws {@link StoreError} when
   * there is no such table.
   */
  async of(table: string, columns: readonly string[]): Promise<TableShape> {
    const known = this.#known.get(table);
    if (known !== undefined && columns.every((column) => known.types.has(column))) return known;
    const rows = await this.#query<{ name: string; type: string; sorting_key: string }>(SHAPE, { table });
    const [first] = rows;
    if (first === undefined)
      throw new StoreError('failed', `There is no table ${table}; has it been migrated?`);
    const types = new Map(rows.map(({ name, type }) => [name, type]));
    const shape = { types, sorting_key: first.sorting_key };
    this.#known.set(table, shape);
    return shape;
  }

  /** Another statement may have changed a table. */
  forget(): void {
    this.#known.clear();
  }
}
