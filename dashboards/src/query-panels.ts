import {
  commonOf,
  type FieldConfig,
  type FieldOverride,
  type PanelIdentity,
  type Query,
  type QueryPanel,
  steps,
  type TextPanel,
  type ThresholdStep,
  targetsOf,
  type Unit,
  type ValueMapping,
} from './panel.ts';

interface FieldOptions {
  readonly unit: Unit;
  readonly decimals?: number;
  readonly min?: number;
  readonly max?: number;
  /** Shown where there is no value; says what is missing instead of nothing. */
  readonly noValue?: string;
  readonly thresholds?: readonly ThresholdStep[];
  readonly mappings?: readonly ValueMapping[];
  readonly overrides?: readonly FieldOverride[];
}

function fieldConfig(
  field: FieldOptions,
  color: FieldConfig['defaults']['color'],
  custom: Readonly<Record<string, unknown>> = {},
): FieldConfig {
  return {
    defaults: {
      unit: field.unit,
      ...(field.decimals === undefined ? {} : { decimals: field.decimals }),
      ...(field.min === undefined ? {} : { min: field.min }),
      ...(field.max === undefined ? {} : { max: field.max }),
      ...(field.noValue === undefined ? {} : { noValue: field.noValue }),
      color,
      thresholds: { mode: 'absolute', steps: field.thresholds ?? steps('text') },
      mappings: field.mappings ?? [],
      custom,
    },
    overrides: field.overrides ?? [],
  };
}

/** Lines over time; `bands` draws the thresholds as shaded areas behind them. */
export function timeseries(
  identity: PanelIdentity,
  options: FieldOptions & { readonly queries: readonly Query[]; readonly bands?: boolean },
): QueryPanel {
  return {
    ...commonOf(identity),
    type: 'timeseries',
    targets: targetsOf(options.queries, { instant: false }),
    fieldConfig: fieldConfig(
      options,
      { mode: 'palette-classic' },
      {
        drawStyle: 'line',
        lineWidth: 2,
        fillOpacity: 4,
        showPoints: 'never',
        spanNulls: false,
        thresholdsStyle: { mode: options.bands === true ? 'dashed' : 'off' },
      },
    ),
    options: {
      legend: { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
    transformations: [],
  };
}

/** One or a few numbers of now. `showName` prints the series' name, for values that are text (states). */
export function stat(
  identity: PanelIdentity,
  options: FieldOptions & {
    readonly queries: readonly Query[];
    readonly showName?: 'value' | 'value_and_name' | 'name';
    readonly sparkline?: boolean;
  },
): QueryPanel {
  const sparkline = options.sparkline === true;
  return {
    ...commonOf(identity),
    type: 'stat',
    targets: targetsOf(options.queries, { instant: !sparkline }),
    fieldConfig: fieldConfig(options, { mode: 'thresholds' }),
    options: {
      reduceOptions: { values: false, calcs: ['lastNotNull'], fields: '' },
      colorMode: 'value',
      graphMode: sparkline ? 'area' : 'none',
      textMode: options.showName ?? 'value',
      justifyMode: 'auto',
      orientation: 'auto',
    },
    transformations: [],
  };
}

/**
 * Horizontal bars. With `cascade` the built-in page hangs each bar below the end of the one before (a waterfall from
 * the first bar to the last); Grafana ignores the option and draws the same bars from zero.
 */
export function barGauge(
  identity: PanelIdentity,
  options: FieldOptions & { readonly queries: readonly Query[]; readonly cascade?: boolean },
): QueryPanel {
  return {
    ...commonOf(identity),
    type: 'bargauge',
    targets: targetsOf(options.queries, { instant: true }),
    fieldConfig: fieldConfig(options, { mode: 'palette-classic' }),
    options: {
      displayMode: 'basic',
      orientation: 'horizontal',
      showUnfilled: false,
      valueMode: 'text',
      minVizHeight: 14,
      reduceOptions: { values: false, calcs: ['lastNotNull'], fields: '' },
      ...(options.cascade === true ? { cascade: true } : {}),
    },
    transformations: [],
  };
}

/** A column of a table: a label of the series, or `Value` (`Value #B` for the second query of several). */
export interface TableColumn {
  readonly field: string;
  readonly title: string;
  readonly unit?: Unit;
  readonly mappings?: readonly ValueMapping[];
}

/** Labels become columns, in the order given; all other fields are hidden. Several queries are joined by label. */
export function table(
  identity: PanelIdentity,
  options: FieldOptions & {
    readonly queries: readonly Query[];
    readonly columns: readonly TableColumn[];
    readonly sortBy?: { readonly title: string; readonly desc: boolean };
  },
): QueryPanel {
  const { columns, sortBy } = options;
  const order = sortBy === undefined ? [] : [{ displayName: sortBy.title, desc: sortBy.desc }];
  const overrides = columns.map(({ title, unit, mappings }) => ({
    matcher: { id: 'byName' as const, options: title },
    properties: [
      ...(unit === undefined ? [] : [{ id: 'unit', value: unit }]),
      ...(mappings === undefined
        ? []
        : [
            { id: 'mappings', value: mappings },
            { id: 'custom.cellOptions', value: { type: 'color-text' } },
          ]),
    ],
  }));
  return {
    ...commonOf(identity),
    type: 'table',
    targets: targetsOf(options.queries, { instant: true, format: 'table' }),
    fieldConfig: fieldConfig(
      { ...options, overrides: overrides.filter(({ properties }) => properties.length > 0) },
      { mode: 'thresholds' },
      { align: 'auto', cellOptions: { type: 'auto' }, inspect: false },
    ),
    options: { showHeader: true, cellHeight: 'sm', sortBy: order },
    transformations: [
      ...(options.queries.length > 1 ? [{ id: 'merge', options: {} }] : []),
      { id: 'filterFieldsByName', options: { include: { names: columns.map(({ field }) => field) } } },
      {
        id: 'organize',
        options: {
          indexByName: Object.fromEntries(columns.map(({ field }, index) => [field, index])),
          renameByName: Object.fromEntries(columns.map(({ field, title }) => [field, title])),
        },
      },
    ],
  };
}

/** One strip a series, coloured and named by the mappings of its values. */
export function stateTimeline(
  identity: PanelIdentity,
  options: FieldOptions & { readonly queries: readonly Query[] },
): QueryPanel {
  return {
    ...commonOf(identity),
    type: 'state-timeline',
    targets: targetsOf(options.queries, { instant: false }),
    fieldConfig: fieldConfig(
      options,
      { mode: 'fixed', fixedColor: 'text' },
      { fillOpacity: 85, lineWidth: 0 },
    ),
    options: {
      mergeValues: true,
      showValue: 'auto',
      alignValue: 'left',
      rowHeight: 0.9,
      legend: { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] },
      tooltip: { mode: 'single', sort: 'none' },
    },
    transformations: [],
  };
}

/** Markdown. */
export function text(identity: PanelIdentity, content: string): TextPanel {
  return { ...commonOf(identity), type: 'text', options: { mode: 'markdown', content } };
}
