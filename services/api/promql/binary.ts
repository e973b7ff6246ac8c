import {
  type Arithmetic,
  type BinaryOperator,
  type Comparison,
  isComparison,
  isSetOperator,
  type Matching,
  type SetOperator,
} from './ast.ts';
import { executionFailed } from './errors.ts';
import {
  type Labels,
  labelsOf,
  labelValue,
  METRIC_NAME,
  memo,
  only,
  printLabels,
  toRecord,
  without,
  withoutName,
} from './labels.ts';
import type { Sample, Vector } from './sample.ts';

const ARITHMETIC: Readonly<Record<Arithmetic, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
  '^': power,
  atan2: Math.atan2,
};

const COMPARISON: Readonly<Record<Comparison, (a: number, b: number) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '>': (a, b) => a > b,
  '<': (a, b) => a < b,
  '>=': (a, b) => a >= b,
  '<=': (a, b) => a <= b,
};

/** IEEE 754's pow, as Go has it: JavaScript says NaN where 1 is raised to NaN, or 1 or -1 to an infinity. */
function power(base: number, exponent: number): number {
  if (base === 1) return 1;
  if (base === -1 && Math.abs(exponent) === Number.POSITIVE_INFINITY) return 1;
  return base ** exponent;
}

/** Scalars: a comparison gives 1 or 0. */
export function scalarOperation(operator: BinaryOperator): (a: number, b: number) => number {
  if (isComparison(operator)) return (a, b) => (COMPARISON[operator](a, b) ? 1 : 0);
  if (isSetOperator(operator)) throw new Error(`set operator ${operator} between scalars`);
  return ARITHMETIC[operator];
}

/** The value of two elements, or undefined where a comparison drops them. */
function elementOperation(
  operator: BinaryOperator,
  bool: boolean,
): (a: number, b: number) => number | undefined {
  if (!isComparison(operator) || bool) return scalarOperation(operator);
  return (a, b) => (COMPARISON[operator](a, b) ? a : undefined);
}

/** Comparisons keep the metric name, and in 2.42 so does atan2. */
function dropsName(operator: BinaryOperator, bool: boolean): boolean {
  return bool || (!isComparison(operator) && operator !== 'atan2');
}

export interface ScalarSide {
  readonly operator: BinaryOperator;
  readonly bool: boolean;
  /** The scalar stood on the left. */
  readonly swapped: boolean;
}

export function createVectorScalar({
  operator,
  bool,
  swapped,
}: ScalarSide): (vector: Vector, scalar: number) => Vector {
  const apply = elementOperation(operator, bool);
  const filters = isComparison(operator) && !bool;
  const nameless = memo(withoutName);
  const drop = dropsName(operator, bool);
  return (vector, scalar) => {
    const result: Sample[] = [];
    for (const { labels, value } of vector) {
      const computed = swapped ? apply(scalar, value) : apply(value, scalar);
      if (computed === undefined) continue;
      result.push({ labels: drop ? nameless(labels) : labels, value: filters ? value : computed });
    }
    return result;
  };
}

const ALL_LABELS: Matching = { on: false, labels: [], many: null, include: [] };

function signatureOf({ on, labels }: Matching): (labels: Labels) => string {
  const names = new Set(on ? labels : [...labels, METRIC_NAME]);
  return memo((own) => (on ? only(own, names) : without(own, names)).key);
}

export function createSetOperation(
  operator: SetOperator,
  matching: Matching | null,
): (left: Vector, right: Vector) => Vector {
  const signature = signatureOf(matching ?? ALL_LABELS);
  return (left, right) => {
    const other = new Set((operator === 'or' ? left : right).map(({ labels }) => signature(labels)));
    if (operator === 'or') return [...left, ...right.filter(({ labels }) => !other.has(signature(labels)))];
    return left.filter(({ labels }) => other.has(signature(labels)) === (operator === 'and'));
  };
}

/** Arithmetic or comparison of two vectors, matched by labels; throws `execution` when the match is not unique. */
export function createVectorVector(
  operator: BinaryOperator,
  bool: boolean,
  clause: Matching | null,
): (left: Vector, right: Vector) => Vector {
  const matching = clause ?? ALL_LABELS;
  const signature = signatureOf(matching);
  const apply = elementOperation(operator, bool);
  const resultOf = resultLabels(dropsName(operator, false), matching);
  const nameless = memo(withoutName);
  // The "one" side is looked up, the "many" side is walked.
  const oneIsLeft = matching.many === 'right';
  return (left, right) => {
    if (left.length === 0 || right.length === 0) return [];
    const [many, one] = oneIsLeft ? [right, left] : [left, right];
    const bySignature = oneSide(one, signature, matching, oneIsLeft ? 'left' : 'right');
    const matched = new Map<string, Set<string>>();
    const result: Sample[] = [];
    for (const sample of many) {
      const key = signature(sample.labels);
      const partner = bySignature.get(key);
      if (partner === undefined) continue;
      const value = oneIsLeft ? apply(partner.value, sample.value) : apply(sample.value, partner.value);
      if (value === undefined) continue;
      const named = resultOf(sample.labels, partner.labels);
      const labels = bool ? nameless(named) : named;
      claim(matched, key, labels, matching);
      result.push({ labels, value });
    }
    return result;
  };
}

function oneSide(
  one: Vector,
  signature: (labels: Labels) => string,
  matching: Matching,
  side: string,
): Map<string, Sample> {
  const found = new Map<string, Sample>();
  for (const sample of one) {
    const key = signature(sample.labels);
    const other = found.get(key);
    if (other !== undefined) {
      const names = new Set(matching.on ? matching.labels : [...matching.labels, METRIC_NAME]);
      const group = matching.on ? only(sample.labels, names) : without(sample.labels, names);
      throw executionFailed(
        `found duplicate series for the match group ${printLabels(group)} on the ${side} hand-side of the operation: ` +
          `[${printLabels(sample.labels)}, ${printLabels(other.labels)}];many-to-many matching not allowed: ` +
          'matching labels must be unique on one side',
      );
    }
    found.set(key, sample);
  }
  return found;
}

function claim(matched: Map<string, Set<string>>, key: string, labels: Labels, { many }: Matching): void {
  const claimed = matched.get(key);
  if (claimed === undefined) {
    matched.set(key, new Set([labels.key]));
    return;
  }
  if (many === null) {
    throw executionFailed(
      'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)',
    );
  }
  if (claimed.has(labels.key)) {
    throw executionFailed('multiple matches for labels: grouping labels must ensure unique matches');
  }
  claimed.add(labels.key);
}

/** Labels of a result: the many side's (one to one: those matched on), with the included ones of the one side. */
function resultLabels(drop: boolean, matching: Matching): (many: Labels, one: Labels) => Labels {
  const names = new Set(matching.labels);
  const base = memo((labels: Labels) => {
    const named = drop ? withoutName(labels) : labels;
    if (matching.many !== null) return named;
    return matching.on ? only(named, names) : without(named, names);
  });
  if (matching.include.length === 0) return base;
  const perMany = memo((many: Labels) =>
    memo((one: Labels) => {
      const taken = Object.fromEntries(matching.include.map((name) => [name, labelValue(one, name)]));
      return labelsOf({ ...toRecord(base(many)), ...taken });
    }),
  );
  return (many, one) => perMany(many)(one);
}
