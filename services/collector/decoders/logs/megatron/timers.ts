import { numberFrom } from '../log-text.ts';

/** One timer over the ranks, seconds of one step: Megatron divides by its log interval. */
export interface Timer {
  readonly min_s: number;
  readonly max_s: number;
}
export type Timers = Map<string, Timer>;

/** Parts of one step, seconds, by the names of `phases_us`. */
export interface PhaseSeconds {
  readonly compute?: number;
  readonly comm?: number;
  readonly io?: number;
}

const HEADER = /^\s*(?:\(min, max\) |max )?times? across ranks \(ms\):\s*$/;
/** `    forward-backward ...............................: (2512.10, 2513.52)`, `...: 2513.52`, and `time (ms) | name: 1.0`. */
const ROW = /^\s+([a-z][a-z0-9-]*) \.*: ?(\([\d., ]+\)|[\d.,]+)\s*$/;
const SINGLE = /^\s*time \(ms\) \|(.*)$/;

/** Timers that are work of their own and not of a step: they lie between steps. */
const BETWEEN_STEPS = new Set([
  'save-checkpoint',
  'load-checkpoint',
  'evaluate',
  'model-and-optimizer-setup',
]);

function isTimerHeader(text: string): boolean {
  return HEADER.test(text);
}

/** Timers of a step in one line; empty when there is none. Sources: Megatron-LM timers.py, v2.x and core (2021-2026). */
export function timersIn(text: string): Timers {
  const single = SINGLE.exec(text);
  const parts = single === null ? [] : (single[1] ?? '').split('|');
  const found: Timers = new Map();
  for (const part of parts) {
    const match = /^\s*([a-z][a-z0-9-]*): ([\d.,]+)\s*$/.exec(part);
    if (match?.[1] !== undefined) addTimer(found, match[1], match[2] ?? '');
  }
  const row = ROW.exec(text);
  if (row?.[1] !== undefined) addTimer(found, row[1], row[2] ?? '');
  return found;
}

function addTimer(found: Timers, name: string, value: string): void {
  if (BETWEEN_STEPS.has(name) || name.endsWith('-setup')) return;
  const pair = /^\(([\d.]+), ([\d.]+)\)$/.exec(value);
  const min_ms = numberFrom(pair?.[1] ?? value);
  const max_ms = numberFrom(pair?.[2] ?? value);
  if (min_ms !== undefined && max_ms !== undefined) {
    found.set(name, { min_s: min_ms / 1000, max_s: max_ms / 1000 });
  }
}

const SECTION = /^\s+([a-z][a-z0-9-]*):\s*$/;
const OF_RANK = /^\s+rank\s+(\d+): ([\d.,]+)\s*$/;

/** Timers told rank by rank: `times across ranks (ms):` with a section a timer (`--timing-log-option all`). */
export class RankedTimers {
  private readonly ranks = new Map<number, Timers>();
  private section: string | undefined;
  private is_open = false;

  get isEmpty(): boolean {
    return this.ranks.size === 0;
  }

  /** Whether the line is of such a block. */
  take(text: string): boolean {
    if (isTimerHeader(text)) {
      this.is_open = true;
      return true;
    }
    if (!this.is_open) return false;
    const section = SECTION.exec(text)?.[1];
    if (section !== undefined) {
      this.section = section;
      return true;
    }
    const match = OF_RANK.exec(text);
    if (match === null || this.section === undefined) return false;
    const rank = Number(match[1]);
    const timers = this.ranks.get(rank) ?? new Map();
    addTimer(timers, this.section, match[2] ?? '');
    this.ranks.set(rank, timers);
    return true;
  }

  /** By rank; ranks whose timers tell no part of a step are left out. */
  phases(): { readonly rank: number; readonly phases_s: PhaseSeconds }[] {
    return [...this.ranks]
      .sort(([a], [b]) => a - b)
      .flatMap(([rank, timers]) => {
        const phases_s = phasesOfTimers(timers);
        return phases_s === undefined ? [] : [{ rank, phases_s }];
      });
  }
}

/** Reduction of gradients and gathering of parameters; the first group lies inside `forward-backward` in Megatron core. */
const GRADIENTS = [
  'all-grads-sync',
  'layernorm-grads-all-reduce',
  'embedding-grads-all-reduce',
  'backward-params-all-reduce',
  'backward-layernorm-all-reduce',
  'backward-embedding-all-reduce',
];
const PARAMETERS = ['params-all-gather', 'optimizer-params-all-gather'];
const PEER_TO_PEER = /^(?:forward|backward)(?:-backward|-forward)*-(?:send|recv)/;

/**
 * Own work is the longest of the ranks, communication the shortest: the rank that others wait for computes longest and
 * waits least. `batch-generator` runs inside `forward-compute`. Optimizer and pipeline bubble are in the rest. With
 * `forward-backward` alone a pipeline's bubble and sends cannot be told from computing, and are in it.
 */
export function phasesOfTimers(timers: Timers): PhaseSeconds | undefined {
  const io = timers.get('batch-generator')?.max_s;
  const gradients = shortest(timers, (name) => GRADIENTS.includes(name));
  const gathered = shortest(timers, (name) => PARAMETERS.includes(name));
  const peers = shortest(timers, (name) => PEER_TO_PEER.test(name));
  const comm = sumOf([gradients, gathered, peers]);
  const compute = computeOf(timers, (gradients ?? 0) + (peers ?? 0), io ?? 0);
  if (compute === undefined && comm === undefined && io === undefined) return undefined;
  return {
    ...(compute === undefined ? {} : { compute }),
    ...(comm === undefined ? {} : { comm }),
    ...(io === undefined ? {} : { io }),
  };
}

function computeOf(timers: Timers, nested_s: number, io_s: number): number | undefined {
  const forward = timers.get('forward-compute');
  const backward = timers.get('backward-compute');
  if (forward !== undefined && backward !== undefined) return forward.max_s + backward.max_s - io_s;
  const both = timers.get('forward-backward');
  return both === undefined ? undefined : both.max_s - nested_s - io_s;
}

function shortest(timers: Timers, isIn: (name: string) => boolean): number | undefined {
  return sumOf([...timers].flatMap(([name, { min_s }]) => (isIn(name) ? [min_s] : [])));
}

function sumOf(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0);
}
