import type { Hono } from 'hono';

/** An answer of `/api/v1/query` or `query_range`, as Prometheus words it. */
export interface Answer {
  readonly status: 'success' | 'error';
  readonly errorType?: string;
  readonly error?: string;
  readonly data?: { readonly resultType: string; readonly result: unknown };
}

type Point = readonly [seconds: number, value: string];

interface AnsweredSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: Point;
  readonly values?: readonly Point[];
}

/** Two floats count as the same when they are this near: the order of additions may differ. */
const RELATIVE = 1e-9;

/**
 * What two answers differ in, one line each; none when they are alike. Series are compared as a set unless `ordered`,
 * because an instant answer has an order only where it was sorted. Errors are compared by type, not by words.
 */
export function differences(want: Answer, got: Answer, ordered = false): string[] {
  if (want.status !== got.status || want.errorType !== got.errorType) {
    return [
      `want ${want.status} ${want.errorType ?? ''} ${want.error ?? ''}, got ${got.status} ${got.errorType ?? ''} ${got.error ?? ''}`,
    ];
  }
  if (want.data === undefined || got.data === undefined) return [];
  if (want.data.resultType !== got.data.resultType) {
    return [`want a ${want.data.resultType}, got a ${got.data.resultType}`];
  }
  const type = want.data.resultType;
  if (type === 'scalar' || type === 'string')
    return pointDifferences(type, want.data.result as Point, got.data.result as Point);
  const [wanted, given] = [want.data.result, got.data.result].map((result) =>
    (result as AnsweredSeries[]).map((series) => ({
      key: keyOf(series),
      points: series.values ?? (series.value ? [series.value] : []),
    })),
  );
  return seriesDifferences(wanted ?? [], given ?? [], ordered);
}

function keyOf({ metric }: AnsweredSeries): string {
  return JSON.stringify(Object.entries(metric).sort(([a], [b]) => (a < b ? -1 : 1)));
}

interface Keyed {
  readonly key: string;
  readonly points: readonly Point[];
}

function seriesDifferences(want: readonly Keyed[], got: readonly Keyed[], ordered: boolean): string[] {
  if (ordered && want.map(({ key }) => key).join() !== got.map(({ key }) => key).join()) {
    return [
      `order: want ${want.map(({ key }) => key).join(' ')}, got ${got.map(({ key }) => key).join(' ')}`,
    ];
  }
  const given = new Map(got.map((series) => [series.key, series]));
  const found: string[] = [];
  if (want.length !== got.length) found.push(`want ${want.length} series, got ${got.length}`);
  for (const { key, points } of want) {
    const other = given.get(key);
    if (other === undefined) {
      found.push(`missing ${key}`);
      continue;
    }
    if (points.length !== other.points.length)
      found.push(`${key}: want ${points.length} points, got ${other.points.length}`);
    for (const [index, point] of points.entries())
      found.push(...pointDifferences(key, point, other.points[index]));
  }
  return found;
}

function pointDifferences(key: string, want: Point, got: Point | undefined): string[] {
  if (got === undefined) return [`${key}: no point at ${want[0]}`];
  if (want[0] !== got[0]) return [`${key}: want a point at ${want[0]}, got one at ${got[0]}`];
  if (want[1] === got[1]) return [];
  const [a, b] = [Number(want[1]), Number(got[1])];
  const near = Math.abs(a - b) <= RELATIVE * Math.max(Math.abs(a), Math.abs(b));
  return near ? [] : [`${key} at ${want[0]}: want ${want[1]}, got ${got[1]}`];
}

export interface AskedAt {
  readonly path: 'query' | 'query_range';
  readonly parameters: Readonly<Record<string, string>>;
}

/** An instant answer has an order where the query sorts it. */
const ORDERED = /^sort/;

/** Asks both the same and says what differs, a line each, with the query and its time. */
export async function compareAnswers(
  prometheusUrl: string,
  app: Hono,
  queries: readonly string[],
  asked: readonly AskedAt[],
): Promise<{ lines: string[]; points: number }> {
  const lines: string[] = [];
  let points = 0;
  for (const query of queries) {
    for (const { path, parameters } of asked) {
      const body = new URLSearchParams({ ...parameters, query });
      const [theirs, ours] = await Promise.all([
        fetch(`${prometheusUrl}/api/v1/${path}`, { method: 'POST', body }),
        app.request(`/api/v1/${path}`, { method: 'POST', body }),
      ]);
      const label = `${query}  [${path} ${JSON.stringify(parameters)}]`;
      if (theirs.status !== ours.status)
        lines.push(`${label}: want status ${theirs.status}, got ${ours.status}`);
      const [want, got] = [(await theirs.json()) as Answer, (await ours.json()) as Answer];
      const different = differences(want, got, path === 'query' && ORDERED.test(query));
      lines.push(...different.slice(0, 3).map((line) => `${label}: ${line}`));
      points += pointsOf(want);
    }
  }
  return { lines, points };
}

function pointsOf({ data }: Answer): number {
  if (data?.resultType !== 'vector' && data?.resultType !== 'matrix') return 0;
  return (data.result as AnsweredSeries[]).reduce((sum, { values }) => sum + (values?.length ?? 1), 0);
}
