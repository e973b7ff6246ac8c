import { DATASOURCE, type Panel } from './panel.ts';

/** A choice at the top of the dashboard. */
export interface Variable {
  readonly name: string;
  readonly label: string;
  readonly type: 'datasource' | 'query';
  /** `prometheus` for a data source; `label_values(metric, label)` for a query. */
  readonly query: string | { readonly query: string; readonly refId: string };
  readonly [other: string]: unknown;
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly schemaVersion: 42;
  readonly editable: false;
  readonly graphTooltip: 1;
  readonly refresh: string;
  readonly time: { readonly from: string; readonly to: 'now' };
  readonly timezone: 'browser';
  readonly templating: { readonly list: readonly Variable[] };
  readonly annotations: { readonly list: readonly unknown[] };
  readonly links: readonly unknown[];
  readonly panels: readonly Panel[];
}

export interface DashboardOptions {
  /** The address of the dashboard: links and alerts name it. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly Variable[];
  readonly panels: readonly Panel[];
  /** Default 15 minutes back. */
  readonly from?: string;
}

export function dashboard(options: DashboardOptions): Dashboard {
  return {
    uid: options.uid,
    title: options.title,
    description: options.description,
    tags: ['headway'],
    schemaVersion: 42,
    editable: false,
    graphTooltip: 1,
    refresh: '10s',
    time: { from: options.from ?? 'now-15m', to: 'now' },
    timezone: 'browser',
    templating: { list: [datasourceVariable(), ...options.variables] },
    annotations: { list: [] },
    links: [],
    panels: options.panels,
  };
}

/** Lets one dashboard serve any number of Headways. */
function datasourceVariable(): Variable {
  return {
    name: 'datasource',
    label: 'Data source',
    type: 'datasource',
    query: 'prometheus',
    regex: '',
    hide: 0,
    includeAll: false,
    multi: false,
    options: [],
    refresh: 1,
  };
}

/** The values of a label, read again whenever the time range changes: jobs come and go. */
export function labelVariable(name: string, label: string, metric: string, ofLabel: string): Variable {
  return {
    name,
    label,
    type: 'query',
    datasource: DATASOURCE,
    definition: `label_values(${metric}, ${ofLabel})`,
    query: {
      query: `label_values(${metric}, ${ofLabel})`,
      refId: 'PrometheusVariableQueryEditor-VariableQuery',
    },
    regex: '',
    hide: 0,
    includeAll: false,
    multi: false,
    options: [],
    refresh: 2,
    sort: 1,
  };
}
