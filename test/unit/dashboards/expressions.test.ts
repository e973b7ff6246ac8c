import { describe, expect, it } from 'vitest';
import { expressionOf } from '../../../dashboards/src/alerts/alert-rule.ts';
import { pageAlerts } from '../../../dashboards/src/alerts/page-alerts.ts';
import { buildRules } from '../../../dashboards/src/alerts/rules.ts';
import { allDashboards } from '../../../dashboards/src/generated-files.ts';
import { derivedMetric } from '../../../domain/catalog/derived-metrics.ts';
import { deviceField } from '../../../domain/catalog/device-fields.ts';
import { type PipelineLabel, pipelineMetric } from '../../../domain/catalog/pipeline-metrics.ts';
import { type SelectorUse, selectorsOf, syntaxErrors } from './promql-names.ts';

const RULES = buildRules();

/** Queries inside annotation templates: `printf "...%q..." $labels.job | query`. */
function templateQueries(template: string): string[] {
  return [...template.matchAll(/printf ("(?:[^"\\]|\\.)*") \$labels\.job/g)].map(([, quoted]) =>
    String(JSON.parse(quoted ?? '""')).replaceAll('%q', '"some-job"'),
  );
}

/** Every expression that leaves this repository in a dashboard, a rule, an annotation or a runbook, and its place. */
const EXPRESSIONS: readonly (readonly [place: string, expr: string])[] = [
  ...allDashboards().flatMap(({ uid, panels }) =>
    panels.flatMap((panel) =>
      panel.type === 'text'
        ? []
        : panel.targets.map(({ refId, expr }) => [`${uid} ${panel.id}${refId}`, expr] as const),
    ),
  ),
  ...RULES.map((rule) => [`${rule.name} (${rule.severity})`, expressionOf(rule)] as const),
  ...pageAlerts(RULES).map(({ name, severity, cost }) => [`${name} (${severity}) cost`, cost.expr] as const),
  ...RULES.flatMap(({ name, summary, cause, cost }) =>
    [summary, cause, cost].flatMap(templateQueries).map((expr) => [`${name} annotation`, expr] as const),
  ),
  ...RULES.flatMap(({ name, runbook }) =>
    runbook.diagnosis.map(({ query }) => [`${name} runbook`, query] as const),
  ),
];

describe('the PromQL of dashboards, rules, annotations and runbooks', () => {
  it('is found in all of these places', () => {
    for (const place of ['headway-job-overview', 'cost', 'annotation', 'runbook', '(page)']) {
      expect(EXPRESSIONS.some(([where]) => where.includes(place))).toBe(true);
    }
  });

  it.each(EXPRESSIONS)('parses: %s', (_, expr) => {
    expect(syntaxErrors(expr)).toEqual([]);
  });

  it.each(EXPRESSIONS)('names only metrics, labels and values that exist: %s', (_, expr) => {
    expect(selectorsOf(expr).flatMap(unknownNames)).toEqual([]);
  });

  it('would notice a broken or unknown one', () => {
    expect(syntaxErrors('sum by (job (up)')).not.toEqual([]);
    const unknown = (expr: string) => selectorsOf(expr).flatMap(unknownNames);
    expect(unknown('headway_job_mfu')).toEqual(['headway_job_mfu']);
    expect(unknown('headway_job_state{stat="hang"}')).toEqual(['headway_job_state{stat}']);
    expect(unknown('headway_job_state{state="hanging"}')).toEqual(['headway_job_state{state="hanging"}']);
    expect(unknown('DCGM_FI_DEV_NO_SUCH_FIELD')).toEqual(['DCGM_FI_DEV_NO_SUCH_FIELD']);
    expect(unknown('headway_bus_spool_bytes_bucket')).toEqual(['headway_bus_spool_bytes_bucket']);
    expect(unknown('headway_bus_dead_letters_total{reason="rain"}')).toHaveLength(1);
  });
});

function unknownNames({ metric, matchers }: SelectorUse): string[] {
  const listed = derivedMetric(metric) ?? scraped(metric);
  if (listed === undefined) return deviceField('nvidia', metric) === undefined ? [metric] : [];
  return matchers.flatMap(({ label, operator, value }) => {
    const known = listed.labels.find(({ name }) => name === label);
    if (known === undefined) return [`${metric}{${label}}`];
    const closed = known.values !== undefined && operator === '=' && !known.values.includes(value);
    return closed ? [`${metric}{${label}=${JSON.stringify(value)}}`] : [];
  });
}

/** A metric of the pipeline as it is stored: whoever scrapes the page adds what they scraped. */
function scraped(metric: string): { labels: readonly PipelineLabel[] } | undefined {
  const own = pipelineMetric(metric);
  if (own === undefined) return undefined;
  return { labels: [...own.labels, { name: 'job' }, { name: 'instance' }, { name: 'le' }] };
}
