import { SLOW_CAUSES } from '../catalog/derived-metrics.ts';
import { isProgress } from '../ledger/executions.ts';
import { upperBound } from '../ledger/job-view.ts';
import type { Account, StepExecution } from '../ledger/ledger-shape.ts';

export type SlowCause = (typeof SLOW_CAUSES)[number];

/** What is known of one kept execution; microseconds of the whole execution. */
export interface JudgedStep {
  /** What its productive time would have been at the ideal step time; undefined: no ideal is known. */
  readonly ideal_us: number | undefined;
  /** Parts of the excess that evidence explains; together no more than the excess. */
  readonly causes_us: readonly (readonly [SlowCause, number])[];
  /** Tokens over all devices, of a step whose model FLOPs are known from them; undefined: not known. */
  readonly tokens: number | undefined;
}

/** Sums over a range of time, in microseconds, or in device-microseconds where devices are known. */
export interface WorkSums {
  readonly productive: number;
  /** Productive time whose ideal is known, and that ideal. */
  readonly judged: number;
  readonly ideal: number;
  /** Productive time of steps that carry FLOPs, and how much of it is above its ideal. */
  readonly counted: number;
  readonly counted_excess: number;
  /** Adds up to `judged - ideal`, exactly. */
  readonly causes: Readonly<Record<SlowCause, number>>;
  readonly flops: number;
}

export interface WorkTable {
  /** Whether device-sums are known. */
  readonly has_devices: boolean;
  /** Whether any kept step carries FLOPs. */
  readonly has_flops: boolean;
  /** Sums of `[from_us, to_us)`. Adjacent ranges add up exactly: each is a difference of whole numbers. */
  wall(from_us: number, to_us: number): WorkSums;
  device(from_us: number, to_us: number): WorkSums | null;
}

const COLUMNS = ['productive', 'judged', 'ideal', 'counted', 'counted_excess'] as const;
type Column = (typeof COLUMNS)[number] | SlowCause;

/** Running totals over pieces of productive time, so that any range costs two look-ups. */
interface Totals {
  /** Ends with one more element than there are pieces: `[i]` is the sum before piece `i`. */
  readonly columns: Map<Column, Float64Array>;
  /** Whole numbers, mostly: their sums do not depend on their order, as those of FLOPs would. */
  readonly tokens: Float64Array;
}

/**
 * The productive time of an account as pieces, each of one kept execution, with what `judge` says of it. What is said of
 * an execution is spread evenly over its productive time; tokens of one without any (a span covers all of it) lie at its
 * end.
 */
export function workTable(
  account: Account,
  flops_per_token: number,
  judge: (step: StepExecution, productive_us: number, excluded_us: number) => JudgedStep,
): WorkTable {
  const pieces = piecesOf(account);
  const has_devices = pieces.list.every((piece) => piece.weight !== undefined || length(piece) === 0);
  const builder = { wall: emptyTotals(pieces.list.length), device: emptyTotals(pieces.list.length) };
  let has_flops = false;
  let index = 0;
  while (index < pieces.list.length) {
    const { step } = pieces.list[index] ?? {};
    let end = index;
    let productive_us = 0;
    for (; pieces.list[end]?.step === step && end < pieces.list.length; end++) {
      productive_us += length(pieces.list[end]);
    }
    const excluded_us = step === undefined ? 0 : (pieces.excluded_us.get(step) ?? 0);
    const judged = step === undefined ? NOTHING : judge(step, productive_us, excluded_us);
    has_flops ||= judged.tokens !== undefined;
    const isFaster = isFasterThanIdeal(judged, productive_us);
    let done_us = 0;
    for (; index < end; index++) {
      const piece = pieces.list[index];
      if (piece === undefined) continue;
      const share = { from: done_us, to: done_us + length(piece), of: productive_us };
      write(builder.wall, index, judged, isFaster, share, 1);
      write(builder.device, index, judged, isFaster, share, piece.weight ?? 1);
      done_us = share.to;
    }
  }
  for (const totals of [builder.wall, builder.device]) accumulate(totals);
  const sumsOf = (totals: Totals, from_us: number, to_us: number) => {
    return between(totals, pieces.list, from_us, to_us, flops_per_token);
  };
  return {
    has_devices,
    has_flops,
    wall: (from_us, to_us) => sumsOf(builder.wall, from_us, to_us),
    device: (from_us, to_us) => (has_devices ? sumsOf(builder.device, from_us, to_us) : null),
  };
}

/** What a step that took `productive_us` would have taken at its ideal, in whole microseconds as sums count it. */
export function idealShare(ideal_us: number, productive_us: number): number {
  return productive_us === 0 ? 0 : Math.round((ideal_us * productive_us) / productive_us);
}

/** Told of the step as a whole, so that its pieces do not fall apart by rounding. */
function isFasterThanIdeal({ ideal_us }: JudgedStep, productive_us: number): boolean {
  return ideal_us !== undefined && productive_us < idealShare(ideal_us, productive_us);
}

interface Piece {
  readonly from_us: number;
  readonly to_us: number;
  readonly step: StepExecution | undefined;
  /** Devices that train; undefined when nobody said. */
  readonly weight: number | undefined;
}

function length(piece: Piece | undefined): number {
  return piece === undefined ? 0 : piece.to_us - piece.from_us;
}

/** Kept executions and productive segments are both in order of time, so one walk joins them. */
function piecesOf({ segments, steps }: Account) {
  const kept = steps.filter((step) => step.fate === 'productive' && isProgress(step));
  const list: Piece[] = [];
  const excluded_us = new Map<StepExecution, number>();
  let at = 0;
  let isEmpty = true;
  const pass = () => {
    const step = kept[at];
    if (step !== undefined && isEmpty) {
      list.push({ from_us: step.end_us, to_us: step.end_us, step, weight: step.devices });
    }
    at++;
    isEmpty = true;
  };
  for (const { bucket, from_us, to_us, devices, stepping } of segments) {
    if (bucket !== 'productive' && bucket !== 'excluded') continue;
    while (at < kept.length && (kept[at]?.end_us ?? 0) <= from_us) pass();
    if (bucket === 'excluded') {
      addExcluded(kept, at, from_us, to_us, excluded_us);
      continue;
    }
    const step = kept[at];
    const isOwn = step !== undefined && step.start_us < to_us;
    list.push({ from_us, to_us, step: isOwn ? step : undefined, weight: stepping ?? devices });
    if (isOwn) isEmpty = false;
  }
  while (at < kept.length) pass();
  return { list, excluded_us };
}

function addExcluded(
  kept: readonly StepExecution[],
  first: number,
  from_us: number,
  to_us: number,
  sums: Map<StepExecution, number>,
): void {
  for (let at = first; at < kept.length; at++) {
    const step = kept[at];
    if (step === undefined || step.start_us >= to_us) return;
    const covered = Math.min(step.end_us, to_us) - Math.max(step.start_us, from_us);
    if (covered > 0) sums.set(step, (sums.get(step) ?? 0) + covered);
  }
}

const NOTHING: JudgedStep = { ideal_us: undefined, causes_us: [], tokens: undefined };

function emptyTotals(pieces: number): Totals {
  const columns = new Map<Column, Float64Array>();
  for (const column of COLUMNS) columns.set(column, new Float64Array(pieces + 1));
  return { columns, tokens: new Float64Array(pieces + 1) };
}

function write(
  { columns, tokens }: Totals,
  index: number,
  judged: JudgedStep,
  isFaster: boolean,
  share: { readonly from: number; readonly to: number; readonly of: number },
  weight: number,
): void {
  const set = (column: Column, value: number) => {
    if (value === 0) return;
    let values = columns.get(column);
    if (values === undefined) {
      values = new Float64Array(tokens.length);
      columns.set(column, values);
    }
    values[index + 1] = value;
  };
  // differences of rounded running shares: the pieces of one execution add up to the rounded whole
  const part = (whole_us: number) =>
    share.of === 0
      ? 0
      : weight *
        (Math.round((whole_us * share.to) / share.of) - Math.round((whole_us * share.from) / share.of));
  const productive = weight * (share.to - share.from);
  set('productive', productive);
  if (judged.tokens !== undefined) {
    tokens[index + 1] = share.of === 0 ? judged.tokens : (judged.tokens * (share.to - share.from)) / share.of;
    set('counted', productive);
  }
  if (judged.ideal_us === undefined) return;
  const ideal = part(judged.ideal_us);
  set('judged', productive);
  set('ideal', ideal);
  if (judged.tokens !== undefined) set('counted_excess', productive - ideal);
  if (isFaster) set('faster', productive - ideal);
  else for (const [cause, us] of judged.causes_us) set(cause, part(us));
}

function accumulate({ columns, tokens }: Totals): void {
  for (const values of [...columns.values(), tokens]) {
    for (let index = 1; index < values.length; index++) {
      values[index] = (values[index] ?? 0) + (values[index - 1] ?? 0);
    }
  }
}

function between(
  totals: Totals,
  pieces: readonly Piece[],
  from_us: number,
  to_us: number,
  flops_per_token: number,
): WorkSums {
  const [before, after] = [from_us, Math.max(from_us, to_us)].map((time_us) => {
    const whole = upperBound(pieces.length, (index) => pieces[index]?.to_us ?? 0, time_us);
    const open = pieces[whole];
    const inside = open === undefined ? 0 : Math.max(0, time_us - open.from_us);
    return { whole, open, share: open === undefined || inside === 0 ? 0 : inside / length(open), inside };
  });
  const valueAt = (values: Float64Array | undefined, end: typeof before) => {
    if (values === undefined || end === undefined) return 0;
    const base = values[end.whole] ?? 0;
    if (end.share === 0) return base;
    return base + Math.round(((values[end.whole + 1] ?? 0) - base) * end.share);
  };
  const tokensAt = (end: typeof before) => {
    if (end === undefined) return 0;
    const base = totals.tokens[end.whole] ?? 0;
    return base + ((totals.tokens[end.whole + 1] ?? 0) - base) * end.share;
  };
  const sum = (column: Column) => {
    const values = totals.columns.get(column);
    return valueAt(values, after) - valueAt(values, before);
  };
  const judged = sum('judged');
  const ideal = sum('ideal');
  const causes = Object.fromEntries(SLOW_CAUSES.map((cause) => [cause, sum(cause)])) as Record<
    SlowCause,
    number
  >;
  const explained = SLOW_CAUSES.reduce((total, cause) => total + causes[cause], 0);
  return {
    productive: sum('productive'),
    judged,
    ideal,
    counted: sum('counted'),
    counted_excess: sum('counted_excess'),
    causes: { ...causes, unknown: judged - ideal - (explained - causes.unknown) },
    flops: (tokensAt(after) - tokensAt(before)) * flops_per_token,
  };
}
