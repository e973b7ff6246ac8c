import { neutralValue, printedValue } from '../../../domain/catalog/device-fields.ts';
import { type AbsentReason, absentReason } from '../../../domain/catalog/device-sentinels.ts';
import type { DecodedPage } from '../decoders/prometheus-text.ts';
import { clearGroup, type DeviceGroup, touchGroup } from './device-row.ts';
import type { LabelMap } from './own-labels.ts';
import { createSlotMaker, type SeriesSlot } from './series-slot.ts';

/** Why a printed sample is not stored. */
export type DropReason = AbsentReason | 'timestamp_too_old' | 'timestamp_ahead';

export interface TimestampLimits {
  readonly timestamp_age_max_s: number;
  readonly timestamp_ahead_max_s: number;
}

export interface PointSample {
  readonly slot: SeriesSlot;
  readonly ts_ms: number;
  readonly value: number | 'stale';
}

/** What one scrape comes to, before it is bytes. */
export interface NormalizedPage {
  /** Rows to write: the page's devices, and empty ones (all NULL) for those that are gone. */
  readonly rows: readonly { readonly group: DeviceGroup; readonly ts_ms: number }[];
  readonly points: readonly PointSample[];
  /** Series read from device rows whose row of the table `series` is not durable yet. */
  readonly unannounced: readonly SeriesSlot[];
  readonly dropped: ReadonlyMap<DropReason, number>;
  readonly samples: number;
  /** Series that the page before did not have. */
  readonly series_added: number;
  /** To be called when rows and points are durable: what vanished before is ended no second time. */
  confirm(): void;
}

export interface PageNormalizer {
  /** `ts_ms`: when the scrape began. */
  page(page: DecodedPage, ts_ms: number): NormalizedPage;
  /** The target did not answer: everything it had ends here. */
  down(ts_ms: number): NormalizedPage;
}

/** Turns the pages of one target into rows and points. `target`: its labels, `instance` and `job` among them. */
export function createPageNormalizer(
  target: LabelMap,
  host: string,
  limits: TimestampLimits,
): PageNormalizer {
  const slots = createSlotMaker(target, host);
  let active: Active = { groups: new Map(), points: new Map() };
  let page = 0;

  /** Ends what the last durable page had and `current` has not. */
  const close = (run: Run, ts_ms: number): NormalizedPage => {
    const ended = [...active.groups.values()].filter((group) => !run.current.groups.has(group.labels_id));
    for (const group of ended) clearGroup(group);
    const stale = [...active.points.values()].filter((slot) => !run.current.points.has(slot.series_id));
    const { current } = run;
    return {
      rows: [
        ...[...current.groups.values()].map((group) => ({ group, ts_ms: group.timestamp_ms })),
        ...ended.map((group) => ({ group, ts_ms })),
      ],
      points: [...run.points, ...stale.map((slot) => ({ slot, ts_ms, value: 'stale' as const }))],
      unannounced: run.unannounced,
      dropped: run.dropped,
      samples: run.samples,
      series_added: run.series_added,
      confirm() {
        active = current;
        for (const slot of run.unannounced) slot.is_announced = true;
      },
    };
  };

  return {
    page(decoded, ts_ms) {
      page++;
      const run = createRun(page, ts_ms, limits);
      for (let index = 0; index < decoded.series.length; index++) {
        const ref = decoded.series[index];
        if (ref === undefined) continue;
        const value = decoded.values[index] ?? Number.NaN;
        takeSample(run, slots.slotOf(ref), value, decoded.timestamps_ms[index] ?? Number.NaN);
      }
      slots.forget(page);
      return close(run, ts_ms);
    },
    down(ts_ms) {
      page++;
      return close(createRun(page, ts_ms, limits), ts_ms);
    },
  };
}

/** What a target has by its last durable page: by labels_id, and by series_id. */
interface Active {
  readonly groups: Map<bigint, DeviceGroup>;
  readonly points: Map<bigint, SeriesSlot>;
}

interface Run {
  readonly page: number;
  readonly ts_ms: number;
  readonly limits: TimestampLimits;
  readonly current: Active;
  readonly points: PointSample[];
  readonly unannounced: SeriesSlot[];
  readonly dropped: Map<DropReason, number>;
  samples: number;
  series_added: number;
}

function createRun(page: number, ts_ms: number, limits: TimestampLimits): Run {
  return {
    page,
    ts_ms,
    limits,
    current: { groups: new Map(), points: new Map() },
    points: [],
    unannounced: [],
    dropped: new Map(),
    samples: 0,
    series_added: 0,
  };
}

function takeSample(run: Run, slot: SeriesSlot, value: number, timestamp_ms: number): void {
  run.samples++;
  if (slot.page < run.page - 1) run.series_added++;
  slot.page = run.page;
  const hasOwnTime = !Number.isNaN(timestamp_ms);
  const late = hasOwnTime ? timeProblem(run, timestamp_ms) : undefined;
  if (late !== undefined) {
    drop(run, late);
    return;
  }
  const { group, vendor, field } = slot;
  if (group !== undefined) {
    touchGroup(group, run.page);
    run.current.groups.set(group.labels_id, group);
    const time_ms = hasOwnTime ? timestamp_ms : run.ts_ms;
    if (!(group.timestamp_ms >= time_ms)) group.timestamp_ms = time_ms;
  }
  const absent = vendor === undefined ? undefined : absentReason(vendor, field, value);
  if (absent !== undefined) {
    drop(run, absent);
    return;
  }
  if (group !== undefined) fillRow(group, slot, value, hasOwnTime);
  // A row has one time and ends what it lacks; samples with times of their own keep them as points.
  if (slot.own === 'point' || hasOwnTime) {
    run.points.push({ slot, ts_ms: hasOwnTime ? timestamp_ms : run.ts_ms, value });
    // Prometheus gives no staleness marker to a series that prints its own time.
    if (!hasOwnTime) run.current.points.set(slot.series_id, slot);
  } else if (!slot.is_announced) run.unannounced.push(slot);
}

function fillRow(group: DeviceGroup, slot: SeriesSlot, value: number, hasOwnTime: boolean): void {
  const { field, column } = slot;
  if (field !== undefined && column >= 0) {
    const isFree = Number.isNaN(group.values[column] ?? Number.NaN);
    const neutral = neutralValue(field, value);
    if (isFree || !slot.is_second_choice) group.values[column] = neutral;
    if (!slot.is_announced && !isReadBack(value, neutral, slot.scale)) keepPrinted(slot);
  }
  if (slot.own === 'rest' && !hasOwnTime) group.rest.push([slot.name, value]);
}

/** For exporters that print 17 digits, found out by the first value: later ones are good to 15 in any case. */
function keepPrinted(slot: SeriesSlot): void {
  if (slot.own !== 'column') return;
  slot.own = 'rest';
  slot.scale = 1;
}

/** Whether the column gives the printed value back, which it does for all of at most 15 digits. */
function isReadBack(value: number, neutral: number, scale: number): boolean {
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return true;
  return printedValue(neutral, scale) === value;
}

function timeProblem(run: Run, timestamp_ms: number): DropReason | undefined {
  const age_s = (run.ts_ms - timestamp_ms) / 1000;
  if (age_s > run.limits.timestamp_age_max_s) return 'timestamp_too_old';
  return -age_s > run.limits.timestamp_ahead_max_s ? 'timestamp_ahead' : undefined;
}

function drop(run: Run, reason: DropReason): void {
  run.dropped.set(reason, (run.dropped.get(reason) ?? 0) + 1);
}
