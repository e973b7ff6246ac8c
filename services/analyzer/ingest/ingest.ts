import {
  DEVICE_SAMPLES_COLUMNS,
  DEVICE_SAMPLES_SCHEMA_VERSION,
} from '../../../domain/catalog/device-columns.ts';
import type { Batch, BatchKind, Delivery, DeliveryHandler } from '../../../platform/bus/bus.ts';
import type { DeadLetterCode, DeadLetters } from '../../../platform/bus/dead-letters.ts';
import {
  BadRunEventBatch,
  decodeRunEvents,
  type StoredEventLine,
} from '../../../platform/bus/run-event-batch.ts';
import type { Log } from '../../../platform/log.ts';
import { RowBinaryWriter } from '../../../platform/store/row-binary.ts';
import { type Store, StoreError } from '../../../platform/store/store.ts';
import {
  RUN_EVENTS_COLUMNS,
  SERIES_COLUMNS,
  SERIES_POINTS_COLUMNS,
  SERIES_POINTS_SCHEMA_VERSION,
  SERIES_SCHEMA_VERSION,
} from '../../../platform/store/tables.ts';
import { writeEventRow } from './stored-event.ts';

export interface IngestConfig {
  /** Failures of a delivery before its batches are tried one by one and those that no table takes are put aside. */
  readonly attempts_before_isolation: number;
}

export const INGEST_DEFAULTS: IngestConfig = { attempts_before_isolation: 3 };

export interface IngestDependencies {
  readonly store: Store;
  readonly log: Log;
  readonly deadLetters: DeadLetters;
  /** Called after events are in the table: their jobs, each with the arrival of its first event here, milliseconds. */
  readonly onJobs: (jobs: ReadonlyMap<string, number>) => void;
  readonly config?: IngestConfig;
}

interface BinaryTable {
  readonly kind: Exclude<BatchKind, 'run_events'>;
  readonly columns: readonly string[];
  readonly schemaVersion: number;
}

/** Series before their values, so that a value is never without its name. The kind is the name of the table. */
const BINARY_TABLES: readonly BinaryTable[] = [
  { kind: 'series', columns: SERIES_COLUMNS, schemaVersion: SERIES_SCHEMA_VERSION },
  { kind: 'device_samples', columns: DEVICE_SAMPLES_COLUMNS, schemaVersion: DEVICE_SAMPLES_SCHEMA_VERSION },
  { kind: 'series_points', columns: SERIES_POINTS_COLUMNS, schemaVersion: SERIES_POINTS_SCHEMA_VERSION },
];

/** One delivery of the bus into the tables: one insert a kind, under a token of the delivery's. */
export function createIngest(dependencies: IngestDependencies): DeliveryHandler {
  const ingest = new Ingest(dependencies);
  return (delivery) => ingest.handle(delivery);
}

/** A batch as the table takes it. */
interface Insertable {
  readonly batch: Batch;
  readonly body: Uint8Array;
  readonly rows: number;
}

class Ingest {
  readonly #dependencies: IngestDependencies;
  readonly #config: IngestConfig;

  constructor(dependencies: IngestDependencies) {
    this.#dependencies = dependencies;
    this.#config = dependencies.config ?? INGEST_DEFAULTS;
  }

  async handle(delivery: Delivery): Promise<void> {
    for (const { kind, columns, schemaVersion } of BINARY_TABLES) {
      const known: Insertable[] = [];
      for (const batch of delivery.batches.filter((one) => one.kind === kind)) {
        if (batch.schemaVersion === schemaVersion) known.push({ batch, body: batch.body, rows: batch.rows });
        else
          await this.#putAside(
            batch,
            'unknown_schema',
            `schema version ${batch.schemaVersion} is not known, only ${schemaVersion}`,
            delivery,
          );
      }
      await this.#insert(kind, columns, known, delivery);
    }
    await this.#insertEvents(delivery);
  }

  async #insertEvents(delivery: Delivery): Promise<void> {
    const jobs = new Map<string, number>();
    const events: Insertable[] = [];
    for (const batch of delivery.batches.filter(({ kind }) => kind === 'run_events')) {
      const lines = await this.#decode(batch, delivery);
      if (lines === null) continue;
      const rows = new RowBinaryWriter(batch.body.length * 2);
      for (const line of lines) {
        writeEventRow(rows, line);
        noteJob(jobs, line);
      }
      events.push({ batch, body: rows.bytes(), rows: lines.length });
    }
    await this.#insert('run_events', RUN_EVENTS_COLUMNS, events, delivery);
    if (jobs.size > 0) this.#dependencies.onJobs(jobs);
  }

  async #decode(batch: Batch, delivery: Delivery): Promise<StoredEventLine[] | null> {
    try {
      return decodeRunEvents(batch);
    } catch (cause) {
      if (!(cause instanceof BadRunEventBatch)) throw cause;
      await this.#putAside(batch, cause.code, cause.message, delivery);
      return null;
    }
  }

  async #insert(
    table: BatchKind,
    columns: readonly string[],
    batches: readonly Insertable[],
    delivery: Delivery,
  ): Promise<void> {
    if (batches.length === 0) return;
    const { token, attempt, again, fence } = delivery;
    const { store } = this.#dependencies;
    const body = batches.map((one) => one.body);
    const rows = batches.reduce((sum, one) => sum + one.rows, 0);
    try {
      await store.insertRowBinary(table, columns, body, {
        token: `${token}/${table}`,
        again,
        rows,
        fence,
      });
    } catch (cause) {
      const isIsolated = isBadData(cause) && attempt >= this.#config.attempts_before_isolation;
      if (!isIsolated) throw cause;
      await this.#insertOneByOne(table, columns, batches, delivery);
    }
  }

  /** One bad batch among good ones must hold up neither them nor what comes after. */
  async #insertOneByOne(
    table: BatchKind,
    columns: readonly string[],
    batches: readonly Insertable[],
    delivery: Delivery,
  ): Promise<void> {
    const { fence } = delivery;
    for (const { batch, body, rows } of batches) {
      try {
        await this.#dependencies.store.insertRowBinary(table, columns, [body], {
          again: true,
          rows,
          fence,
        });
      } catch (cause) {
        if (!isBadData(cause)) throw cause;
        await this.#putAside(batch, 'refused_by_tables', cause.message, delivery);
      }
    }
  }

  async #putAside(batch: Batch, code: DeadLetterCode, text: string, { token }: Delivery): Promise<void> {
    await this.#dependencies.deadLetters.put(batch, { code, text }, { delivery: token });
    const { id, kind, key } = batch;
    this.#dependencies.log.error('batch put aside', { batch: id, kind, key, code, reason: text });
  }
}

function noteJob(jobs: Map<string, number>, { event, received_at_ms }: StoredEventLine): void {
  const job = event.type === 'node_state' ? undefined : event.job;
  if (job === undefined || job === '') return;
  jobs.set(job, Math.min(jobs.get(job) ?? received_at_ms, received_at_ms));
}

function isBadData(cause: unknown): cause is StoreError {
  return cause instanceof StoreError && cause.code === 'bad_data';
}
