import { printedValue } from '../../../domain/catalog/device-fields.ts';
import { namedQuery } from '../../../platform/store/named-queries.ts';
import type { QueryParameters, Store } from '../../../platform/store/store.ts';
import type { Matcher } from './ast.ts';
import type { PromqlConfig } from './config.ts';
import { limitPassed } from './errors.ts';
import { compareLabels, type Labels, labelsOf, METRIC_NAME } from './labels.ts';
import type { LabelQuery, SelectHints, SeriesData, SeriesSource } from './series-source.ts';

interface SeriesRow {
  readonly name: string;
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly source: string;
  readonly device: string;
  readonly field: string;
  readonly scale: number;
}

interface SamplesRow {
  readonly id: string;
  readonly ts_ms: readonly number[];
  readonly points: readonly number[];
  readonly kinds: readonly number[];
}

/** Series of one table and column, asked for together. */
interface Group {
  readonly query: 'series_points' | 'device_values' | 'device_values_rest';
  readonly field: string;
  readonly series: SeriesRow[];
}

/** Series as the tables hold them: matched by the engine's own RE2, read with one statement a table and column. */
export function createStoreSource(store: Store, config: PromqlConfig): SeriesSource {
  return {
    async select(matchers, from_ms, to_ms, hints) {
      const rows = await matching(store, matchers, config.series_max + 1);
      if (rows.length > config.series_max) {
        throw limitPassed('series_max', config.series_max, 'the selector matches too many series');
      }
      const found: SeriesData[] = [];
      let samples = 0;
      for (const group of grouped(rows)) {
        for (const part of parts(group.series, config.ids_per_statement_max)) {
          const samples_limit = hints.samples_max - samples + 1;
          const read = await readGroup(
            store,
            { ...group, series: part },
            { ...hints, from_ms, to_ms, samples_limit },
          );
          samples += read.reduce((sum, { ts_ms }) => sum + ts_ms.length, 0);
          if (samples > hints.samples_max) {
            throw limitPassed(
              'samples_max',
              config.samples_max,
              'query processing would load too many samples into memory',
            );
          }
          found.push(...read);
        }
      }
      return found.sort((a, b) => compareLabels(a.labels, b.labels));
    },
    async series(query) {
      const rows = await union(query, (matchers) => matching(store, matchers, query.limit + 1));
      const sets = new Map(rows.map((row) => fullLabels(row)).map((labels) => [labels.key, labels]));
      const sorted = [...sets.values()].sort(compareLabels);
      return { sets: sorted.slice(0, query.limit), truncated: sorted.length > query.limit };
    },
    async labelNames(query) {
      const rows = await union(query, (matchers) =>
        values(store, 'series_label_names', matchers, query.limit + 1, {}),
      );
      return limited(rows.length === 0 ? [] : [METRIC_NAME, ...rows.map(({ value }) => value)], query.limit);
    },
    async labelValues(name, query) {
      const asked = { asked_label: name };
      const rows = await union(query, (matchers) =>
        values(store, 'series_label_values', matchers, query.limit + 1, asked),
      );
      return limited(
        rows.map(({ value }) => value),
        query.limit,
      );
    },
  };
}

function limited(found: readonly string[], limit: number): { values: string[]; truncated: boolean } {
  const distinct = [...new Set(found)].sort();
  return { values: distinct.slice(0, limit), truncated: distinct.length > limit };
}

async function union<Row>(
  { matcher_sets }: LabelQuery,
  ask: (matchers: readonly Matcher[]) => Promise<Row[]>,
): Promise<Row[]> {
  const found: Row[] = [];
  for (const matchers of matcher_sets.length === 0 ? [[]] : matcher_sets)
    found.push(...(await ask(matchers)));
  return found;
}

function matching(store: Store, matchers: readonly Matcher[], series_limit: number): Promise<SeriesRow[]> {
  return store.query<SeriesRow>(namedQuery('matching_series'), {
    ...matcherParameters(matchers),
    series_limit,
  });
}

function values(
  store: Store,
  query: 'series_label_names' | 'series_label_values',
  matchers: readonly Matcher[],
  series_limit: number,
  more: QueryParameters,
): Promise<{ value: string }[]> {
  return store.query<{ value: string }>(namedQuery(query), {
    ...matcherParameters(matchers),
    series_limit,
    ...more,
  });
}

/** Names that are written out go apart, because the table is ordered by them; the rest is tried on each series. */
function matcherParameters(matchers: readonly Matcher[]): QueryParameters {
  const exact = matchers.find((matcher) => writtenNames(matcher).length > 0);
  const others = matchers.filter((matcher) => matcher !== exact);
  return {
    names: exact === undefined ? [] : writtenNames(exact),
    match_labels: others.map(({ name }) => name),
    match_kinds: others.map(({ operator }) => operator),
    // Whole values match, and a dot does not match a line break: as Prometheus compiles patterns.
    match_values: others.map(({ value, regex }) => (regex === null ? value : `^(?-s:${value})$`)),
  };
}

/** The names of `__name__="a"` and of `__name__=~"a|b"`; none for any other matcher. */
function writtenNames({ name, operator, value }: Matcher): string[] {
  if (name !== METRIC_NAME || value === '') return [];
  if (operator === '=') return [value];
  return operator === '=~' && /^[a-zA-Z0-9_:]+(?:\|[a-zA-Z0-9_:]+)*$/.test(value) ? value.split('|') : [];
}

function grouped(rows: readonly SeriesRow[]): Group[] {
  const groups = new Map<string, Group>();
  for (const row of rows) {
    const query =
      row.source === 'point' ? 'series_points' : row.field === '' ? 'device_values_rest' : 'device_values';
    const field = query === 'series_points' ? '' : row.field || row.name;
    const key = `${query} ${field}`;
    const group = groups.get(key) ?? { query, field, series: [] };
    group.series.push(row);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function* parts<T>(list: readonly T[], size: number): Generator<T[]> {
  for (let from = 0; from < list.length; from += size) yield list.slice(from, from + size);
}

interface Reading extends SelectHints {
  readonly from_ms: number;
  readonly to_ms: number;
  readonly samples_limit: number;
}

async function readGroup(
  store: Store,
  { query, field, series }: Group,
  reading: Reading,
): Promise<SeriesData[]> {
  const { newest_per_step, from_ms, to_ms, samples_limit } = reading;
  const isPoint = query === 'series_points';
  const ids = [...new Set(series.map(({ id, device }) => (isPoint ? id : device)))];
  const rows = await store.query<SamplesRow>(namedQuery(query), {
    ...(isPoint ? { ids } : { devices: ids, field }),
    from_ms,
    to_ms,
    origin_ms: newest_per_step?.origin_ms ?? 0,
    step_ms: newest_per_step?.step_ms ?? 0,
    samples_limit,
  });
  const samples = new Map(rows.map((row) => [row.id, row]));
  return series.flatMap((own) => {
    const row = samples.get(isPoint ? own.id : own.device);
    return row === undefined ? [] : [seriesData(own, row)];
  });
}

const ENDS = 1;
const NOT_PLAIN: Readonly<Record<number, number>> = {
  2: Number.NaN,
  3: Number.POSITIVE_INFINITY,
  4: Number.NEGATIVE_INFINITY,
};

function seriesData(series: SeriesRow, { ts_ms, points, kinds }: SamplesRow): SeriesData {
  const own = points.map((value, index) => {
    const kind = kinds[index] ?? 0;
    return kind === 0 ? printedValue(value, series.scale) : (NOT_PLAIN[kind] ?? Number.NaN);
  });
  const ends = kinds.flatMap((kind, index) => (kind === ENDS ? [index] : []));
  return { labels: fullLabels(series), ts_ms, values: own, ends: ends.length === 0 ? null : new Set(ends) };
}

function fullLabels({ name, labels }: SeriesRow): Labels {
  return labelsOf({ ...labels, [METRIC_NAME]: name });
}
