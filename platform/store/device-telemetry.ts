import type { DeviceBucketRow, DeviceMemoryRow } from '../../domain/report/telemetry.ts';
import type { TelemetryRequest } from '../../domain/report/telemetry-request.ts';
import { namedQuery } from './named-queries.ts';
import type { Store } from './store.ts';

/** How device samples are read as figures of a job. */
export interface DeviceTelemetryConfig {
  /** Gauges (power, activity, clock) are not read over a longer gap between scrapes: the stock exporter collects each 30 s. */
  readonly gap_s: number;
  /** Nor an energy counter over one that leaves the time in which the device was the job's. */
  readonly counter_gap_s: number;
  /** A counter that rose faster is not believed. No device of the catalog draws half of it. */
  readonly power_max_w: number;
  /** Series of the facility (PUE) are not read over a longer gap between points: meters are slow. */
  readonly series_gap_s: number;
  /** Samples that one answer may go through; of a longer or larger run fewer a device are taken, evenly. */
  readonly samples_max: number;
  /** Stretches of the ledger that samples are joined with; of a run with more, nothing is said. */
  readonly stretches_max: number;
}

export const DEVICE_TELEMETRY_DEFAULTS: DeviceTelemetryConfig = {
  gap_s: 120,
  counter_gap_s: 3600,
  power_max_w: 5000,
  series_gap_s: 3600,
  samples_max: 4_000_000,
  stretches_max: 50_000,
};

export interface DeviceTelemetryRows {
  readonly buckets: readonly DeviceBucketRow[];
  readonly memory: readonly DeviceMemoryRow[];
}

/** A whole node has about so many devices: for the choice of the step only. */
const DEVICES_OF_A_NODE = 8;

/** What the tables hold of a job's devices, and the most memory each used. Throws as {@link readDeviceBuckets}. */
export async function readDeviceTelemetry(
  store: Store,
  request: TelemetryRequest,
  config: DeviceTelemetryConfig,
): Promise<DeviceTelemetryRows> {
  const [buckets, memory] = await Promise.all([
    readDeviceBuckets(store, request, config),
    request.places.length === 0
      ? []
      : store.query<DeviceMemoryRow>(namedQuery('job_device_memory'), placeParameters(request)),
  ]);
  return { buckets, memory };
}

/** Mean of an ingested series over the time of the request; null where there is no point of it. */
export async function readSeriesMean(
  store: Store,
  name: string,
  { stretches }: Pick<TelemetryRequest, 'stretches'>,
  { series_gap_s }: Pick<DeviceTelemetryConfig, 'series_gap_s'>,
): Promise<number | null> {
  const [first, last] = [stretches[0], stretches.at(-1)];
  if (first === undefined || last === undefined) return null;
  const [row] = await store.query<{ mean: number | null }>(namedQuery('series_mean'), {
    name,
    from_ms: roundedMs(first.from_us),
    to_ms: roundedMs(last.to_us),
    gap_ms: Math.round(series_gap_s * 1000),
  });
  return row?.mean ?? null;
}

/**
 * What the tables hold of a job's devices, by device and bucket. Throws StoreError (too slow, too much memory) where
 * the run is too large, and RangeError where its ledger has more stretches than are joined.
 */
export async function readDeviceBuckets(
  store: Store,
  request: TelemetryRequest,
  config: DeviceTelemetryConfig,
): Promise<DeviceBucketRow[]> {
  const { places } = request;
  // one that is shorter than the clock of samples is none
  const stretches = request.stretches
    .map(({ bucket, from_us, to_us }) => ({ bucket, from_ms: roundedMs(from_us), to_ms: roundedMs(to_us) }))
    .filter(({ from_ms, to_ms }) => from_ms < to_ms);
  if (places.length === 0 || stretches.length === 0) return [];
  if (stretches.length > config.stretches_max) {
    throw new RangeError(
      `the ledger has ${stretches.length} stretches; device telemetry is joined with ${config.stretches_max} at most`,
    );
  }
  const step_ms = stepOf(request, config);
  // of samples taken each step, neighbours are up to two steps apart
  const gap_min_ms = step_ms > 1 ? 2 * step_ms : 0;
  return store.query<DeviceBucketRow>(namedQuery('job_device_telemetry'), {
    ...placeParameters(request),
    segment_buckets: stretches.map(({ bucket }) => bucket),
    segment_from_ms: stretches.map(({ from_ms }) => from_ms),
    segment_to_ms: stretches.map(({ to_ms }) => to_ms),
    gap_ms: Math.round(Math.max(config.gap_s * 1000, gap_min_ms)),
    counter_gap_ms: Math.round(Math.max(config.counter_gap_s * 1000, gap_min_ms)),
    power_max_w: config.power_max_w,
    step_ms,
  });
}

function placeParameters({ places }: TelemetryRequest) {
  return {
    place_nodes: places.map(({ node }) => node),
    place_devices: places.map(({ device }) => device),
    place_from_ms: places.map(({ from_us }) => Math.floor(from_us / 1000)),
    place_to_ms: places.map(({ to_us }) => Math.ceil(to_us / 1000)),
  };
}

function roundedMs(us: number): number {
  return Math.round(us / 1000);
}

/** Milliseconds for each of which one sample a device is taken; 1 takes all. */
function stepOf({ places }: TelemetryRequest, { samples_max }: DeviceTelemetryConfig): number {
  let device_ms = 0;
  for (const { device, from_us, to_us } of places) {
    device_ms += ((to_us - from_us) / 1000) * (device === '' ? DEVICES_OF_A_NODE : 1);
  }
  return Math.max(1, Math.ceil(device_ms / samples_max));
}
