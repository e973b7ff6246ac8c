import type { StepPhases } from '../../../domain/events.ts';
import { clipped, type Interval, lengthOf, overlapOf, unionOf } from './intervals.ts';
import type { LogRejection } from './logs/log-format.ts';
import type { DocumentFormat, ProfiledStep, StepDocument } from './profiled-steps.ts';

export const KINETO_LIMITS = {
  /** A trace is parsed as one JSON document; a larger one has to be cut into fewer profiled steps. */
  trace_chars_max: 400 * 1024 * 1024,
} as const;

/**
 * Kernels of a trace by class, microseconds. Definitions of HTA (HolisticTraceAnalysis docs, temporal breakdown and
 * communication computation overlap, 2024): union of the intervals a class; memory copies are in neither class; overlap
 * is communication while computing; idle is the span less the union of everything.
 */
export interface KernelTimes {
  readonly span_us: number;
  readonly compute_us: number;
  readonly comm_us: number;
  readonly overlap_us: number;
  readonly exposed_comm_us: number;
  readonly memory_us: number;
  readonly busy_us: number;
  readonly idle_us: number;
}

/** Chrome trace JSON of Kineto, as torch.profiler exports it: one a rank, by `ProfilerStep#` windows or as a whole. */
export const kineto: DocumentFormat = {
  name: 'kineto',
  isOf: (text) => /^\s*\{/.test(text) && /"traceEvents"\s*:\s*\[/.test(text),
  read: readKineto,
};

type Fields = Readonly<Record<string, unknown>>;

interface Kernels {
  readonly compute: readonly Interval[];
  readonly comm: readonly Interval[];
  readonly memory: readonly Interval[];
}

function readKineto(text: string): StepDocument {
  const rejected: LogRejection[] = [];
  const trace = parsed(text, rejected);
  const events = (Array.isArray(trace?.['traceEvents']) ? trace['traceEvents'] : []).filter(isFields);
  const kernels = kernelsOf(events);
  const all = kernelTimes(kernels);
  const info = isFields(trace?.['distributedInfo']) ? trace['distributedInfo'] : {};
  const rank = numberOf(info['rank']);
  const device_count = numberOf(info['world_size']);
  const hardware = hardwareOf(trace);
  if (all === undefined && rejected.length === 0)
    rejected.push({ line: 1, code: 'no_kernels', message: 'the trace holds no kernel of a device' });
  const epoch_us = epochOf(trace);
  const steps = all === undefined ? [] : stepsOf(events, kernels, rank, epoch_us);
  return {
    framework: 'pytorch',
    source: 'kineto',
    facts: {
      ...(device_count === undefined ? {} : { device_count }),
      ...(hardware === undefined ? {} : { hardware }),
    },
    steps,
    notes: all === undefined ? [] : [noteOf(rank, all)],
    rejected,
  };
}

function parsed(text: string, rejected: LogRejection[]): Fields | undefined {
  const refuse = (code: string, message: string) => rejected.push({ line: 1, code, message });
  if (text.length > KINETO_LIMITS.trace_chars_max) {
    refuse('trace_too_large', `${text.length} characters; at most ${KINETO_LIMITS.trace_chars_max} are read`);
    return undefined;
  }
  const whole = jsonOf(text) ?? jsonOf(text.replace(/:\s*-?(?:inf|nan)\b/gi, ':null'));
  if (whole !== undefined) return whole;
  refuse('cut_trace', 'not JSON (a cut file?): without its end nobody knows which kernels are missing');
  return undefined;
}

function jsonOf(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const MEMORY = new Set(['gpu_memcpy', 'gpu_memset']);

function kernelsOf(events: readonly Fields[]): Kernels {
  const compute: Interval[] = [];
  const comm: Interval[] = [];
  const memory: Interval[] = [];
  for (const event of events) {
    const interval = intervalOf(event);
    const cat = String(event['cat'] ?? '').toLowerCase();
    if (interval === undefined) continue;
    if (MEMORY.has(cat)) memory.push(interval);
    else if (cat === 'kernel') (isComm(event) ? comm : compute).push(interval);
  }
  return { compute: unionOf(compute), comm: unionOf(comm), memory: unionOf(memory) };
}

/** `ncclKernel_AllReduce_...`, `ncclDevKernel_...`, RCCL's by the same names; newer traces name the collective. */
function isComm({ name, args }: Fields): boolean {
  return /nccl|rccl/i.test(String(name)) || (isFields(args) && args['Collective name'] !== undefined);
}

function kernelTimes(kernels: Kernels, window?: Interval): KernelTimes | undefined {
  const cut = (union: readonly Interval[]) => (window === undefined ? union : clipped(union, window));
  const compute = cut(kernels.compute);
  const comm = cut(kernels.comm);
  const memory = cut(kernels.memory);
  const busy = unionOf([...compute, ...comm, ...memory]);
  const span = window ?? spanOf(busy);
  if (span === undefined) return undefined;
  const overlap_us = overlapOf(compute, comm);
  const span_us = span[1] - span[0];
  const busy_us = lengthOf(busy);
  const comm_us = lengthOf(comm);
  return {
    span_us,
    compute_us: lengthOf(compute),
    comm_us,
    overlap_us,
    exposed_comm_us: comm_us - overlap_us,
    memory_us: lengthOf(memory),
    busy_us,
    idle_us: span_us - busy_us,
  };
}

function spanOf(union: readonly Interval[]): Interval | undefined {
  const [first] = union;
  const last = union.at(-1);
  return first === undefined || last === undefined ? undefined : [first[0], last[1]];
}

/** By `ProfilerStep#` of the host, once each; a trace without them is one step. */
function stepsOf(
  events: readonly Fields[],
  kernels: Kernels,
  rank: number | undefined,
  epoch_us: number | undefined,
): ProfiledStep[] {
  const windows = new Map<number, Interval>();
  for (const event of events) {
    const match = /^ProfilerStep#(\d+)$/.exec(String(event['name']));
    const interval = match === null ? undefined : intervalOf(event);
    if (interval === undefined || event['cat'] === 'gpu_user_annotation') continue;
    windows.set(Number(match?.[1]), interval);
  }
  const span = spanOf(unionOf([...kernels.compute, ...kernels.comm, ...kernels.memory]));
  if (windows.size === 0 && span !== undefined) windows.set(1, span);
  return [...windows].flatMap(([step, window]): ProfiledStep[] => {
    const times = kernelTimes(kernels, window);
    if (times === undefined || times.busy_us === 0) return [];
    const start_us = epoch_us === undefined ? undefined : epoch_us + window[0];
    return [{ step, rank, start_us, length_us: times.span_us, phases_us: phasesOf(times) }];
  });
}

/** Copies and idle time are left to the rest. */
function phasesOf({ compute_us, exposed_comm_us, overlap_us }: KernelTimes): StepPhases {
  return { compute: compute_us, comm: exposed_comm_us, comm_hidden: overlap_us };
}

/** What to add to `ts`: newer traces count from `baseTimeNanoseconds`, older ones from the epoch or from a boot. */
function epochOf(trace: Fields | undefined): number | undefined {
  const base_ns = numberOf(trace?.['baseTimeNanoseconds']);
  if (base_ns !== undefined && base_ns > 0) return base_ns / 1000;
  const events = trace?.['traceEvents'];
  const first = Array.isArray(events) ? events.find((event) => isFields(event) && event['ph'] === 'X') : {};
  const ts = isFields(first) ? numberOf(first['ts']) : undefined;
  return ts !== undefined && ts > EPOCH_US_MIN ? 0 : undefined;
}

/** 2001-09-09: no time since a boot is that long. */
const EPOCH_US_MIN = 1e15;

function intervalOf({ ph, ts, dur }: Fields): Interval | undefined {
  const from = numberOf(ts);
  const length = numberOf(dur);
  return ph !== 'X' || from === undefined || length === undefined ? undefined : [from, from + length];
}

function hardwareOf(trace: Fields | undefined): string | undefined {
  const devices = trace?.['deviceProperties'];
  const first: unknown = Array.isArray(devices) ? devices[0] : undefined;
  const name = isFields(first) ? first['name'] : undefined;
  return typeof name === 'string' && name !== '' ? name : undefined;
}

function noteOf(rank: number | undefined, times: KernelTimes): string {
  const us = (value: number) => `${value.toFixed(2)} us`;
  return [
    `trace${rank === undefined ? '' : ` of rank ${rank}`}, first to last kernel ${us(times.span_us)}:`,
    `computing ${us(times.compute_us)}, communication ${us(times.comm_us)}`,
    `(${us(times.overlap_us)} beside computing, ${us(times.exposed_comm_us)} exposed),`,
    `copies ${us(times.memory_us)}, idle ${us(times.idle_us)}`,
  ].join(' ');
}

function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
