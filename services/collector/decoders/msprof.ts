import type { StepPhases } from '../../../domain/events.ts';
import type { LogRejection } from './logs/log-format.ts';
import type { DocumentFormat, ProfiledStep, StepDocument } from './profiled-steps.ts';

/**
 * Ascend's `step_trace_time.csv` of one device and `cluster_step_trace_time.csv` of many (msprof-analyze, "delivered
 * files", 2024-2026): microseconds of Computing, Communication(Not Overlapped), Overlapped, Communication and Free, in
 * newer versions also Stage, Bubble, Communication(Not Overlapped and Exclude Receive) and Preparing.
 *
 * step = Computing + Communication(Not Overlapped) + Free. `Preparing` lies inside Free, and some versions print a time of
 * day there: it is not read. What of the exposed communication is receiving from another stage is the pipeline's bubble.
 */
export const msprof: DocumentFormat = {
  name: 'msprof',
  isOf(text) {
    const [head = ''] = text.split('\n', 1);
    return head.includes('Computing') && head.includes('Communication(Not Overlapped)');
  },
  read: readStepTrace,
};

/** Microseconds of a unit that a header names behind a column. */
const UNITS: Readonly<Record<string, number>> = { us: 1, ms: 1000, s: 1e6 };

interface Columns {
  readonly names: readonly string[];
  readonly factors: readonly number[];
}

function readStepTrace(text: string): StepDocument {
  const [head = '', ...lines] = text.replace(/^\ufeff/, '').split(/\r?\n/);
  const columns = columnsOf(head);
  const steps: ProfiledStep[] = [];
  const rejected: LogRejection[] = [];
  const notes = new Set<string>();
  const seen = new Map<number | undefined, number>();
  lines.forEach((line, index) => {
    if (line.trim() === '') return;
    const row = rowOf(line, columns);
    if (row.text('Type') === 'stage') {
      notes.add('rows of stages repeat those of their ranks and are left out');
      return;
    }
    const rank = rankOf(row);
    const ordinal = (seen.get(rank) ?? 0) + 1;
    const step = stepOf(row, rank, ordinal);
    if (step === undefined) {
      const message = 'Computing, Communication(Not Overlapped) and Free are needed as numbers (a cut line?)';
      rejected.push({ line: index + 2, code: 'no_step_time', message });
      return;
    }
    seen.set(rank, ordinal);
    steps.push(step);
  });
  return { framework: 'ascend', source: 'msprof', facts: {}, steps, notes: [...notes], rejected };
}

interface Row {
  text(name: string): string | undefined;
  us(name: string): number | undefined;
}

function columnsOf(head: string): Columns {
  const found = cellsOf(head).map((cell) => /^(.*?)\s*(?:\((us|ms|s)\))?$/.exec(cell));
  return {
    names: found.map((match) => match?.[1] ?? ''),
    factors: found.map((match) => UNITS[match?.[2] ?? 'us'] ?? 1),
  };
}

function cellsOf(line: string): string[] {
  return line.split(',').map((cell) => cell.trim().replace(/^"|"$/g, ''));
}

function rowOf(line: string, { names, factors }: Columns): Row {
  const cells = cellsOf(line);
  const isWhole = cells.length === names.length;
  return {
    text: (name) => cells[names.indexOf(name)],
    us(name) {
      const at = names.indexOf(name);
      const cell = at < 0 || !isWhole ? '' : (cells[at] ?? '');
      const value = cell === '' ? Number.NaN : Number(cell);
      return Number.isFinite(value) ? value * (factors[at] ?? 1) : undefined;
    },
  };
}

/** Of the cluster's file the rank; a device number is of one node and names no rank of the job. */
function rankOf(row: Row): number | undefined {
  const index = row.text('Type') === 'rank' ? Number(row.text('Index') ?? Number.NaN) : Number.NaN;
  return Number.isSafeInteger(index) && index >= 0 ? index : undefined;
}

function stepOf(row: Row, rank: number | undefined, ordinal: number): ProfiledStep | undefined {
  const compute = row.us('Computing');
  const exposed = row.us('Communication(Not Overlapped)');
  const free = row.us('Free');
  if (compute === undefined || exposed === undefined || free === undefined) return undefined;
  const named = Number.parseInt(row.text('Step') ?? '', 10);
  const step = Number.isSafeInteger(named) && named >= 0 ? named : ordinal;
  const device = row.text('Device_id');
  return {
    step,
    rank,
    start_us: undefined,
    length_us: compute + exposed + free,
    phases_us: phasesOf(row, compute, exposed),
    ...(device === undefined || device === '' ? {} : { labels: { device } }),
  };
}

function phasesOf(row: Row, compute: number, exposed: number): StepPhases {
  const hidden = row.us('Overlapped');
  const receiving = row.us('Bubble');
  const comm = row.us('Communication(Not Overlapped and Exclude Receive)') ?? exposed - (receiving ?? 0);
  return {
    compute,
    comm,
    ...(hidden === undefined ? {} : { comm_hidden: hidden }),
    ...(receiving === undefined ? {} : { bubble: exposed - comm }),
  };
}
