/**
 * How much of its single-device speed a job keeps as devices are added. A linearity without its definition means
 * nothing: the same runs are 94.6 % by tokens and 79.8 % by time to train.
 */
export const DEFINITIONS = ['tokens', 'step_time', 'time_to_train', 'score'] as const;
export type LinearityDefinition = (typeof DEFINITIONS)[number];

/** One run at one size. Null is unknown, and never compared. */
export interface LinearityPoint {
  readonly job: string;
  readonly devices: number | null;
  readonly tokens_per_s_per_device: number | null;
  /** Seconds of a median kept step. */
  readonly step_s: number | null;
  readonly model: string | null;
  readonly sequence_length: number | null;
  /** Sequences that one device works on in a step. */
  readonly batch_per_device: number | null;
  readonly hardware: string | null;
  readonly dtype: string | null;
  /** Seconds from start to the target, for `time_to_train`. */
  readonly time_to_train_s?: number | null;
  /** The benchmark's own normalised time (MLPerf's minutes, any unit), for `score`. */
  readonly score?: number | null;
  /** The job against its own ideal, computing alone over its step time: an estimate, and no comparison of jobs. */
  readonly estimate_ratio?: number | null;
}

/** A job of the list by name, a stored point, or what was learned of a job that need not be in the list. */
export type LinearityBaseline =
  | { readonly job: string }
  | { readonly devices: number; readonly tokens_per_s_per_device: number }
  | { readonly learned: LinearityPoint };

/** Where a baseline comes from; `smallest`: nobody named one, and it is the fastest job at the fewest devices. */
export type BaselineSource = 'job' | 'stored' | 'learned' | 'smallest';

/** What must be equal for two points to measure the same thing; a difference is shown, never hidden. */
const COMPARED = ['model', 'sequence_length', 'batch_per_device', 'hardware', 'dtype'] as const;
type Compared = (typeof COMPARED)[number];

export interface LinearityRow {
  readonly job: string;
  readonly devices: number | null;
  readonly tokens_per_s_per_device: number | null;
  readonly step_s: number | null;
  /** Above 1 is real (other models, cache effects) and shown as it is. */
  readonly linearity_ratio: number | null;
  /** Not against the baseline: the job's own computing over its step time. An estimate; null without phases. */
  readonly estimate_ratio: number | null;
  readonly differs: readonly Compared[];
  /** Why the ratio is null. */
  readonly reason: string | null;
}

export interface Linearity {
  readonly definition: LinearityDefinition;
  readonly baseline: {
    readonly job: string | null;
    readonly devices: number;
    readonly tokens_per_s_per_device: number | null;
  } | null;
  readonly baseline_source: BaselineSource;
  /** What a ratio of 1 is, in words: the unit and the devices; null without a baseline. */
  readonly baseline_unit: string | null;
  readonly points: readonly LinearityRow[];
  /** Why there is no baseline, and so no ratio. */
  readonly reason: string | null;
}

/**
 * The linearity of every point against the baseline: the named job, the stored point, or else the fastest run at the
 * smallest number of devices. Points come back in the order of their device counts.
 * `tokens`: rate per device over the baseline's. `step_time`: time one device takes for one sequence, the baseline's
 * over this one's (so neither weak nor strong scaling is favoured). `time_to_train` and `score`: device-time to the
 * target, the baseline's over this one's.
 */
export function linearityOf(
  points: readonly LinearityPoint[],
  baseline: LinearityBaseline | undefined,
  definition: LinearityDefinition = 'tokens',
): Linearity {
  const base = baselineOf(points, baseline, definition);
  const rows = [...points]
    .sort((a, b) => (a.devices ?? Number.POSITIVE_INFINITY) - (b.devices ?? Number.POSITIVE_INFINITY))
    .map((point) => rowOf(point, base.point, definition));
  const { point } = base;
  return {
    definition,
    baseline:
      point === null
        ? null
        : {
            job: point.job === STORED ? null : point.job,
            devices: point.devices ?? 0,
            tokens_per_s_per_device: point.tokens_per_s_per_device,
          },
    baseline_source: base.source,
    baseline_unit: point === null ? null : unitOf(point.devices ?? 0, definition),
    points: rows,
    reason: base.reason,
  };
}

/** No job can be called this: names are not empty. */
const STORED = '';

const UNITS: Readonly<Record<LinearityDefinition, string>> = {
  tokens: 'tokens/s per device',
  step_time: 'sequences per second of step time and device',
  time_to_train: 'device-seconds to the target',
  score: 'score x devices',
};

function unitOf(devices: number, definition: LinearityDefinition): string {
  return `${UNITS[definition]}, at ${devices} ${devices === 1 ? 'device' : 'devices'}`;
}

interface Found {
  readonly point: LinearityPoint | null;
  readonly source: BaselineSource;
  readonly reason: string | null;
}

function baselineOf(
  points: readonly LinearityPoint[],
  baseline: LinearityBaseline | undefined,
  definition: LinearityDefinition,
): Found {
  if (baseline === undefined) return smallest(points, definition);
  if ('learned' in baseline) return { point: baseline.learned, source: 'learned', reason: null };
  if (!('job' in baseline)) return { point: storedPoint(baseline), source: 'stored', reason: null };
  const source = 'job';
  const named = points.find(({ job }) => job === baseline.job);
  if (named === undefined)
    return { point: null, source, reason: `the baseline job ${baseline.job} is not among the jobs` };
  if (named.devices === null) {
    return { point: null, source, reason: `the baseline job ${baseline.job} has no device count` };
  }
  return { point: named, source, reason: null };
}

function smallest(points: readonly LinearityPoint[], definition: LinearityDefinition): Found {
  const usable = points.flatMap((point) => {
    const { speed } = speedOf(point, definition);
    return speed === null || point.devices === null ? [] : [{ point, devices: point.devices, speed }];
  });
  const first = usable.sort((a, b) => a.devices - b.devices || b.speed - a.speed)[0];
  const source = 'smallest';
  if (first !== undefined) return { point: first.point, source, reason: null };
  return { point: null, source, reason: `no job has both a device count and what ${definition} needs` };
}

function storedPoint(stored: {
  readonly devices: number;
  readonly tokens_per_s_per_device: number;
}): LinearityPoint {
  const unknown = { step_s: null, model: null, sequence_length: null, batch_per_device: null };
  return { job: STORED, ...stored, ...unknown, hardware: null, dtype: null };
}

function rowOf(
  point: LinearityPoint,
  base: LinearityPoint | null,
  definition: LinearityDefinition,
): LinearityRow {
  const { job, devices, tokens_per_s_per_device, step_s } = point;
  const estimate_ratio = point.estimate_ratio ?? null;
  const shown = { job, devices, tokens_per_s_per_device, step_s, estimate_ratio };
  if (base === null) return { ...shown, linearity_ratio: null, differs: [], reason: 'there is no baseline' };
  const differs = COMPARED.filter(
    (field) => point[field] !== null && base[field] !== null && point[field] !== base[field],
  );
  const own = speedOf(point, definition);
  const reference = speedOf(base, definition);
  if (own.speed === null || reference.speed === null) {
    const reason = own.speed === null ? own.reason : `the baseline: ${reference.reason}`;
    return { ...shown, linearity_ratio: null, differs, reason };
  }
  return { ...shown, linearity_ratio: own.speed / reference.speed, differs, reason: null };
}

/** Work per device and time, in units that cancel in the ratio; null with the missing part. */
function speedOf(
  point: LinearityPoint,
  definition: LinearityDefinition,
): { speed: number; reason: null } | { speed: null; reason: string } {
  switch (definition) {
    case 'tokens':
      return speedFrom(1, point.tokens_per_s_per_device, 'tokens per second per device is unknown', 'rate');
    case 'step_time':
      if (point.batch_per_device === null) return { speed: null, reason: 'the batch per device is unknown' };
      return speedFrom(point.batch_per_device, point.step_s, 'no step time is known', 'time');
    case 'time_to_train':
      return perDeviceTime(point, point.time_to_train_s ?? null, 'no time to train is known');
    case 'score':
      return perDeviceTime(point, point.score ?? null, 'no benchmark score is known');
  }
}

function perDeviceTime({ devices }: LinearityPoint, time: number | null, missing: string) {
  if (devices === null) return { speed: null, reason: 'the device count is unknown' } as const;
  return speedFrom(1 / devices, time, missing, 'time');
}

function speedFrom(work: number, value: number | null, missing: string, kind: 'rate' | 'time') {
  if (value === null || !(value > 0)) return { speed: null, reason: missing } as const;
  return { speed: kind === 'rate' ? work * value : work / value, reason: null } as const;
}
