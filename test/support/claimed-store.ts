import { type Fence, Fenced } from '../../platform/fence.ts';
import type { InsertOptions, Store } from '../../platform/store/store.ts';

/** Claims kept in memory, as the tables of a cluster keep them: who has which name, and whose inserts are refused. */
export class Claims {
  readonly #epochs = new Map<string, number>();

  claim(name: string, owner: string): Fence {
    const epoch = (this.#epochs.get(name) ?? 0) + 1;
    this.#epochs.set(name, epoch);
    return { name, epoch, owner };
  }

  /** The store with its inserts checked. `onInsert` is called before each, with how many there were. */
  guard(store: Store, onInsert: (inserts: number) => void = () => {}): Store {
    let inserts = 0;
    const check = ({ fence }: InsertOptions = {}) => {
      onInsert(inserts++);
      if (fence !== undefined && fence.epoch < (this.#epochs.get(fence.name) ?? 0)) throw new Fenced(fence);
    };
    return {
      query: (...asked) => store.query(...asked),
      command: (...asked) => store.command(...asked),
      async insertRows(table, rows, options) {
        check(options);
        await store.insertRows(table, rows, unfenced(options));
      },
      async insertRowBinary(table, columns, body, options) {
        check(options);
        await store.insertRowBinary(table, columns, body, unfenced(options));
      },
      close: async () => {},
    };
  }
}

/** The embedded engine has no claims. */
function unfenced({ fence: _, ...options }: InsertOptions = {}): InsertOptions {
  return options;
}
