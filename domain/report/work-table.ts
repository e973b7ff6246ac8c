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

export type Judge = (step: StepExecution, productive_us: number, excluded_us: number) => JudgedStep;

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

/** Columns of running totals. Tokens are whole numbers, mostly: their sums do not depend on their order. */
export const AT = {
  productive: 0,
  judged: 1,
  ideal: 2,
  counted: 3,
  counted_excess: 4,
  faster: 5,
  tokens: 6,
} as const;
export const WIDTH = 7;

/** Running totals over pieces of productive time, so that any range costs two look-ups. */
interface Totals {
  /** Rows of {@link WIDTH}, one more than there are pieces: row `i` is the sum before piece `i`. */
  readonly columns: Float64Array;
  /** Of causes that occur, `faster` aside. */
  readonly causes: Map<SlowCause, Float64Array>;
}

/**
 * The productive time of an account as pieces, each of one kept execution, with what `judge` says of it. What is said of
 * an execution is spread evenly over its productive time; tokens of one without any (a span covers all of it) lie at its
 * end.
 */
export function workTable(
  account: Pick<Account, 'segments' | 'steps'>,
  flops_per_token: number,
  judge: Judge,
): WorkTable {
  const { list, excluded_us } = piecesOf(account);
  const has_devices = list.every((piece) => piece.weight !== undefined || lengthOf(piece) === 0);
  const wall = emptyTotals(list.length);
  const device = emptyTotals(list.length);
  let has_flops = false;
  judgePieces({ list, excluded_us }, judge, (piece, judged, isFaster, share, index) => {
    has_flops ||= judged.tokens !== undefined;
    addRow(wall, index, judged, isFaster, share, 1);
    addRow(device, index, judged, isFaster, share, piece.weight ?? 1);
  });
  for (const { causes } of [wall, device]) for (const values of causes.values()) accumulate(values);
  const sumsOf = (totals: Totals, from_us: number, to_us: number) => {
    return between(totals, list, from_us, to_us, flops_per_token);
  };
  return {
    has_devices,
    has_flops,
    wall: (from_us, to_us) => sumsOf(wall, from_us, to_us),
    device: (from_us, to_us) => (has_devices ? sumsOf(device, from_us, to_us) : null),
  };
}

/** Told of the step as a whole, as sums count it, so that its pieces do not fall apart by rounding. */
export function isFasterThanIdeal({ ideal_us }: JudgedStep, productive_us: number): boolean {
  const whole = { from: 0, to: productive_us, of: productive_us };
  return ideal_us !== undefined && productive_us < partOf(ideal_us, whole, 1);
}

/** Visits every piece, in order, with what is said of its execution and the share of that which it is. */
export function judgePieces(
  { list, excluded_us }: ReturnType<typeof piecesOf>,
  judge: Judge,
  visit: (piece: Piece, judged: JudgedStep, isFaster: boolean, share: Share, index: number) => void,
): void {
  for (const { step, from, to, productive_us } of groupsOf(list)) {
    const judged =
      step === undefined ? NOTHING_JUDGED : judge(step, productive_us, excluded_us.get(step) ?? 0);
    const isFaster = isFasterThanIdeal(judged, productive_us);
    let done_us = 0;
    for (let index = from; index < to; index++) {
      const piece = list[index];
      if (piece === undefined) continue;
      const share = { from: done_us, to: done_us + lengthOf(piece), of: productive_us };
      visit(piece, judged, isFaster, share, index);
      done_us = share.to;
    }
  }
}

export interface Piece {
  readonly from_us: number;
  readonly to_us: number;
  readonly step: StepExecution | undefined;
  /** Devices that train; undefined when nobody said. */
  readonly weight: number | undefined;
}

export function lengthOf(piece: Pick<Piece, 'from_us' | 'to_us'> | undefined): number {
  return piece === undefined ? 0 : piece.to_us - piece.from_us;
}

/** The pieces of one kept execution, which follow each other, and what they are together. */
interface PieceGroup {
  readonly step: StepExecution | undefined;
  readonly from: number;
  readonly to: number;
  readonly productive_us: number;
}

export function* groupsOf(list: readonly Piece[]): Generator<PieceGroup> {
  let from = 0;
  while (from < list.length) {
    const step = list[from]?.step;
    let to = from;
    let productive_us = 0;
    for (; to < list.length && list[to]?.step === step; to++) productive_us += lengthOf(list[to]);
    yield { step, from, to, productive_us };
    from = to;
  }
}

/** Kept executions and productive segments are both in order of time, so one walk joins them. */
export function piecesOf({ segments, steps }: Pick<Account, 'segments' | 'steps'>) {
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

const NOTHING_JUDGED: JudgedStep = { ideal_us: undefined, causes_us: [], tokens: undefined };

function emptyTotals(pieces: number): Totals {
  return { columns: new Float64Array((pieces + 1) * WIDTH), causes: new Map() };
}

/** A stretch of the productive time of an execution, microseconds from its beginning, and all there is of it. */
export interface Share {
  readonly from: number;
  readonly to: number;
  readonly of: number;
}

function addRow(
  { columns, causes }: Totals,
  index: number,
  judged: JudgedStep,
  isFaster: boolean,
  share: Share,
  weight: number,
): void {
  const at = (index + 1) * WIDTH;
  columns.copyWithin(at, at - WIDTH, at);
  addPiece(columns, at, judged, isFaster, share, weight);
  if (isFaster) return;
  for (const [cause, us] of judged.causes_us) {
    const value = partOf(us, share, weight);
    if (value === 0) continue;
    let values = causes.get(cause);
    if (values === undefined) {
      values = new Float64Array(columns.length / WIDTH);
      causes.set(cause, values);
    }
    values[index + 1] = value;
  }
}

/** Adds what a piece of a judged execution comes to. */
export function addPiece(
  to: Float64Array | number[],
  at: number,
  judged: JudgedStep,
  isFaster: boolean,
  share: Share,
  weight: number,
): void {
  const productive = weight * (share.to - share.from);
  add(to, at + AT.productive, productive);
  if (judged.tokens !== undefined) {
    add(to, at + AT.tokens, tokensOf(judged.tokens, share));
    add(to, at + AT.counted, productive);
  }
  if (judged.ideal_us === undefined) return;
  const ideal = partOf(judged.ideal_us, share, weight);
  add(to, at + AT.judged, productive);
  add(to, at + AT.ideal, ideal);
  if (judged.tokens !== undefined) add(to, at + AT.counted_excess, productive - ideal);
  if (isFaster) add(to, at + AT.faster, productive - ideal);
}

function add(to: Float64Array | number[], at: number, value: number): void {
  to[at] = (to[at] ?? 0) + value;
}

/** Differences of rounded running shares: the pieces of one execution add up to the rounded whole. */
function partOf(whole_us: number, { from, to, of }: Share, weight: number): number {
  if (of === 0) return 0;
  return weight * (Math.round((whole_us * to) / of) - Math.round((whole_us * from) / of));
}

/** In fractions that a sum keeps exactly, so that the pieces of an execution add up to its tokens in any order. */
function tokensOf(whole: number, { from, to, of }: Share): number {
  if (of === 0 || (from === 0 && to === of)) return whole;
  const fine = whole * TOKEN_PARTS;
  return (Math.round((fine * to) / of) - Math.round((fine * from) / of)) / TOKEN_PARTS;
}

const TOKEN_PARTS = 1024;

function accumulate(values: Float64Array): void {
  for (let index = 1; index < values.length; index++) {
    values[index] = (values[index] ?? 0) + (values[index - 1] ?? 0);
  }
}

/** A place in the pieces: how many lie before it, and the share of the next one that does. */
interface Place {
  readonly whole: number;
  readonly share: number;
}

function between(
  totals: Totals,
  pieces: readonly Piece[],
  from_us: number,
  to_us: number,
  flops_per_token: number,
): WorkSums {
  // also a piece of no length that lies at the very beginning
  const isFromStart = from_us <= (pieces[0]?.from_us ?? from_us);
  const begin = isFromStart ? undefined : placeOf(pieces, from_us);
  const end = placeOf(pieces, Math.max(from_us, to_us));
  const { columns, causes } = totals;
  const told: Partial<Record<SlowCause, number>> = {};
  for (const [cause, values] of causes) {
    told[cause] = valueAt(values, end, 1, 0) - (begin === undefined ? 0 : valueAt(values, begin, 1, 0));
  }
  const sums = Array.from({ length: WIDTH }, (_, at) => {
    const of =
      at === AT.tokens ? tokensAt : (values: Float64Array, place: Place) => valueAt(values, place, WIDTH, at);
    return of(columns, end) - (begin === undefined ? 0 : of(columns, begin));
  });
  return workSums(sums, told, flops_per_token);
}

/** @param sums by {@link AT}; @param causes those that evidence explains */
export function workSums(
  sums: ArrayLike<number>,
  causes: Readonly<Partial<Record<SlowCause, number>>>,
  flops_per_token: number,
): WorkSums {
  const of = (column: keyof typeof AT) => sums[AT[column]] ?? 0;
  const [judged, ideal] = [of('judged'), of('ideal')];
  const told = { ...NO_CAUSES, ...causes, faster: of('faster') };
  const explained = SLOW_CAUSES.reduce((total, cause) => total + told[cause], 0);
  return {
    productive: of('productive'),
    judged,
    ideal,
    counted: of('counted'),
    counted_excess: of('counted_excess'),
    causes: { ...told, unknown: judged - ideal - (explained - told.unknown) },
    flops: of('tokens') * flops_per_token,
  };
}

const NO_CAUSES = Object.fromEntries(SLOW_CAUSES.map((cause) => [cause, 0])) as Record<SlowCause, number>;

function placeOf(pieces: readonly Piece[], time_us: number): Place {
  const whole = upperBound(pieces.length, (index) => pieces[index]?.to_us ?? 0, time_us);
  const open = pieces[whole];
  const inside = open === undefined ? 0 : Math.max(0, time_us - open.from_us);
  return { whole, share: open === undefined || inside === 0 ? 0 : inside / lengthOf(open) };
}

function valueAt(values: Float64Array, { whole, share }: Place, width: number, at: number): number {
  const base = values[whole * width + at] ?? 0;
  return share === 0 ? base : base + Math.round(((values[(whole + 1) * width + at] ?? 0) - base) * share);
}

function tokensAt(values: Float64Array, { whole, share }: Place): number {
  const base = values[whole * WIDTH + AT.tokens] ?? 0;
  return share === 0 ? base : base + ((values[(whole + 1) * WIDTH + AT.tokens] ?? 0) - base) * share;
}
