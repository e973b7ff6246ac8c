/**
 * Panels of the classic Grafana dashboard JSON (schemaVersion 42), as far as we use it. Grafana 10 to 13 and the
 * built-in page read the same objects. Title, description and unit are required here: a number without them is noise.
 */

/** Grafana's unit ids, and `suffix:` units of our own. `none` has to be said, not forgotten. */
export type Unit =
  | 's'
  | 'percentunit'
  | 'percent'
  | 'short'
  | 'watt'
  | 'none'
  | 'dateTimeAsIso'
  | `suffix: ${string}`;

export interface GridPosition {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
  readonly instant: boolean;
  readonly range: boolean;
  readonly format: 'time_series' | 'table';
  readonly datasource: DatasourceReference;
}

export interface DatasourceReference {
  readonly type: 'prometheus';
  readonly uid: '${datasource}';
}

export interface ThresholdStep {
  readonly color: string;
  /** Null for the first step only: everything below the second. */
  readonly value: number | null;
}

export interface ValueMapping {
  readonly type: 'value';
  readonly options: Readonly<
    Record<string, { readonly text: string; readonly color?: string; readonly index: number }>
  >;
}

export interface FieldOverride {
  readonly matcher: { readonly id: 'byName'; readonly options: string };
  readonly properties: readonly { readonly id: string; readonly value: unknown }[];
}

export interface FieldConfig {
  readonly defaults: {
    readonly unit: Unit;
    readonly decimals?: number;
    readonly min?: number;
    readonly max?: number;
    readonly noValue?: string;
    readonly color: { readonly mode: string; readonly fixedColor?: string };
    readonly thresholds: { readonly mode: 'absolute'; readonly steps: readonly ThresholdStep[] };
    readonly mappings: readonly ValueMapping[];
    readonly custom: Readonly<Record<string, unknown>>;
  };
  readonly overrides: readonly FieldOverride[];
}

export interface Transformation {
  readonly id: string;
  readonly options: Readonly<Record<string, unknown>>;
}

interface PanelCommon {
  readonly id: number;
  readonly title: string;
  readonly description: string;
  readonly gridPos: GridPosition;
  readonly datasource: DatasourceReference;
}

export interface QueryPanel extends PanelCommon {
  readonly type: 'timeseries' | 'stat' | 'table' | 'bargauge' | 'state-timeline';
  readonly targets: readonly Target[];
  readonly fieldConfig: FieldConfig;
  readonly options: Readonly<Record<string, unknown>>;
  readonly transformations: readonly Transformation[];
}

export interface TextPanel extends PanelCommon {
  readonly type: 'text';
  readonly options: { readonly mode: 'markdown'; readonly content: string };
}

export type Panel = QueryPanel | TextPanel;

/** What every panel has to say about itself. `id` is the panel's address in links and alerts: never reuse one. */
export interface PanelIdentity {
  readonly id: number;
  readonly title: string;
  /** What is counted over what, and how to read it. */
  readonly description: string;
  readonly at: GridPosition;
}

export interface Query {
  readonly expr: string;
  /** `{{label}}` is replaced by the series' label. */
  readonly legend: string;
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's variable syntax, not JavaScript's
export const DATASOURCE: DatasourceReference = { type: 'prometheus', uid: '${datasource}' };

/** refIds are A, B, C... in the order of the queries. */
export function targetsOf(
  queries: readonly Query[],
  { instant, format = 'time_series' }: { readonly instant: boolean; readonly format?: Target['format'] },
): readonly Target[] {
  return queries.map(({ expr, legend }, index) => ({
    refId: String.fromCharCode('A'.charCodeAt(0) + index),
    expr,
    legendFormat: legend,
    instant,
    range: !instant,
    format,
    datasource: DATASOURCE,
  }));
}

export function commonOf({ id, title, description, at }: PanelIdentity): PanelCommon {
  return { id, title, description, gridPos: at, datasource: DATASOURCE };
}

/** Thresholds from the colour of the lowest values upwards: `steps('red', [0.9, 'orange'], [0.95, 'green'])`. */
export function steps(
  base: string,
  ...upwards: readonly (readonly [number, string])[]
): readonly ThresholdStep[] {
  return [{ color: base, value: null }, ...upwards.map(([value, color]) => ({ value, color }))];
}

/** Text and colour for single values: state is never told by colour alone. */
export function mapping(
  entries: readonly { readonly value: string; readonly text: string; readonly color?: string }[],
): ValueMapping {
  return {
    type: 'value',
    options: Object.fromEntries(
      entries.map(({ value, text, color }, index) => [
        value,
        { text, index, ...(color === undefined ? {} : { color }) },
      ]),
    ),
  };
}
