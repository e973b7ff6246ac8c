import { setTimeout as sleep } from 'node:timers/promises';
import type { Member } from './member.ts';

/** Counters that the drill tells of, without `headway_bus_` and `_total`. */
const NAMES = [
  'kafka_messages',
  'kafka_copies',
  'kafka_fenced',
  'kafka_joins',
  'kafka_client_restarts',
  'kafka_failed_requests',
  'kafka_unfounded_successes',
  'kafka_skipped_sequences',
  'kafka_lost_messages',
  'kafka_changed_logs',
  'outages',
  'spooled_batches',
  'drained_batches',
  'failed_deliveries',
  'repeated_deliveries',
  'dead_letters',
  'dead_letter_failures',
] as const;

/**
 * Adds up what processes count of themselves over all that they were started as. What one counted after the last look
 * before its end is missing, so these are lower bounds.
 */
export class CounterWatch {
  /** By process and start. */
  readonly #last = new Map<string, ReadonlyMap<string, number>>();
  readonly #members: readonly Member[];

  constructor(members: readonly Member[]) {
    this.#members = members;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.look();
      await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** One that does not answer is looked at the next time. */
  async look(): Promise<void> {
    await Promise.all(
      this.#members.map(async ({ url, name, starts }) => {
        if (url === null) return;
        const text = await pageOf(url);
        if (text !== null) this.#last.set(`${name} ${starts}`, countersOf(text));
      }),
    );
  }

  /** Of each name the sum over all processes. */
  get totals(): ReadonlyMap<string, number> {
    const all = [...this.#last.values()];
    return new Map(
      NAMES.map((name) => [name, all.reduce((sum, counters) => sum + (counters.get(name) ?? 0), 0)]),
    );
  }
}

async function pageOf(url: string): Promise<string | null> {
  try {
    const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(LOOK_LIMIT_MS) });
    return response.ok ? await response.text() : null;
  } catch {
    return null;
  }
}

/** Series of one name are added up. */
function countersOf(page: string): ReadonlyMap<string, number> {
  const counters = new Map<string, number>();
  for (const [, name = '', value = ''] of page.matchAll(/^headway_bus_(\w+)_total(?:\{.*\})? (\S+)/gm)) {
    counters.set(name, (counters.get(name) ?? 0) + Number(value));
  }
  return counters;
}

const LOOK_MS = 500;
const LOOK_LIMIT_MS = 2000;
