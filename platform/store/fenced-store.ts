import { type Fence, Fenced } from '../fence.ts';
import type { InsertOptions, Store } from './store.ts';

/** The same tables, every insert under a claim. `onFenced` is told when a later claim turned one away, besides whoever made it. */
export function fencedStore(store: Store, fence: Fence, onFenced: (error: Fenced) => void): Store {
  const insert = async (write: (options: Pick<InsertOptions, 'fence'>) => Promise<void>): Promise<void> => {
    try {
      await write({ fence });
    } catch (error) {
      if (error instanceof Fenced) onFenced(error);
      throw error;
    }
  };
  return {
    query: (sql, parameters) => store.query(sql, parameters),
    command: (sql, parameters) => store.command(sql, parameters),
    insertRows: (table, rows, options) =>
      insert((own) => store.insertRows(table, rows, { ...options, ...own })),
    insertRowBinary: (table, columns, body, options) =>
      insert((own) => store.insertRowBinary(table, columns, body, { ...options, ...own })),
    close: () => store.close(),
  };
}
