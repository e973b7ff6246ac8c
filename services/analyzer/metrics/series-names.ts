import { seriesKey } from '../../../platform/series/series-id.ts';

/** A series as it is named, and the text that only it has. */
export interface NamedSeries<Name extends string = string> {
  readonly name: Name;
  readonly labels: Readonly<Record<string, string>>;
  readonly key: string;
}

interface Branch {
  readonly branches: Map<string, Branch>;
  series: NamedSeries | undefined;
}

/**
 * The series of one job: each is named once, and not at every point. They are found by their name and the values of their
 * labels: the labels of a name are always the same ones, and told in the same order.
 */
export class SeriesNames {
  readonly #job: string;
  readonly #root: Branch = { branches: new Map(), series: undefined };

  constructor(job: string) {
    this.#job = job;
  }

  of<Name extends string>(name: Name, labels: Readonly<Record<string, string>>): NamedSeries<Name> {
    let branch = branchOf(this.#root, name);
    for (const label in labels) branch = branchOf(branch, labels[label] ?? '');
    branch.series ??= this.#named(name, labels);
    // a name is part of what it is found by
    return branch.series as NamedSeries<Name>;
  }

  #named<Name extends string>(name: Name, labels: Readonly<Record<string, string>>): NamedSeries<Name> {
    const all = { job: this.#job, ...labels };
    return { name, labels: all, key: seriesKey(name, all) };
  }
}

function branchOf({ branches }: Branch, text: string): Branch {
  const known = branches.get(text);
  if (known !== undefined) return known;
  const branch = { branches: new Map(), series: undefined };
  branches.set(text, branch);
  return branch;
}
