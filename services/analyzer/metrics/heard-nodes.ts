import type { Log } from '../../../platform/log.ts';
import { namedQuery } from '../../../platform/store/named-queries.ts';
import type { Store } from '../../../platform/store/store.ts';

/** Nodes of one question. */
const NODES_PER_QUERY = 5000;

/** Of how long before now a node that was heard is looked for with the others, and how often one that was not. */
const FRESH_US = 120_000_000;
const ABSENT_ASKED_US = 30_000_000;
/** For so long a node is remembered that no job asks for. */
const REMEMBERED_US = 3600_000_000;

interface Heard {
  /** Newest telemetry, microseconds; undefined: none within the look-back. */
  readonly heard_us: number | undefined;
  readonly asked_us: number;
  wanted_us: number;
}

/** When device telemetry of machines was last stored, asked for all of them at once. */
export class HeardNodes {
  readonly #store: Store;
  readonly #log: Log;
  readonly #lookback_us: number;
  readonly #nodes = new Map<string, Heard>();
  #works = true;

  constructor(store: Store, log: Log, lookback_s: number) {
    this.#store = store;
    this.#log = log;
    this.#lookback_us = lookback_s * 1e6;
  }

  /** Asks for these nodes; those that were never heard, or not for long, are not looked for every time. */
  async refresh(nodes: ReadonlySet<string>, now_us: number): Promise<void> {
    for (const [node, { wanted_us }] of this.#nodes) {
      if (now_us - wanted_us > REMEMBERED_US) this.#nodes.delete(node);
    }
    if (nodes.size === 0 || !this.#works) return;
    const fresh: string[] = [];
    const others: string[] = [];
    for (const node of nodes) {
      const known = this.#nodes.get(node);
      if (known !== undefined) known.wanted_us = now_us;
      if (known?.heard_us !== undefined && known.heard_us >= now_us - FRESH_US) fresh.push(node);
      else if (known === undefined || now_us - known.asked_us >= ABSENT_ASKED_US) others.push(node);
    }
    try {
      await this.#ask(fresh, now_us);
      await this.#ask(others, now_us);
    } catch (error) {
      this.#works = false;
      this.#nodes.clear();
      this.#log.warn('device telemetry could not be read; silence is judged by run events only', {
        error: String(error),
      });
    }
  }

  /** Newest telemetry of any of them, microseconds since the epoch; undefined when there is none. */
  of(nodes: ReadonlySet<string>): number | undefined {
    let newest: number | undefined;
    for (const node of nodes) {
      const heard_us = this.#nodes.get(node)?.heard_us;
      if (heard_us !== undefined && (newest === undefined || heard_us > newest)) newest = heard_us;
    }
    return newest;
  }

  async #ask(nodes: readonly string[], now_us: number): Promise<void> {
    // what was heard once need not be looked for again
    let since_us = now_us;
    for (const node of nodes) since_us = Math.min(since_us, this.#nodes.get(node)?.heard_us ?? 0);
    const since_ms = Math.floor(Math.max(since_us, now_us - this.#lookback_us) / 1000);
    for (let from = 0; from < nodes.length; from += NODES_PER_QUERY) {
      const some = nodes.slice(from, from + NODES_PER_QUERY);
      const rows = await this.#store.query<{ node: string; heard_us: number }>(
        namedQuery('each_node_heard'),
        { nodes: some, since_ms },
      );
      const heard = new Map(rows.map((row) => [row.node, row.heard_us]));
      for (const node of some) {
        const heard_us = heard.get(node) ?? this.#nodes.get(node)?.heard_us;
        this.#nodes.set(node, { heard_us, asked_us: now_us, wanted_us: now_us });
      }
    }
  }
}
