import { seriesKey } from '../../../platform/series/series-id.ts';

/** A series as it is named, and the text that only it has. */
export interface NamedSeries<Name extends string = string> {
  readonly name: Name;
  readonly labels: Readonly<Record<string, string>>;
  readonly key: string;
}

/** The series of one job: each is named once, and not at every point. */
export class SeriesNames {
  readonly #job: string;
  readonly #known = new Map<string, NamedSeries>();

  constructor(job: string) {
    this.#job = job;
  }

  of<Name extends string>(name: Name, labels: Readonly<Record<string, string>>): NamedSeries<Name> {
    let short: string = name;
    for (const label of Object.keys(labels)) short += `\n${label}\n${labels[label]}`;
    const known = this.#known.get(short);
    // a name is part of what it is found by
    if (known !== undefined) return known as NamedSeries<Name>;
    const all = { job: this.#job, ...labels };
    const named = { name, labels: all, key: seriesKey(name, all) };
    this.#known.set(short, named);
    return named;
  }
}
