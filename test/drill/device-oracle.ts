import { readFile } from 'node:fs/promises';
import type { Store } from '../../platform/store/store.ts';
import { type PageServer, startPageServer } from '../support/page-server.ts';

/** What became of pages that were scraped: nobody promised to keep one, but a page is stored as it was, once, or not at all. */
export interface DeviceVerdict {
  readonly served: number;
  readonly stored: number;
  /** Pages of which a row is there more than once. */
  readonly doubled: readonly string[];
  /** Pages of which some rows are there and others are not. */
  readonly torn: readonly string[];
  /** Rows that no page served. */
  readonly unknown: readonly string[];
}

/** An exporter each of whose pages shows its own number, as the power of every device. */
export class DeviceExporter {
  readonly name: string;
  readonly #server: PageServer;
  #served = 0;

  private constructor(name: string, server: PageServer) {
    this.name = name;
    this.#server = server;
    server.answer((_, response) => {
      this.#served += 1;
      response.setHeader('content-type', 'text/plain; version=0.0.4');
      response.end(this.#page());
    });
  }

  static async open(name: string): Promise<DeviceExporter> {
    return new DeviceExporter(name, await startPageServer());
  }

  /** `host:port` */
  get target(): string {
    return this.#server.target;
  }

  close(): Promise<void> {
    return this.#server.close();
  }

  async check(store: Store): Promise<DeviceVerdict> {
    const rows = await store.query<{ page: number; device: string; copies: number }>(
      `SELECT power_w AS page, device_uid AS device, count() AS copies FROM device_samples
      WHERE target = {target:String} AND power_w IS NOT NULL GROUP BY power_w, device_uid`,
      { target: this.target },
    );
    const pages = new Map<number, number[]>();
    for (const { page, copies } of rows) {
      const known = pages.get(page);
      if (known === undefined) pages.set(page, [copies]);
      else known.push(copies);
    }
    const named = (isOne: (copies: readonly number[], page: number) => boolean) =>
      [...pages].filter(([page, copies]) => isOne(copies, page)).map(([page]) => `${this.name} ${page}`);
    return {
      served: this.#served,
      stored: pages.size,
      doubled: named((copies) => copies.some((count) => count > 1)),
      torn: named((copies) => copies.length !== DEVICES),
      unknown: named((_, page) => page < 1 || page > this.#served || !Number.isInteger(page)),
    };
  }

  #page(): string {
    const lines = ['# TYPE DCGM_FI_DEV_POWER_USAGE gauge'];
    for (let device = 0; device < DEVICES; device++) {
      const labels = `gpu="${device}",UUID="GPU-${this.name}-${device}",device="nvidia${device}",modelName="NVIDIA H100",Hostname="${this.name}"`;
      lines.push(`DCGM_FI_DEV_POWER_USAGE{${labels}} ${this.#served}`);
    }
    return `${lines.join('\n')}\n`;
  }
}

/** First of the verdict's lists that is not empty, as text. */
export function deviceFaultOf(verdict: DeviceVerdict): string | null {
  const { doubled, torn, unknown } = verdict;
  for (const [name, list] of Object.entries({ doubled, torn, unknown })) {
    if (list.length > 0) return `${list.length} pages ${name}: ${list.slice(0, 20).join(', ')}`;
  }
  return null;
}

/** Makes `device_samples` before the migration does, as it does but for one thing: nothing merges copies away. */
export async function keepDeviceCopies(store: Store): Promise<void> {
  const text = await readFile(
    new URL('../../sql/migrations/0002_device_samples.sql', import.meta.url),
    'utf8',
  );
  await store.command(text.replace('ENGINE = ReplacingMergeTree', 'ENGINE = MergeTree').replace(/;\s*$/, ''));
}

const DEVICES = 4;
