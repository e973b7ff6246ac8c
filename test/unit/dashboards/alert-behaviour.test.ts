import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { describeWithPrograms } from '../../support/prometheus.ts';

const RULES = fileURLToPath(new URL('../../../dashboards/generated/headway.rules.yml', import.meta.url));

interface Scenario {
  /** Series in promtool's notation, a value a minute. */
  readonly series: Readonly<Record<string, string>>;
  readonly alert: string;
  /** Minute to the severities that fire then. */
  readonly firing: Readonly<Record<number, readonly string[]>>;
  /** What the alert is about; default a job. */
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * promtool evaluates the rules over virtual time. Annotations are left out: it would compare them as well, they are
 * made of queries on other series, and the alert chain's test has them with real data.
 */
async function promtool({
  series,
  alert,
  firing,
  labels = { job: 'run-1' },
}: Scenario): Promise<{ passed: boolean; output: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'headway-promtool-'));
  const test = {
    interval: '1m',
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    alert_rule_test: Object.entries(firing).map(([minute, severities]) => ({
      eval_time: `${minute}m`,
      alertname: alert,
      exp_alerts: severities.map((severity) => ({
        exp_labels: { ...labels, severity, service: 'headway' },
      })),
    })),
  };
  try {
    await writeFile(join(folder, 'rules.yml'), stringify(withoutAnnotations()));
    const file = join(folder, 'test.yml');
    await writeFile(file, stringify({ rule_files: ['rules.yml'], evaluation_interval: '1m', tests: [test] }));
    const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' });
    return { passed: status === 0, output: `${stdout}${stderr}` };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function withoutAnnotations(): unknown {
  const { groups } = parse(readFileSync(RULES, 'utf8'));
  for (const { rules } of groups) for (const rule of rules) delete rule.annotations;
  return { groups };
}

const SCENARIOS: readonly (readonly [name: string, scenario: Scenario])[] = [
  [
    'a stall pages at once and ends with it',
    {
      series: { 'headway_job_stalled_seconds{job="run-1"}': '_x2 60 120 180 stale' },
      alert: 'HeadwayJobHung',
      firing: { 1: [], 2: ['page'], 4: ['page'], 5: [] },
    },
  ],
  [
    'a low MFU becomes a ticket after ten minutes, a very low one a page as well',
    {
      series: { 'headway_job_mfu_vs_baseline_ratio{job="run-1"}': '1x4 0.85x14 0.6x14 1x5' },
      alert: 'HeadwayMfuLow',
      firing: { 4: [], 13: [], 16: ['ticket'], 32: ['ticket', 'page'], 36: [] },
    },
  ],
  [
    'a dip that is over within its wait raises nothing',
    {
      series: { 'headway_job_mfu_vs_baseline_ratio{job="run-1"}': '1x4 0.5x8 1x20' },
      alert: 'HeadwayMfuLow',
      firing: { 10: [], 14: [], 25: [] },
    },
  ],
  [
    'a job that has ended raises no ticket about its last figures',
    {
      series: {
        'headway_job_goodput_ratio{job="run-1",ratio="goodput_runtime",window="1h"}': '0.5x40',
        'headway_job_state{job="run-1",state="ended"}': '1x40',
      },
      alert: 'HeadwayGoodputLow',
      firing: { 30: [] },
    },
  ],
  [
    'a low goodput of a running job does',
    {
      series: {
        'headway_job_goodput_ratio{job="run-1",ratio="goodput_runtime",window="1h"}': '0.5x40',
        'headway_job_state{job="run-1",state="running"}': '1x40',
      },
      alert: 'HeadwayGoodputLow',
      firing: { 5: [], 15: ['ticket'] },
    },
  ],
  [
    'time without a name of more than 2 % of a day becomes a ticket, and less does not',
    {
      series: { 'headway_job_other_ratio{job="run-1",window="1d"}': '0.019x20 0.021x30' },
      alert: 'HeadwayTimeUnexplained',
      firing: { 19: [], 25: [], 35: ['ticket'] },
    },
  ],
  [
    'a low linearity becomes a ticket after a quarter of an hour',
    {
      series: { 'headway_job_linearity_vs_baseline_ratio{job="run-1",definition="tokens"}': '1x4 0.9x30' },
      alert: 'HeadwayLinearityLow',
      firing: { 10: [], 25: ['ticket'] },
    },
  ],
  [
    'an error budget that burns pages when the hour and the last minutes agree, and ends with the short window',
    {
      series: {
        'headway_job_slo_burn_ratio{job="run-1",window="1h"}': '1x9 7x30',
        'headway_job_slo_burn_ratio{job="run-1",window="5m"}': '1x9 9x10 0x20',
      },
      alert: 'HeadwaySloBurn',
      firing: { 9: [], 12: ['page'], 19: ['page'], 22: [] },
    },
  ],
  [
    'a slow burn is a ticket over six hours and a note over three days, and no page',
    {
      series: {
        'headway_job_slo_burn_ratio{job="run-1",window="5m"}': '20x30',
        'headway_job_slo_burn_ratio{job="run-1",window="30m"}': '4x30',
        'headway_job_slo_burn_ratio{job="run-1",window="1h"}': '4x30',
        'headway_job_slo_burn_ratio{job="run-1",window="6h"}': '3.5x30',
        'headway_job_slo_burn_ratio{job="run-1",window="3d"}': '1.2x30',
      },
      alert: 'HeadwaySloBurn',
      firing: { 20: ['ticket', 'info'] },
    },
  ],
  [
    'a job that is not as long as the window yet is not judged by the short one alone',
    {
      series: { 'headway_job_slo_burn_ratio{job="run-1",window="5m"}': '20x30' },
      alert: 'HeadwaySloBurn',
      firing: { 20: [] },
    },
  ],
  [
    'tables that are behind become a ticket, whether the data waits in Kafka or in a spool',
    {
      series: {
        'headway_bus_kafka_lag_seconds{job="headway",instance="i",partition="3"}': '0x5 400x10 0x5',
        'headway_bus_kafka_lag_seconds{job="headway",instance="i",partition="4"}': '0x20',
      },
      alert: 'HeadwayDataLate',
      labels: { instance: 'i' },
      firing: { 6: [], 10: ['ticket'], 19: [] },
    },
  ],
  [
    'an embedded Headway without an old batch is not behind',
    {
      series: { 'headway_bus_spool_oldest_age_seconds{job="headway",instance="i"}': '_x5 1 _x5 400x10' },
      alert: 'HeadwayDataLate',
      labels: { instance: 'i' },
      firing: { 8: [], 20: ['ticket'] },
    },
  ],
  [
    'the first dead letter of a process becomes a ticket with its reason',
    {
      series: {
        'headway_bus_dead_letters_total{job="headway",instance="i",reason="bad_lines"}': '0x10 1x30',
        'headway_bus_dead_letters_total{job="headway",instance="i",reason="bad_body"}': '0x40',
      },
      alert: 'HeadwayDeadLetters',
      labels: { instance: 'i', reason: 'bad_lines' },
      firing: { 10: [], 12: ['ticket'], 30: [] },
    },
  ],
  [
    'a spool that fills pages before it is full',
    {
      series: {
        'headway_bus_spool_waiting_bytes{job="headway",instance="i"}': '0+10x20',
        'headway_bus_spool_limit_bytes{job="headway",instance="i"}': '100x20',
      },
      alert: 'HeadwaySpoolFilling',
      labels: { instance: 'i' },
      firing: { 8: [], 12: ['page'] },
    },
  ],
  [
    'a collector that keeps batches on its disk for minutes becomes a ticket',
    {
      series: { 'headway_bus_outage_seconds{job="headway",instance="i"}': '0x3 0+60x10 0x5' },
      alert: 'HeadwayCollectorOut',
      labels: { instance: 'i' },
      firing: { 5: [], 11: ['ticket'], 18: [] },
    },
  ],
  [
    'messages that retention took unread page at once',
    {
      series: { 'headway_bus_kafka_lost_messages_total{job="headway",instance="i"}': '0x5 70x10' },
      alert: 'HeadwayDataLost',
      labels: { instance: 'i' },
      firing: { 5: [], 7: ['page'] },
    },
  ],
  [
    'letters that cannot be put aside page when it goes on',
    {
      series: { 'headway_bus_dead_letter_failures_total{job="headway",instance="i"}': '0x5 1+1x20' },
      alert: 'HeadwayDeadLettersStuck',
      labels: { instance: 'i' },
      firing: { 5: [], 10: ['page'] },
    },
  ],
];

describeWithPrograms(['promtool'], 'the alert rules', () => {
  it.each(SCENARIOS)('%s', async (_, scenario) => {
    expect(await promtool(scenario)).toMatchObject({ passed: true });
  });

  it('are seen to differ from what is not so', async () => {
    const [, stall] = SCENARIOS[0] ?? [];
    if (stall === undefined) throw new Error('no scenario');
    const { passed, output } = await promtool({ ...stall, firing: { 1: ['page'] } });
    expect(output).toContain('FAILED');
    expect(passed).toBe(false);
  });
});
