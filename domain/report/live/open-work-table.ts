import type { Account } from '../../ledger/ledger-shape.ts';
import {
  AT,
  addPiece,
  type Judge,
  type JudgedStep,
  judgePieces,
  lengthOf,
  type Piece,
  piecesOf,
  type Share,
  WIDTH,
  type WorkSums,
  type WorkTable,
  workSums,
} from '../work-table.ts';

/** What all pieces before the open stretch come to. */
export interface WorkSoFar {
  /** Where they begin and end, microseconds. */
  readonly from_us: number;
  readonly to_us: number;
  readonly has_devices: boolean;
  readonly has_flops: boolean;
  /** By `AT`; none of their excess is explained. */
  readonly wall: readonly number[];
  readonly device: readonly number[];
}

interface JudgedPiece {
  readonly piece: Piece;
  readonly judged: JudgedStep;
  readonly isFaster: boolean;
  readonly share: Share;
}

/**
 * The work table of a job whose sealed part is known by its sums: it answers of ranges that begin with the job and end in
 * the open stretch, which is all that live figures ask.
 */
export function openWorkTable(
  before: WorkSoFar,
  open: Pick<Account, 'segments' | 'steps'>,
  flops_per_token: number,
  judge: Judge,
): WorkTable {
  const pieces: JudgedPiece[] = [];
  let { has_devices, has_flops } = before;
  judgePieces(piecesOf(open), judge, (piece, judged, isFaster, share) => {
    has_flops ||= judged.tokens !== undefined;
    has_devices &&= piece.weight !== undefined || lengthOf(piece) === 0;
    pieces.push({ piece, judged, isFaster, share });
  });
  const known = new Map<string, WorkSums>();
  const sumsOf = (name: 'wall' | 'device', from_us: number, to_us: number): WorkSums => {
    if (from_us > before.from_us || to_us < before.to_us) {
      throw new RangeError('only sums from the beginning of the job into its open stretch are in hand');
    }
    const key = `${name} ${to_us}`;
    const sums =
      known.get(key) ?? workSums(sumsUntil(before[name], pieces, name, to_us), {}, flops_per_token);
    known.set(key, sums);
    return sums;
  };
  return {
    has_devices,
    has_flops,
    wall: (from_us, to_us) => sumsOf('wall', from_us, to_us),
    device: (from_us, to_us) => (has_devices ? sumsOf('device', from_us, to_us) : null),
  };
}

function sumsUntil(
  before: readonly number[],
  pieces: readonly JudgedPiece[],
  name: 'wall' | 'device',
  to_us: number,
): number[] {
  const sums = [...before];
  for (const { piece, judged, isFaster, share } of pieces) {
    const weight = name === 'wall' ? 1 : (piece.weight ?? 1);
    if (piece.to_us <= to_us) {
      addPiece(sums, 0, judged, isFaster, share, weight);
      continue;
    }
    const inside_us = to_us - piece.from_us;
    if (inside_us <= 0) break;
    const whole = new Array<number>(WIDTH).fill(0);
    addPiece(whole, 0, judged, isFaster, share, weight);
    const part = inside_us / lengthOf(piece);
    for (const [at, value] of whole.entries()) {
      sums[at] = (sums[at] ?? 0) + (at === AT.tokens ? value * part : Math.round(value * part));
    }
    break;
  }
  return sums;
}
