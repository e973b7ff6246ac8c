/** A label set, in order of names, without empty values. Equal sets have equal keys. */
export interface Labels {
  readonly pairs: readonly (readonly [name: string, value: string])[];
  readonly key: string;
}

export const METRIC_NAME = '__name__';

function ofSorted(pairs: Labels['pairs']): Labels {
  return { pairs, key: JSON.stringify(pairs) };
}

export const NO_LABELS: Labels = ofSorted([]);

export function labelsOf(record: Readonly<Record<string, string>>): Labels {
  const pairs = Object.entries(record).filter(([, value]) => value !== '');
  return ofSorted(pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/** The value of a label; a label that is not there has the empty one. */
export function labelValue(labels: Labels, name: string): string {
  return labels.pairs.find(([own]) => own === name)?.[1] ?? '';
}

export function without(labels: Labels, names: ReadonlySet<string>): Labels {
  return ofSorted(labels.pairs.filter(([name]) => !names.has(name)));
}

export function only(labels: Labels, names: ReadonlySet<string>): Labels {
  return ofSorted(labels.pairs.filter(([name]) => names.has(name)));
}

/** With one label set; the empty value takes it away. */
export function withLabel(labels: Labels, name: string, value: string): Labels {
  return labelsOf({ ...Object.fromEntries(labels.pairs), [name]: value });
}

const NAME_ALONE: ReadonlySet<string> = new Set([METRIC_NAME]);

export function withoutName(labels: Labels): Labels {
  return labels.pairs.some(([name]) => name === METRIC_NAME) ? without(labels, NAME_ALONE) : labels;
}

/** Order of the pairs one after another, as Prometheus orders series. */
export function compareLabels(a: Labels, b: Labels): number {
  for (const [index, [name, value]] of a.pairs.entries()) {
    const other = b.pairs[index];
    if (other === undefined) return 1;
    if (name !== other[0]) return name < other[0] ? -1 : 1;
    if (value !== other[1]) return value < other[1] ? -1 : 1;
  }
  return a.pairs.length - b.pairs.length;
}

/** `{job="a", x="b"}` as Prometheus prints a label set. */
export function printLabels(labels: Labels): string {
  return `{${labels.pairs.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ')}}`;
}

export function toRecord(labels: Labels): Record<string, string> {
  return Object.fromEntries(labels.pairs);
}

/** Computes a value once for each label set object: the same series comes by at every step of a range query. */
export function memo<T>(compute: (labels: Labels) => T): (labels: Labels) => T {
  const known = new Map<Labels, T>();
  return (labels) => {
    let value = known.get(labels);
    if (value === undefined) {
      value = compute(labels);
      known.set(labels, value);
    }
    return value;
  };
}
