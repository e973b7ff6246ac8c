import type { Excess } from '../../ledger/paint.ts';
import type { Ideals } from '../ideal-step.ts';
import type { ResolvedSpec } from '../job-spec.ts';
import { judgeOf } from '../job-work.ts';
import type { SlowdownLimits } from '../slowdown-limits.ts';
import { SlowdownScan } from '../slowdowns.ts';
import { addPiece, isFasterThanIdeal, type JudgedStep, judgePieces, lengthOf, WIDTH } from '../work-table.ts';
import type { KeptRows } from './kept-rows.ts';
import type { WorkSoFar } from './open-work-table.ts';

/** Nothing that one rank tells without phases explains why a step was slow. */
export const NO_EVIDENCE = { causesOf: () => [] };

/** A first step is known by its stretch. */
export function stretchKey({ from_us, to_us }: { readonly from_us: number; readonly to_us: number }): string {
  return `${from_us} ${to_us}`;
}

interface FirstSums {
  readonly excess: Excess | undefined;
  readonly wall: Float64Array;
  readonly device: Float64Array;
  readonly has_devices: boolean;
  readonly has_flops: boolean;
}

/**
 * Sealed kept work held against its ideals: sums and slow-downs. They go on as rows are sealed, and are made anew when an
 * ideal changes, which a best window does ever more rarely.
 */
export class JudgedWork {
  readonly #rows: KeptRows;
  readonly #spec: ResolvedSpec;
  readonly #limits: SlowdownLimits | undefined;
  #ideals: Ideals | undefined;
  #key = '';
  #length = 0;
  #scan: SlowdownScan;
  readonly #wall = new Float64Array(WIDTH);
  readonly #device = new Float64Array(WIDTH);
  /** Rows that lack devices, and that carry FLOPs. */
  #lacking = 0;
  #counted = 0;
  readonly #firsts = new Map<number, FirstSums>();

  constructor(rows: KeptRows, spec: ResolvedSpec, limits: SlowdownLimits | undefined) {
    this.#rows = rows;
    this.#spec = spec;
    this.#limits = limits;
    this.#scan = new SlowdownScan(limits);
  }

  /** Brings it to all rows there are. */
  advance(ideals: Ideals, isMeasured: (row: number) => boolean): void {
    if (ideals.key !== this.#key || this.#length > this.#rows.length) this.#reset(ideals.key);
    this.#ideals = ideals;
    const judge = judgeOf(this.#spec, ideals, NO_EVIDENCE);
    for (; this.#length < this.#rows.length; this.#length++) {
      const row = this.#length;
      const execution = this.#rows.execution(row);
      if (!this.#rows.firsts.has(row)) {
        const [productive_us, excluded_us] = [this.#rows.productive(row), this.#rows.excluded(row)];
        const judged = judge(execution, productive_us, excluded_us);
        this.#add(this.#rows.pieces(row), judged, productive_us);
      }
      if (!this.#rows.isTrain(row) || !isMeasured(row)) continue;
      const step = this.#rows.keptStep(row, this.#spec);
      this.#scan.push(step, ideals.of(step));
    }
  }

  /** Slow-downs so far, to be gone on with. */
  scan(): SlowdownScan {
    return this.#scan.clone();
  }

  /** Sums of all rows, what of first steps is start-up taken out; `excesses` by {@link stretchKey}. */
  sums(from_us: number, to_us: number, excesses: ReadonlyMap<string, Excess>): WorkSoFar {
    const [wall, device] = [[...this.#wall], [...this.#device]];
    let [has_devices, has_flops] = [this.#lacking === 0, this.#counted > 0];
    for (const row of this.#rows.firsts.keys()) {
      if (row >= this.#length) break;
      const first = this.#first(row, excesses.get(stretchKey(this.#rows.stretch(row))));
      for (let at = 0; at < WIDTH; at++) {
        wall[at] = (wall[at] ?? 0) + (first.wall[at] ?? 0);
        device[at] = (device[at] ?? 0) + (first.device[at] ?? 0);
      }
      has_devices &&= first.has_devices;
      has_flops ||= first.has_flops;
    }
    return { from_us, to_us, has_devices, has_flops, wall, device };
  }

  #add(
    pieces: readonly { readonly us: number; readonly weight: number }[],
    judged: JudgedStep,
    of: number,
  ): void {
    const isFaster = isFasterThanIdeal(judged, of);
    let from = 0;
    for (const { us, weight } of pieces) {
      const share = { from, to: from + us, of };
      addPiece(this.#wall, 0, judged, isFaster, share, 1);
      addPiece(this.#device, 0, judged, isFaster, share, Number.isNaN(weight) ? 1 : weight);
      if (us > 0 && Number.isNaN(weight)) this.#lacking++;
      from = share.to;
    }
    if (judged.tokens !== undefined) this.#counted++;
  }

  #first(row: number, excess: Excess | undefined): FirstSums {
    const known = this.#firsts.get(row);
    if (known !== undefined && known.excess === excess) return known;
    const [wall, device] = [new Float64Array(WIDTH), new Float64Array(WIDTH)];
    let [has_devices, has_flops] = [true, false];
    if (this.#ideals !== undefined) {
      const judge = judgeOf(this.#spec, this.#ideals, NO_EVIDENCE);
      judgePieces(this.#rows.firstPieces(row, excess), judge, (piece, judged, isFaster, share) => {
        if (piece.step === undefined) return;
        addPiece(wall, 0, judged, isFaster, share, 1);
        addPiece(device, 0, judged, isFaster, share, piece.weight ?? 1);
        has_devices &&= piece.weight !== undefined || lengthOf(piece) === 0;
        has_flops ||= judged.tokens !== undefined;
      });
    }
    const sums = { excess, wall, device, has_devices, has_flops };
    this.#firsts.set(row, sums);
    return sums;
  }

  #reset(key: string): void {
    this.#key = key;
    this.#length = 0;
    this.#scan = new SlowdownScan(this.#limits);
    this.#wall.fill(0);
    this.#device.fill(0);
    this.#lacking = 0;
    this.#counted = 0;
    this.#firsts.clear();
  }
}
