import { buildRules } from '../dashboards/src/alerts/rules.ts';
import type { AlertsAnswer } from '../services/api/routes/v1-alerts.ts';
import { CommandFailure, EXIT } from './outcome.ts';
import { type ServerClient, serverAddress } from './server-client.ts';

export interface AlertCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

/**
 * Every rule on a running Headway: whether it can be evaluated, whether its words can be made, and whether what it
 * measures is there at all. A rule without a series is no mistake: it waits for a job that has such a figure.
 */
export async function checkAlerts(client: ServerClient): Promise<AlertCheck[]> {
  const { alerts } = (await client.getJson('/v1/alerts')) as AlertsAnswer;
  const checks: AlertCheck[] = [];
  for (const { name, severity, measure } of buildRules()) {
    const own = alerts.filter((alert) => alert.name === name && alert.severity === severity);
    checks.push({ name: `${name} (${severity})`, ...(await verdictOn(client, own, measure)) });
  }
  return checks;
}

async function verdictOn(
  client: ServerClient,
  alerts: AlertsAnswer['alerts'],
  measure: string,
): Promise<Omit<AlertCheck, 'name'>> {
  const [first] = alerts;
  if (first === undefined)
    return { ok: false, detail: 'the running Headway has no such rule: restart it from this checkout' };
  if (first.error !== null) return { ok: false, detail: first.error };
  const broken = alerts.flatMap(({ annotations }) =>
    Object.entries(annotations).filter(([, text]) => text.startsWith('<error expanding template')),
  );
  if (broken[0] !== undefined) return { ok: false, detail: `annotation ${broken[0].join(': ')}` };
  const series = await seriesOf(client, measure);
  const measured = series === 0 ? 'nothing to measure yet' : `${series} measured`;
  const active = alerts.filter(({ state }) => state !== 'inactive').map(({ state }) => state);
  return {
    ok: true,
    detail: `can be evaluated, ${measured}, ${active.length === 0 ? 'none active' : active.join(', ')}`,
  };
}

async function seriesOf(client: ServerClient, measure: string): Promise<number> {
  const answer = await client.getJson('/prom/api/v1/query', { query: `count(${measure})` });
  const { data } = answer as { data: { result: readonly { value: readonly [number, string] }[] } };
  return Number(data.result[0]?.value[1] ?? 0);
}

/** How long the receiver may take. */
const WEBHOOK_TIMEOUT_MS = 10_000;

/** Posts one firing alert as Alertmanager would (webhook, version 4). Throws when nothing answers. */
export async function sendTestAlert(webhook: string): Promise<AlertCheck> {
  const url = serverAddress(webhook);
  url.pathname = new URL(webhook).pathname;
  const labels = { alertname: 'HeadwayTest', severity: 'none', service: 'headway' };
  const annotations = { summary: 'A test of the alert chain: nothing is wrong' };
  const startsAt = new Date().toISOString();
  const alert = {
    status: 'firing',
    labels,
    annotations,
    startsAt,
    endsAt: '0001-01-01T00:00:00Z',
    generatorURL: '',
    fingerprint: 'headwaytest',
  };
  const message = {
    version: '4',
    groupKey: '{}:{alertname="HeadwayTest"}',
    status: 'firing',
    receiver: 'people',
    groupLabels: { alertname: 'HeadwayTest' },
    commonLabels: labels,
    commonAnnotations: annotations,
    externalURL: '',
    truncatedAlerts: 0,
    alerts: [alert],
  };
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(message),
      signal: AbortSignal.timeout(WEBHOOK_TIMEOUT_MS),
    });
    const detail = `${webhook} answered ${response.status}`;
    return {
      name: 'webhook',
      ok: response.ok,
      detail: response.ok ? detail : `${detail}: check the receiver's path and its log`,
    };
  } catch (error) {
    const reason =
      error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new CommandFailure(
      EXIT.unreachable,
      `cannot reach the webhook ${webhook} (${reason}). Check --webhook.`,
    );
  }
}
