import type { Command } from 'commander';
import type {
  AlertHistoryAnswer,
  AlertRow,
  AlertsAnswer,
  PastAlertRow,
} from '../../services/api/routes/v1-alerts.ts';
import { type AlertCheck, checkAlerts, sendTestAlert } from '../alert-checks.ts';
import { withExamples } from '../examples.ts';
import { DEFAULT_URL } from '../job-source.ts';
import type { SetExitCode } from '../main.ts';
import { EXIT } from '../outcome.ts';
import { createServerClient } from '../server-client.ts';
import { printJson, printText, type Terminal } from '../terminal.ts';
import { duration, significant } from '../units.ts';

interface ServerOptions {
  readonly url?: string;
  readonly token?: string;
  readonly json?: boolean;
}

export function addAlerts(program: Command, terminal: Terminal, setExitCode: SetExitCode): void {
  const alerts = program.command('alerts').description('the alert rules over what is stored');
  addList(alerts, terminal, setExitCode);
  addHistory(alerts, terminal);
  addTest(alerts, terminal, setExitCode);
}

function reaching(command: Command): Command {
  return command
    .option('--json', 'one JSON document')
    .option('--url <url>', `a running Headway (default ${DEFAULT_URL})`)
    .option('--token <token>', 'its read token');
}

function addList(alerts: Command, terminal: Terminal, setExitCode: SetExitCode): void {
  const list = reaching(
    alerts
      .command('list')
      .description('every alert as of now; exit 1 while one of them fires')
      .option('--job <job>', 'only this job')
      .option('--state <state>', 'only inactive, pending or firing ones'),
  ).action(async (options: ServerOptions & { job?: string; state?: string }) => {
    const client = createServerClient(options.url ?? DEFAULT_URL, options.token);
    const { job, state } = options;
    // the server answers the shape that this same program builds
    const answer = (await client.getJson('/v1/alerts', { job, state })) as AlertsAnswer;
    if (options.json === true) printJson(terminal, answer);
    else
      printText(
        terminal,
        answer.alerts.length === 0 ? 'no such alert' : answer.alerts.map(alertText).join('\n'),
      );
    if (answer.alerts.some(wantsSomebody)) setExitCode(EXIT.problem_found);
  });
  withExamples(list, 'alerts list --state firing');
}

/** The watchdog always fires and wants nobody. */
function wantsSomebody({ state, severity, error }: AlertRow): boolean {
  return error !== null || (state === 'firing' && severity !== 'none');
}

function alertText({
  name,
  state,
  severity,
  job,
  annotations,
  value,
  since,
  is_older,
  error,
  labels,
}: AlertRow): string {
  if (error !== null) return `error     ${name}: ${error}`;
  const mark = state.padEnd(8);
  if (state === 'inactive') return `${mark}  ${name} (${severity ?? 'no severity'})`;
  const { alertname: _, job: __, severity: ___, service: ____, ...others } = labels;
  const more = Object.entries(others)
    .map(([label, text]) => `, ${label} ${text}`)
    .join('');
  const from = since === null ? '' : ` since ${is_older ? 'before ' : ''}${since}`;
  const lines = [
    `${mark}  ${name} (${severity ?? 'no severity'})${job === null ? '' : ` ${job}`}${more}${from}, value ${significant(value)}`,
  ];
  for (const key of ['summary', 'cause', 'cost', 'action', 'runbook_url']) {
    const text = annotations[key];
    if (text !== undefined && text !== 'none')
      lines.push(`            ${key.replace('_url', '').padEnd(8)} ${text}`);
  }
  return lines.join('\n');
}

function addHistory(alerts: Command, terminal: Terminal): void {
  const history = reaching(
    alerts
      .command('history')
      .description('when each alert was active in a range, read off the stored series')
      .option('--from <time>', 'RFC 3339, epoch seconds, now-6h', 'now-1d')
      .option('--to <time>', 'up to here', 'now')
      .option('--step <seconds>', 'between two evaluations')
      .option('--job <job>', 'only this job'),
  ).action(async (options: ServerOptions & { from: string; to: string; step?: string; job?: string }) => {
    const client = createServerClient(options.url ?? DEFAULT_URL, options.token);
    const { from, to, step, job } = options;
    const answer = (await client.getJson('/v1/alerts/history', {
      from,
      to,
      step,
      job,
    })) as AlertHistoryAnswer;
    if (options.json === true) return printJson(terminal, answer);
    const errors = Object.entries(answer.errors).map(([name, error]) => `error: ${name}: ${error}`);
    const lines = answer.alerts.map(pastText);
    const range = `${answer.range.from} to ${answer.range.to}, evaluated every ${answer.step_s} s`;
    return printText(
      terminal,
      [range, ...(lines.length === 0 ? ['no alert was active'] : lines), ...errors].join('\n'),
    );
  });
  withExamples(history, 'alerts history --from now-12h --job my-job');
}

function pastText({ name, job, severity, active_from, firing_from, ended, is_cut }: PastAlertRow): string {
  const length =
    ended === null ? 'goes on' : `for ${duration((Date.parse(ended) - Date.parse(active_from)) / 1000)}`;
  const what = firing_from === null ? 'was pending only' : `fired from ${firing_from}`;
  return `${is_cut ? 'before ' : ''}${active_from}  ${name} (${severity ?? 'no severity'})${job === null ? '' : ` ${job}`}: ${what}, ${length}`;
}

function addTest(alerts: Command, terminal: Terminal, setExitCode: SetExitCode): void {
  const test = reaching(
    alerts
      .command('test')
      .description(
        'whether every rule can be evaluated and has something to measure; with --webhook a test message is sent',
      )
      .option('--webhook <url>', "sends a test alert there in Alertmanager's webhook format"),
  ).action(async (options: ServerOptions & { webhook?: string }) => {
    const client = createServerClient(options.url ?? DEFAULT_URL, options.token);
    const checks: AlertCheck[] = await checkAlerts(client);
    if (options.webhook !== undefined) checks.push(await sendTestAlert(options.webhook));
    if (options.json === true) printJson(terminal, { checks });
    else
      printText(
        terminal,
        checks.map(({ ok, name, detail }) => `${ok ? 'ok     ' : 'problem'}  ${name}: ${detail}`).join('\n'),
      );
    if (checks.some(({ ok }) => !ok)) setExitCode(EXIT.problem_found);
  });
  withExamples(test, 'alerts test --webhook http://127.0.0.1:9095/alerts');
}
