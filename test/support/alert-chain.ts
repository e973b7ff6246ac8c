import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderPrometheusRules } from '../../dashboards/src/alerts/prometheus-rules.ts';
import { buildRules } from '../../dashboards/src/alerts/rules.ts';
import { DEMO_ALERT_THRESHOLDS } from '../../dashboards/src/alerts/thresholds.ts';
import { answers, freePort, startProgram } from './loopback.ts';

/** One alert as Alertmanager posts it to a webhook. */
export interface ReceivedAlert {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
}

export interface AlertChain {
  /** Everything that reached the people's receiver, in order. */
  readonly received: readonly ReceivedAlert[];
  /** Output of the programs, for a failure's message. */
  output(): string;
  stop(): Promise<void>;
}

/** Debian's vmalert on `/prom`, Alertmanager behind it, and a webhook where a person's phone would be. */
export async function startAlertChain(headwayUrl: string): Promise<AlertChain> {
  const dir = await mkdtemp(join(tmpdir(), 'headway-alerts-'));
  const received: ReceivedAlert[] = [];
  const webhook = await startWebhook(received);
  const managerPort = await freePort();
  const managerUrl = `http://127.0.0.1:${managerPort}`;
  await writeFile(join(dir, 'alertmanager.yml'), managerConfig(webhook.url));
  const manager = startProgram('prometheus-alertmanager', [
    `--config.file=${join(dir, 'alertmanager.yml')}`,
    `--storage.path=${join(dir, 'alertmanager')}`,
    `--web.listen-address=127.0.0.1:${managerPort}`,
    '--cluster.listen-address=',
  ]);
  await answers(`${managerUrl}/-/ready`, manager);
  const rules = renderPrometheusRules(buildRules(DEMO_ALERT_THRESHOLDS), {
    external_url: headwayUrl,
    interval_s: DEMO_ALERT_THRESHOLDS.interval_s,
    keep_firing: false,
  });
  await writeFile(join(dir, 'headway.rules.yml'), rules);
  const alertPort = await freePort();
  const alerter = startProgram('vmalert', [
    `-rule=${join(dir, 'headway.rules.yml')}`,
    `-datasource.url=${headwayUrl}/prom`,
    `-notifier.url=${managerUrl}`,
    `-httpListenAddr=127.0.0.1:${alertPort}`,
  ]);
  await answers(`http://127.0.0.1:${alertPort}/health`, alerter);
  return {
    received,
    output: () => `${alerter.output()}\n${manager.output()}`,
    async stop() {
      await alerter.stop();
      await manager.stop();
      await webhook.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** The shape of the shipped example with waits of a second; the watchdog goes elsewhere there too. */
function managerConfig(webhookUrl: string): string {
  return `route:
  receiver: people
  group_by: [job, alertname]
  group_wait: 1s
  group_interval: 1s
  repeat_interval: 1h
  routes:
    - receiver: deadman
      matchers: ['alertname = HeadwayWatchdog']
receivers:
  - name: people
    webhook_configs:
      - url: ${webhookUrl}
        send_resolved: true
  - name: deadman
`;
}

async function startWebhook(received: ReceivedAlert[]): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { alerts: ReceivedAlert[] };
      received.push(...body.alerts);
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
