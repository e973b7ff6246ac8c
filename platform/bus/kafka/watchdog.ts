import type { Log } from '../../log.ts';

export interface WatchdogDependencies {
  readonly stall_timeout_s: number;
  /** How much longer an answer of the group may take: it comes when all its members have come back. */
  readonly rebalance_timeout_s: number;
  /** Ids of the brokers that the cluster has now; rejects when it does not answer. */
  readonly probe: () => Promise<ReadonlySet<number>>;
  readonly onStall: (problem: string) => void;
  readonly log: Log;
  readonly now_ms?: () => number;
}

/** How often it looks, in parts of the timeout. */
const LOOKS_PER_TIMEOUT = 4;

/**
 * Notices a client that went silent: no fetch, no heartbeat, no error, for ever (kafkajs #659). Only a silence while the
 * brokers answer counts, and only one that lasts as long again after they did: during an outage, and just after it, the
 * client has every reason to be silent, and a new process would be no better.
 */
export class Watchdog {
  readonly #deps: WatchdogDependencies;
  readonly #now_ms: () => number;
  readonly #fetched_ms = new Map<number, number>();
  #alive_ms: number;
  #isJoining = false;
  #working = 0;
  #suspected_ms: number | null = null;
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;

  constructor(deps: WatchdogDependencies) {
    this.#deps = deps;
    this.#now_ms = deps.now_ms ?? (() => performance.now());
    this.#alive_ms = this.#now_ms();
  }

  start(): void {
    const pause_ms = (this.#deps.stall_timeout_s * 1000) / LOOKS_PER_TIMEOUT;
    this.#timer = setInterval(() => void this.look(), pause_ms).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Brokers answered, or a batch was handled. */
  alive(): void {
    this.#alive_ms = this.#now_ms();
  }

  /** Broker `node` answered a fetch. */
  fetched(node: number): void {
    this.#alive_ms = this.#now_ms();
    this.#fetched_ms.set(node, this.#alive_ms);
  }

  /** The client asks to be a member of the group. Until it is, it is right that it reads nothing. */
  joining(): void {
    this.#isJoining = true;
    this.alive();
  }

  /** It may have other brokers to ask than before. */
  joined(): void {
    this.#isJoining = false;
    this.#fetched_ms.clear();
    this.alive();
  }

  /** While messages are handled nothing is fetched, and that is as it should be. */
  async whileWorking<T>(work: () => Promise<T>): Promise<T> {
    this.#working += 1;
    try {
      return await work();
    } finally {
      this.#working -= 1;
      const now_ms = this.#now_ms();
      this.#alive_ms = now_ms;
      for (const node of this.#fetched_ms.keys()) this.#fetched_ms.set(node, now_ms);
    }
  }

  /** Time since the client was last heard of, seconds. */
  get silent_s(): number {
    return (this.#now_ms() - this.#alive_ms) / 1000;
  }

  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      await this.#look();
    } finally {
      this.#isLooking = false;
    }
  }

  async #look(): Promise<void> {
    if (this.#problem() === null) {
      this.#suspected_ms = null;
      return;
    }
    let nodes: ReadonlySet<number>;
    try {
      nodes = await this.#deps.probe();
    } catch (cause) {
      this.#suspected_ms = null;
      const problem = cause instanceof Error ? cause.message : String(cause);
      this.#deps.log.warn('kafka did not answer', { problem, silent_s: Math.round(this.silent_s) });
      return;
    }
    for (const node of this.#fetched_ms.keys()) if (!nodes.has(node)) this.#fetched_ms.delete(node);
    const problem = this.#problem();
    const now_ms = this.#now_ms();
    if (problem === null) this.#suspected_ms = null;
    else this.#suspected_ms ??= now_ms;
    if (problem === null || this.#suspected_ms === null) return;
    if (now_ms - this.#suspected_ms >= this.#deps.stall_timeout_s * 1000) this.#deps.onStall(problem);
  }

  #problem(): string | null {
    const { stall_timeout_s, rebalance_timeout_s } = this.#deps;
    const now_ms = this.#now_ms();
    const isSilent = (since_ms: number, limit_s: number) => now_ms - since_ms >= limit_s * 1000;
    const limit_s = stall_timeout_s + (this.#isJoining ? rebalance_timeout_s : 0);
    if (isSilent(this.#alive_ms, limit_s)) return `the client was silent for ${limit_s} s`;
    if (this.#working > 0 || this.#isJoining) return null;
    const silent = [...this.#fetched_ms].find(([, since_ms]) => isSilent(since_ms, stall_timeout_s));
    return silent === undefined ? null : `broker ${silent[0]} was not read from for ${stall_timeout_s} s`;
  }
}
