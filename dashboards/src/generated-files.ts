import { renderAlertmanagerConfig } from './alerts/alertmanager-config.ts';
import { renderGrafanaRules } from './alerts/grafana-rules.ts';
import { pageAlerts } from './alerts/page-alerts.ts';
import { renderPrometheusRules } from './alerts/prometheus-rules.ts';
import { buildRules } from './alerts/rules.ts';
import { renderRunbook } from './alerts/runbook-page.ts';
import { ALERT_THRESHOLDS } from './alerts/thresholds.ts';
import type { Dashboard } from './dashboard.ts';
import { jobOverview } from './job-overview.ts';
import { jobWhy } from './job-why.ts';
import { renderMetricsPage } from './metrics-page.ts';
import { pipeline } from './pipeline.ts';

/** Where people reach Headway when nobody has said otherwise: the embedded default. */
export const DEFAULT_EXTERNAL_URL = 'http://localhost:8470';

/** uid of the provisioned data source, which the Grafana alert rules name. */
export const DATASOURCE_UID = 'headway';

export interface GeneratedFile {
  /** Relative to the repository. */
  readonly path: string;
  readonly content: string;
}

/** Every dashboard, the first being the one the built-in page opens with. */
export function allDashboards(): readonly Dashboard[] {
  return [jobOverview(), jobWhy(), pipeline()];
}

/** Everything that `npm run generate` writes. Pure: the drift test compares it with what is committed. */
export function generatedFiles(): readonly GeneratedFile[] {
  const rules = buildRules();
  const { interval_s } = ALERT_THRESHOLDS;
  const external_url = DEFAULT_EXTERNAL_URL;
  const names = [...new Set(rules.map(({ name }) => name))];
  return [
    ...allDashboards().map((dashboard) => ({
      path: `dashboards/generated/dashboards/${dashboard.uid}.json`,
      content: json(dashboard),
    })),
    { path: 'dashboards/generated/alerts.json', content: json(pageAlerts(rules)) },
    {
      path: 'dashboards/generated/headway.rules.yml',
      content: renderPrometheusRules(rules, { external_url, interval_s, keep_firing: false }),
    },
    {
      path: 'dashboards/generated/headway.rules.prometheus.yml',
      content: renderPrometheusRules(rules, { external_url, interval_s, keep_firing: true }),
    },
    { path: 'dashboards/generated/alertmanager.yml', content: renderAlertmanagerConfig() },
    {
      path: 'dashboards/provisioning/alerting/headway.yaml',
      content: renderGrafanaRules(rules, { external_url, datasource_uid: DATASOURCE_UID, interval_s }),
    },
    ...names.map((name) => ({
      path: `docs/runbooks/${name}.md`,
      content: renderRunbook(rules.filter((rule) => rule.name === name)),
    })),
    { path: 'docs/generated/metrics.md', content: renderMetricsPage() },
  ];
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
