import type { ActiveAlert, EvaluatedRule } from './alerts.ts';

/** `/api/v1/alerts` of Prometheus: what is pending and what fires. */
export function prometheusAlerts(rules: readonly EvaluatedRule[]): object {
  return { alerts: rules.flatMap(({ alerts }) => alerts.map(alertShape)) };
}

/** `/api/v1/rules` of Prometheus: every rule in its group, with its alerts. */
export function prometheusRules(rules: readonly EvaluatedRule[]): object {
  const groups = new Map<string, EvaluatedRule[]>();
  for (const one of rules) {
    const key = `${one.rule.file}\n${one.rule.group}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return {
    groups: [...groups.values()].flatMap((members) => {
      const first = members[0];
      if (first === undefined) return [];
      return [
        {
          name: first.rule.group,
          file: first.rule.file,
          interval: first.rule.interval_s,
          limit: 0,
          evaluationTime: members.reduce((sum, { evaluation_s }) => sum + evaluation_s, 0),
          lastEvaluation: timeText(first.evaluated_ms),
          rules: members.map(ruleShape),
        },
      ];
    }),
  };
}

function ruleShape({ rule, state, alerts, error, evaluated_ms, evaluation_s }: EvaluatedRule): object {
  return {
    state,
    name: rule.name,
    query: rule.expr,
    duration: rule.for_s,
    keepFiringFor: rule.keep_firing_s,
    labels: rule.labels,
    annotations: rule.annotations,
    alerts: alerts.map(alertShape),
    health: error === null ? 'ok' : 'err',
    ...(error === null ? {} : { lastError: error }),
    evaluationTime: evaluation_s,
    lastEvaluation: timeText(evaluated_ms),
    type: 'alerting',
  };
}

function alertShape({ labels, annotations, state, active_ms, value }: ActiveAlert): object {
  return { labels, annotations, state, activeAt: timeText(active_ms), value: valueText(value) };
}

/** Go prints floats of alerts with `%e`: `1.5e+01`. */
function valueText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
