import { CONVENTIONS, type Convention } from '../domain/model-flops.ts';
import type { FlopsAnswer } from '../domain/report/flops-answer.ts';
import { count, significant } from './units.ts';
import { percent } from './waterfall.ts';

const MEANS: Readonly<Record<Convention, string>> = {
  mm_causal: '6 M + 3 A T, half of the score matrix (default)',
  mm_full: '6 M + 6 A T, the whole score matrix',
  palm: '6 N + 12 L H Q T over all parameters',
  six_n: '6 N over active parameters',
};

/** The answer of `flops` for people: parts, conventions, and the efficiency that was asked for. */
export function flopsText(answer: FlopsAnswer): string {
  return [
    heading(answer),
    componentTable(answer),
    conventionTable(answer),
    ...efficiency(answer),
    ...answer.notes.map((note) => `note: ${note}`),
    ...Object.entries(answer.reasons)
      .filter(([field]) => isAskedFor(field, answer))
      .map(([field, reason]) => `${field}: ${reason}`),
  ].join('\n');
}

function heading(answer: FlopsAnswer): string {
  return [
    `${answer.model} (${answer.model_type})`,
    `  parameters           ${count(answer.parameters)}`,
    `  active per token     ${count(answer.active_parameters)}`,
    `    without embedding  ${count(answer.active_parameters_no_embedding)}`,
    `    in matrix products ${count(answer.matmul_parameters)}`,
    '',
  ].join('\n');
}

function componentTable({ components, sequence_length }: FlopsAnswer): string {
  const rows = components.map((row) => [
    row.in_totals ? row.component : `(${row.component})`,
    count(row.parameters),
    count(row.active_parameters),
    giga(row.forward_flops_per_token.mm_causal),
    giga(row.training_flops_per_token.mm_causal),
  ]);
  const header = ['component', 'parameters', 'active', 'forward', 'training'];
  return `${table([header, ...rows])}\n  GFLOP per token, mm_causal, at ${count(sequence_length)} tokens; (in brackets: not in the totals)\n`;
}

function conventionTable({ flops_per_token, tflops_per_device, mfu_ratio }: FlopsAnswer): string {
  const rows = CONVENTIONS.map((convention) => [
    convention,
    giga(flops_per_token[convention]),
    number(tflops_per_device?.[convention]),
    ratio(mfu_ratio?.[convention]),
    MEANS[convention],
  ]);
  return `${table([['convention', 'GFLOP/token', 'TFLOP/s/device', 'MFU', ''], ...rows])}\n`;
}

function efficiency({ peak_flops, peak_source, hfu_ratio, mfu_ratio_by_peak }: FlopsAnswer): string[] {
  const lines: string[] = [];
  if (peak_flops !== null) lines.push(`peak ${significant(peak_flops / 1e12, 5)} TFLOP/s: ${peak_source}`);
  if (hfu_ratio !== null) lines.push(`HFU ${percent(hfu_ratio, 2)} (mm_full, with recomputation)`);
  const peaks = Object.entries(mfu_ratio_by_peak ?? {});
  if (peaks.length > 1) {
    lines.push(
      ...peaks.map(([dtype, mfu]) => `MFU against the ${dtype} peak: ${ratio(mfu.mm_causal)} (mm_causal)`),
    );
  }
  return lines;
}

/** A model alone is a full question: the speed that was not given is not worth a line then. */
function isAskedFor(field: string, { tokens_per_s_per_device }: FlopsAnswer): boolean {
  return field !== 'mfu_ratio' || tokens_per_s_per_device !== null;
}

/** Columns of numbers stand to the right, headers with them; names to the left. */
function table(rows: readonly (readonly string[])[]): string {
  const columns = (rows[0] ?? []).map((_, column) => {
    const cells = rows.map((row) => row[column] ?? '');
    const isNumeric = cells.slice(1).every((cell) => /^[\d,.]+( %)?$|^-$/.test(cell));
    return { width: Math.max(...cells.map((cell) => cell.length)), isNumeric };
  });
  const line = (row: readonly string[]) =>
    columns.map(({ width, isNumeric }, column) => {
      const cell = row[column] ?? '';
      return isNumeric ? cell.padStart(width) : cell.padEnd(width);
    });
  return rows.map((row) => `  ${line(row).join('  ').trimEnd()}`).join('\n');
}

function giga(flops: number): string {
  return significant(flops / 1e9, 5);
}

function number(value: number | null | undefined): string {
  return value === null || value === undefined ? '-' : significant(value, 5);
}

function ratio(value: number | null | undefined): string {
  return value === null || value === undefined ? '-' : percent(value, 2);
}
