import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLog } from '../../platform/log.ts';
import { STORE_DEFAULTS } from '../../platform/store/config.ts';
import { openEmbeddedStore } from '../../platform/store/embedded.ts';
import { createRandom, type Random } from '../../simulator/random.ts';
import { httpSend, Load } from '../support/load.ts';
import { eventually } from '../support/loopback.ts';
import { countCopies, Oracle, type Verdict } from '../support/oracle.ts';
import { AIMS, type Aim, canAim, killAt } from './aimed-kill.ts';
import { ProductProcess } from './product-process.ts';

export interface EmbeddedDrillOptions {
  /** Empty; holds the data directory afterwards. */
  readonly folder: string;
  readonly kills: number;
  readonly seed: number;
  readonly progress?: (line: string) => void;
}

export interface EmbeddedDrillResult {
  readonly verdict: Verdict;
  /** How many kills fell where. */
  readonly kills: ReadonlyMap<string, number>;
  /** Deliveries that a killed process had begun and a later one did again. */
  readonly repeated_deliveries: number;
  /** Sends whose outcome the sender did not learn. */
  readonly unknown_outcomes: number;
  /** From the send of an event after the last kill to its job in the answers, seconds. */
  readonly fresh_s: number;
  readonly complaints: readonly string[];
}

/** Small segments and deliveries, so that kills fall between two of them; accounts often, so that kills fall into them. */
const CONFIG = `spool: { segment_bytes_max: 300000, delivery_bytes_max: 100000 }
analyzer: { interval_s: 1 }
`;

/** `headway start` under load, killed again and again at random and at chosen instants. */
export async function drillEmbedded(options: EmbeddedDrillOptions): Promise<EmbeddedDrillResult> {
  const drill = new EmbeddedDrill(options);
  await drill.prepare();
  for (let kill = 0; kill < options.kills; kill++) await drill.killOnce(kill);
  return drill.finish();
}

class EmbeddedDrill {
  readonly #options: EmbeddedDrillOptions;
  readonly #random: Random;
  readonly #oracle: Oracle;
  readonly #load: Load;
  readonly #data: string;
  readonly #aims: readonly Aim[] = canAim() ? AIMS : [];
  readonly #kills = new Map<string, number>();
  readonly #complaints: string[] = [];
  #repeated = 0;

  constructor(options: EmbeddedDrillOptions) {
    this.#options = options;
    this.#random = createRandom(options.seed);
    this.#oracle = new Oracle(`drill-${options.seed}`);
    this.#load = new Load(this.#oracle, {
      inflight: 4,
      lines_max: 8,
      resend_ratio: 0.5,
      pause_ms: 10,
      random: this.#random,
    });
    this.#data = join(options.folder, 'data');
  }

  async prepare(): Promise<void> {
    await writeFile(this.#configFile, CONFIG);
    const store = await openEmbeddedStore(this.#data, STORE_DEFAULTS, silentLog);
    await countCopies(store);
    await store.close();
  }

  /** Every fifth process dies while it starts or recovers, every fifth at a chosen call, the others under load. */
  async killOnce(number: number): Promise<void> {
    const product = this.#start();
    const aim = number % 5 === 3 ? this.#aims[Math.floor(number / 5) % this.#aims.length] : undefined;
    if (number % 5 === 4) await this.#killStarting(product);
    else if (aim !== undefined) await this.#killUnderLoad(product, aim);
    else await this.#killUnderLoad(product);
    this.#note(product);
    this.#options.progress?.(`${number + 1} kills: ${this.#oracle.acknowledged} acknowledged`);
  }

  async finish(): Promise<EmbeddedDrillResult> {
    const product = this.#start();
    const url = await this.#listening(product);
    const fresh_s = await this.#sendFresh(url);
    await this.#inTheTables(url);
    const end = await product.stop();
    if (end !== 0) this.#complaints.push(`ended with ${end}`);
    this.#note(product);
    const store = await openEmbeddedStore(this.#data, STORE_DEFAULTS, silentLog);
    try {
      const verdict = await this.#oracle.check(store);
      return {
        verdict,
        kills: this.#kills,
        repeated_deliveries: this.#repeated,
        unknown_outcomes: this.#load.failures,
        fresh_s,
        complaints: this.#complaints,
      };
    } finally {
      await store.close();
    }
  }

  get #configFile(): string {
    return join(this.#options.folder, 'headway.yaml');
  }

  #start(): ProductProcess {
    return new ProductProcess(['--data', this.#data, '--config', this.#configFile, '--port', '0']);
  }

  #note(product: ProductProcess): void {
    this.#repeated += product.repeated;
    this.#complaints.push(...product.complaints);
  }

  #count(place: string): void {
    this.#kills.set(place, (this.#kills.get(place) ?? 0) + 1);
  }

  async #listening(product: ProductProcess): Promise<string> {
    const url = await product.url;
    if (url === null)
      throw new Error(`the product did not start, ${product.end}: ${product.complaints.join('\n')}`);
    return url;
  }

  async #killStarting(product: ProductProcess): Promise<void> {
    await sleep(this.#random.uniform() * STARTING_MS);
    product.kill();
    await product.gone;
    this.#count('starting');
  }

  async #killUnderLoad(product: ProductProcess, aim?: Aim): Promise<void> {
    const url = await this.#listening(product);
    const over = new AbortController();
    const load = this.#load.run(
      httpSend(() => url),
      over.signal,
    );
    await sleep(this.#random.uniform() * UNDER_LOAD_MS);
    const tracer =
      aim === undefined ? undefined : killAt(product.pid, aim, 1 + this.#random.below(CALLS_MAX));
    if (tracer === undefined) product.kill();
    const limit = setTimeout(() => product.kill(), AIMED_LIMIT_MS);
    await product.gone;
    clearTimeout(limit);
    tracer?.kill();
    over.abort();
    await load;
    this.#count(aim === undefined ? 'under load' : `at ${aim.name}`);
  }

  /** An event of its own job, sent and asked for as a user would. */
  async #sendFresh(url: string): Promise<number> {
    const began = performance.now();
    const job = 'after-the-drill';
    const event = { type: 'job', job, time_us: 1_700_000_000_000_000 };
    if (!(await httpSend(() => url)([JSON.stringify(event)]))) throw new Error('a fresh event was refused');
    const limit_ms = FRESH_LIMIT_MS;
    await eventually(async () => (await fetch(`${url}/v1/jobs/${job}`)).ok || undefined, {
      limit_ms,
      every_ms: 20,
    });
    return (performance.now() - began) / 1000;
  }

  /** Nothing is under way any more. */
  async #inTheTables(url: string): Promise<void> {
    await eventually(async () => {
      const text = await (await fetch(`${url}/metrics`)).text();
      return /^headway_bus_spool_waiting_bytes\S* 0$/m.test(text) || undefined;
    });
  }
}

/** About as long as a start takes. */
const STARTING_MS = 1500;
const UNDER_LOAD_MS = 500;
/** An aimed kill falls on one of this many calls from now. */
const CALLS_MAX = 12;
/** An aimed kill that met nothing until then is an ordinary one. */
const AIMED_LIMIT_MS = 10_000;
/** What the last kill left has to go into the tables before. */
const FRESH_LIMIT_MS = 180_000;
