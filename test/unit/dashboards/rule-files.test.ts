import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { pageAlerts } from '../../../dashboards/src/alerts/page-alerts.ts';
import { buildRules } from '../../../dashboards/src/alerts/rules.ts';
import { jobOverview } from '../../../dashboards/src/job-overview.ts';
import { describeWithPrograms } from '../../support/prometheus.ts';

const GENERATED = fileURLToPath(new URL('../../../dashboards/generated/', import.meta.url));
const GRAFANA_RULES = fileURLToPath(
  new URL('../../../dashboards/provisioning/alerting/headway.yaml', import.meta.url),
);

function run(program: string, args: readonly string[]): { status: number | null; out: string; text: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return { status, out: stdout.trim(), text: `${stdout}${stderr}` };
}

describeWithPrograms(['promtool'], 'promtool', () => {
  it.each(['headway.rules.yml', 'headway.rules.prometheus.yml'])('accepts %s', (name) => {
    const { status, text } = run('promtool', ['check', 'rules', `${GENERATED}${name}`]);
    expect(text).toContain(`SUCCESS: ${buildRules().length} rules found`);
    expect(status).toBe(0);
  });
});

describeWithPrograms(['vmalert'], 'vmalert', () => {
  it('accepts headway.rules.yml, which is why keep_firing_for is not in it', () => {
    const { status, text } = run('vmalert', ['-dryRun', `-rule=${GENERATED}headway.rules.yml`]);
    expect([status, text]).toEqual([0, expect.anything()]);
    expect(readFileSync(`${GENERATED}headway.rules.yml`, 'utf8')).not.toContain('keep_firing_for');
    expect(readFileSync(`${GENERATED}headway.rules.prometheus.yml`, 'utf8')).toContain('keep_firing_for');
  });
});

describeWithPrograms(['amtool'], 'amtool', () => {
  const config = `${GENERATED}alertmanager.yml`;

  it('accepts alertmanager.yml', () => {
    const { status, text } = run('amtool', ['check-config', config]);
    expect(text).toContain('SUCCESS');
    expect(status).toBe(0);
  });

  it.each([
    ['alertname=HeadwayJobHung', 'people'],
    ['alertname=HeadwayWatchdog', 'deadman'],
  ])('routes %s to %s', (label, receiver) => {
    expect(run('amtool', ['config', 'routes', 'test', `--config.file=${config}`, label]).out).toBe(receiver);
  });
});

describe('every rule', () => {
  it('has a runbook, and where it speaks of a job, a panel of the overview', () => {
    const panels = jobOverview().panels.map(({ id }) => id);
    for (const { name, panelId } of buildRules()) {
      expect(existsSync(fileURLToPath(new URL(`../../../docs/runbooks/${name}.md`, import.meta.url)))).toBe(
        true,
      );
      if (panelId !== null) expect(panels).toContain(panelId);
    }
  });

  it('is in Grafana under a uid of its own, with the panel that shows it', () => {
    const { groups } = parse(readFileSync(GRAFANA_RULES, 'utf8'));
    const rules: readonly Record<string, unknown>[] = groups[0].rules;
    expect(rules).toHaveLength(buildRules().length);
    expect(new Set(rules.map(({ uid }) => uid)).size).toBe(rules.length);
    for (const rule of rules) {
      expect(Object.keys(rule)).toEqual(
        expect.arrayContaining(['uid', 'title', 'condition', 'for', 'data', 'noDataState']),
      );
    }
  });

  it('is on the page unless it speaks of the chain only', () => {
    expect(pageAlerts(buildRules()).map(({ name, severity }) => `${name} ${severity}`)).toEqual([
      'HeadwayJobHung page',
      'HeadwayMfuLow ticket',
      'HeadwayMfuLow page',
      'HeadwayLinearityLow ticket',
      'HeadwayGoodputLow ticket',
      'HeadwaySloBurn page',
      'HeadwaySloBurn ticket',
      'HeadwaySloBurn info',
      'HeadwayMfuImplausible ticket',
      'HeadwaySpecMismatch ticket',
      'HeadwayTimeUnexplained ticket',
    ]);
  });
});
