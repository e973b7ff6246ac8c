import type { Context, Hono } from 'hono';
import { timeText } from '../../../domain/report/time-text.ts';
import type { AlertState } from '../alerts/alert-states.ts';
import type { Alerts, EvaluatedRule, PastAlert } from '../alerts/alerts.ts';
import { QUERY_PARAMETERS } from '../openapi/parameters.ts';
import { Problem } from '../problem.ts';
import { addRead } from '../read-routes.ts';
import { type RangeText, rangeFromQuery } from '../time-range.ts';
import type { V1Dependencies } from '../v1-dependencies.ts';

export interface AlertRow {
  readonly name: string;
  readonly state: AlertState;
  readonly severity: string | null;
  /** Null for a rule of which nothing is active. */
  readonly job: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** Of an inactive rule empty. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Newest value of the rule's expression. */
  readonly value: number | null;
  /** Since when the condition holds, RFC 3339. */
  readonly since: string | null;
  /** The condition held as far back as was looked: it may be older than `since`. */
  readonly is_older: boolean;
  readonly firing_since: string | null;
  readonly expr: string;
  readonly for_s: number;
  /** Why the rule could not be evaluated: its state is not known then. */
  readonly error: string | null;
}

export interface AlertsAnswer {
  readonly alerts: readonly AlertRow[];
  readonly at: string;
}

export interface PastAlertRow {
  readonly name: string;
  readonly severity: string | null;
  readonly job: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly active_from: string;
  /** Null: it was pending only. */
  readonly firing_from: string | null;
  /** Null: it goes on at the end of the range. */
  readonly ended: string | null;
  /** It was active already when the range began. */
  readonly is_cut: boolean;
  readonly value: number;
}

export interface AlertHistoryAnswer {
  readonly alerts: readonly PastAlertRow[];
  readonly range: RangeText;
  /** Times are true to this many seconds. */
  readonly step_s: number;
  /** Rules that could not be evaluated. */
  readonly errors: Readonly<Record<string, string>>;
}

/** `/v1/alerts` and `/v1/alerts/history`. */
export function addAlertRoutes(app: Hono, deps: V1Dependencies): void {
  addRead(app, deps, 'listAlerts', async (c) => {
    const state = stateOf(c);
    const job = c.req.query('job');
    const rules = await alertsOf(deps).now();
    const rows = rules.flatMap(rowsOf);
    const alerts = rows.filter(
      (row) => (state === undefined || row.state === state) && (job === undefined || row.job === job),
    );
    return c.json({ alerts, at: timeText(deps.clock.now_us()) } satisfies AlertsAnswer);
  });
  addRead(app, deps, 'listAlertHistory', async (c) => {
    const { start_ms, end_ms, step_ms } = gridOf(c, deps);
    const job = c.req.query('job');
    const { alerts, errors } = await alertsOf(deps).history({ start_ms, end_ms, step_ms });
    return c.json({
      alerts: alerts.map(pastRow).filter((row) => job === undefined || row.job === job),
      range: { from: timeText(start_ms * 1000), to: timeText(end_ms * 1000) },
      step_s: step_ms / 1000,
      errors,
    } satisfies AlertHistoryAnswer);
  });
}

function alertsOf({ alerts }: V1Dependencies): Alerts {
  if (alerts === undefined) throw new Problem(503, 'No rules', 'This server evaluates no alert rules.');
  return alerts;
}

function stateOf(c: Context): string | undefined {
  const state = c.req.query('state');
  const known: readonly string[] = QUERY_PARAMETERS.state.schema.enum;
  if (state === undefined || known.includes(state)) return state;
  throw new Problem(400, 'Bad state', `state=${state} is not one of ${known.join(', ')}.`);
}

function rowsOf({ rule, alerts, error }: EvaluatedRule): AlertRow[] {
  const { name, expr, for_s } = rule;
  const common = { name, expr, for_s, error };
  if (alerts.length === 0) {
    const nothing = { value: null, since: null, is_older: false, firing_since: null, job: null };
    const labels = { ...rule.labels, alertname: name };
    return [
      { ...common, ...nothing, state: 'inactive', severity: severityOf(labels), labels, annotations: {} },
    ];
  }
  return alerts.map(({ state, labels, annotations, value, active_ms, is_older, firing_ms }) => ({
    ...common,
    state,
    severity: severityOf(labels),
    job: labels['job'] ?? null,
    labels,
    annotations,
    value: Number.isFinite(value) ? value : null,
    since: timeText(active_ms * 1000),
    is_older,
    firing_since: firing_ms === null ? null : timeText(firing_ms * 1000),
  }));
}

function severityOf(labels: Readonly<Record<string, string>>): string | null {
  return labels['severity'] ?? null;
}

function pastRow({
  rule,
  alert_labels,
  active_ms,
  firing_ms,
  end_ms,
  is_cut,
  value,
}: PastAlert): PastAlertRow {
  return {
    name: rule.name,
    severity: severityOf(alert_labels),
    job: alert_labels['job'] ?? null,
    labels: alert_labels,
    active_from: timeText(active_ms * 1000),
    firing_from: firing_ms === null ? null : timeText(firing_ms * 1000),
    ended: end_ms === null ? null : timeText(end_ms * 1000),
    is_cut,
    value,
  };
}

/** Range of the history when the caller names none. */
const RANGE_DEFAULT_US = 86_400e6;
/** No rule is evaluated more often than this. */
const STEP_MIN_S = 15;

function gridOf(c: Context, { clock, config }: V1Dependencies) {
  const { from_us, to_us = clock.now_us() } = rangeFromQuery(c.req.query(), clock.now_us());
  const begin_us = from_us ?? to_us - RANGE_DEFAULT_US;
  const range_s = (to_us - begin_us) / 1e6;
  if (range_s <= 0) throw new Problem(400, 'Empty range', 'from must be before to.');
  const { alerts_history_range_max_s, alerts_history_points_max } = config;
  if (range_s > alerts_history_range_max_s) {
    throw new Problem(
      400,
      'Range too long',
      `The range has ${range_s} s; the most is ${alerts_history_range_max_s} (api.alerts_history_range_max_s).`,
    );
  }
  const step_s = stepOf(
    c.req.query('step'),
    Math.max(STEP_MIN_S, Math.ceil(range_s / alerts_history_points_max)),
  );
  if (range_s / step_s > alerts_history_points_max) {
    throw new Problem(
      400,
      'Step too short',
      `step=${step_s} makes more than ${alerts_history_points_max} evaluations (api.alerts_history_points_max). Ask for a longer step or a shorter range.`,
    );
  }
  const step_ms = Math.round(step_s * 1000);
  // at multiples of the step, as the alerts of now: the same alert begins at the same time in both
  const start_ms = Math.floor(begin_us / 1000 / step_ms) * step_ms;
  const steps = Math.floor((to_us / 1000 - start_ms) / step_ms);
  return { start_ms, end_ms: start_ms + steps * step_ms, step_ms };
}

function stepOf(text: string | undefined, otherwise_s: number): number {
  if (text === undefined) return otherwise_s;
  const step_s = Number(text);
  if (Number.isFinite(step_s) && step_s >= 0.001) return step_s;
  throw new Problem(400, 'Bad step', `step=${text} must be a number of seconds above 0.`);
}
