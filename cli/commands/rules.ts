import { type Command, InvalidArgumentError, Option } from 'commander';
import { parse } from 'yaml';
import { renderGrafanaRules } from '../../dashboards/src/alerts/grafana-rules.ts';
import { renderPrometheusRules } from '../../dashboards/src/alerts/prometheus-rules.ts';
import { buildRules } from '../../dashboards/src/alerts/rules.ts';
import { ALERT_THRESHOLDS } from '../../dashboards/src/alerts/thresholds.ts';
import { DATASOURCE_UID, DEFAULT_EXTERNAL_URL } from '../../dashboards/src/generated-files.ts';
import { withExamples } from '../examples.ts';
import { printJson, printText, type Terminal } from '../terminal.ts';

interface ExportOptions {
  readonly format: 'prometheus' | 'grafana';
  readonly externalUrl: string;
  readonly datasourceUid: string;
  readonly keepFiring?: true;
  readonly json?: true;
}

export function addRules(program: Command, terminal: Terminal): void {
  const rules = program.command('rules').description('the alert rules');
  const exporting = rules
    .command('export')
    .description('the alert rules, as a file for the evaluator you run')
    .addOption(
      new Option('--format <format>', 'prometheus is also what vmalert and Mimir read')
        .choices(['prometheus', 'grafana'])
        .default('prometheus'),
    )
    .option(
      '--external-url <url>',
      'where people reach Headway: links in alerts begin with it',
      webUrl,
      DEFAULT_EXTERNAL_URL,
    )
    .option(
      '--datasource-uid <uid>',
      'grafana only: uid of the data source that points at /prom',
      DATASOURCE_UID,
    )
    .option(
      '--keep-firing',
      'prometheus only: write keep_firing_for, which Prometheus knows since 2.42 and vmalert 1.79 refuses',
    )
    .option('--json', 'the same document as JSON instead of YAML')
    .action((options: ExportOptions) => {
      const yaml = rendered(options);
      if (options.json === true) return printJson(terminal, parse(yaml));
      return printText(terminal, yaml);
    });
  withExamples(exporting, 'rules export --format prometheus > headway.rules.yml');
}

function rendered({ format, externalUrl, datasourceUid, keepFiring }: ExportOptions): string {
  const rules = buildRules();
  const { interval_s } = ALERT_THRESHOLDS;
  if (format === 'grafana') {
    return renderGrafanaRules(rules, {
      external_url: externalUrl,
      datasource_uid: datasourceUid,
      interval_s,
    });
  }
  return renderPrometheusRules(rules, {
    external_url: externalUrl,
    interval_s,
    keep_firing: keepFiring === true,
  });
}

/** An http address without a slash at the end, as the rules want it. */
function webUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text.replace(/\/+$/, '');
  throw new InvalidArgumentError('It must be an http or https address, such as https://headway.example.org.');
}
