import type { CollectiveRecord } from '../../../domain/collectives.ts';

export interface InspectorRecords {
  readonly records: readonly CollectiveRecord[];
  /** Lines that are no record, such as the last one of a file cut short. */
  readonly rejected: readonly { readonly line: number; readonly message: string }[];
}

/**
 * NCCL Inspector, one JSON object a line: `header` and `metadata` nested (NVIDIA/nccl plugins/profiler/inspector), or their
 * fields at the top (the flat shape that the Datadog agent reads too). Bandwidths are made anew from bytes and time;
 * starts are in it with `NCCL_INSPECTOR_DUMP_VERBOSE=1` (`event_trace_ts`, inspector_json.cc).
 */
export function readInspector(text: string): InspectorRecords {
  const records: CollectiveRecord[] = [];
  const rejected: { line: number; message: string }[] = [];
  text.split(/\r?\n/).forEach((raw, index) => {
    if (raw.trim() === '') return;
    const record = recordOf(raw);
    if (typeof record === 'string') rejected.push({ line: index + 1, message: record });
    else records.push(record);
  });
  return { records, rejected };
}

type Fields = Readonly<Record<string, unknown>>;

function recordOf(raw: string): CollectiveRecord | string {
  let line: unknown;
  try {
    line = JSON.parse(raw);
  } catch {
    return 'not JSON (a cut line?)';
  }
  if (!isFields(line)) return 'not an object';
  const flat = line;
  const header = isFields(flat['header']) ? flat['header'] : flat;
  const metadata = isFields(flat['metadata']) ? flat['metadata'] : flat;
  const kind = isFields(flat['coll_perf']) ? 'coll' : 'p2p';
  const perf = flat[`${kind}_perf`];
  if (!isFields(perf)) return 'neither coll_perf nor p2p_perf';
  const communicator = header['id'];
  const operation = perf[kind];
  if (typeof communicator !== 'string' || typeof operation !== 'string')
    return 'no communicator or operation';
  const hostname = metadata['hostname'];
  const numbers = {
    rank: header['rank'],
    ranks: header['n_ranks'],
    sequence: perf[`${kind}_sn`],
    bytes: perf[`${kind}_msg_size_bytes`],
    duration_us: perf[`${kind}_exec_time_us`],
    time_us: metadata['dump_timestamp_us'],
  };
  if (!areNumbers(numbers))
    return 'a number is missing: rank, n_ranks, sn, msg_size_bytes, exec_time_us or dump_timestamp_us';
  const nodes = header['nnodes'];
  const pid = metadata['pid'];
  const start_us = startOf(perf['event_trace_ts']);
  return {
    communicator,
    operation,
    node: typeof hostname === 'string' ? hostname : null,
    ...numbers,
    ...(start_us === undefined ? {} : { start_us }),
    ...(typeof pid === 'number' ? { pid } : {}),
    ...(typeof nodes === 'number' ? { inter_node: nodes > 1 } : {}),
    ...(kind === 'p2p' ? { is_p2p: true } : {}),
  };
}

/**
 * When the member came: the first start of a kernel on any channel. `coll_start_ts` is when the host put the collective
 * into its queue, which may be long before the device gets to it, and is not asked.
 */
function startOf(trace: unknown): number | undefined {
  const events = isFields(trace) ? trace['kernel_events'] : undefined;
  if (!Array.isArray(events)) return undefined;
  const starts = events.flatMap((event: unknown) => {
    const start = isFields(event) ? event['kernel_start_ts'] : undefined;
    return typeof start === 'number' && start > 0 ? [start] : [];
  });
  return starts.length === 0 ? undefined : starts.reduce((least, start) => Math.min(least, start));
}

/** Whether a text begins with such a line. */
export function isInspector(text: string): boolean {
  const first = /\S[^\n]*/.exec(text)?.[0] ?? '';
  return first.startsWith('{') && /"(?:coll|p2p)_perf"\s*:\s*\{/.test(first);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function areNumbers<K extends string>(values: Record<K, unknown>): values is Record<K, number> {
  return Object.values(values).every((value) => typeof value === 'number' && Number.isFinite(value));
}
