import type { Command } from 'commander';
import { createLog } from '../../platform/log.ts';
import { waitForStopSignal } from '../../platform/stop-signal.ts';
import type { HeadwayConfig } from '../../services/all-in-one/config.ts';
import { withExamples } from '../examples.ts';
import { listenOrStop, openAllInOne } from '../open.ts';
import { sendExample } from '../send-example.ts';
import { type CommonOptions, settingsFrom } from '../settings.ts';
import { printJson, say, type Terminal } from '../terminal.ts';

export function addStart(program: Command, terminal: Terminal): void {
  const command = program
    .command('start')
    .description('the embedded all-in-one: collector, analyzer, API and the page in one process')
    .option('--config <file>', 'configuration file (YAML)')
    .option('--data <dir>', 'data directory')
    .option('--port <port>', 'port to listen on (0 takes a free one)')
    .option('--json', 'one JSON document once it listens: {"url", "data_dir", "pid"}')
    .action(async (options: CommonOptions & { json?: boolean }) => {
      const { config } = settingsFrom(options);
      const headway = await openAllInOne(config, createLog(config.log_level));
      const url = await listenOrStop(headway);
      if (options.json === true) printJson(terminal, { url, data_dir: config.data_dir, pid: process.pid });
      say(terminal, greeting(url, config));
      await waitForStopSignal();
      say(terminal, 'Stopping: what was acknowledged is in the spool.');
      await headway.stop();
    });
  withExamples(command, 'start', 'start --data /var/lib/headway --config headway.yaml');
}

/** What a newcomer needs in the first minute: where to look, and what to send. */
export function greeting(url: string, config: HeadwayConfig): string {
  const targets = config.collector.scrape.flatMap(({ targets }) => targets);
  return `Headway listens on ${url}
  look      ${url}/            goodput, MFU, linearity, incidents
  answers   ${url}/v1/jobs     JSON;  ${url}/prom is a Prometheus data source for Grafana
  data      ${config.data_dir}

Nothing to see yet? Send it something:
  a log     npx headway import train.log --job my-job --url ${url}
  events    ${sendExample(url, config.collector.ingest_token)}
  devices   ${targets.length > 0 ? `scraping ${targets.join(', ')}` : 'set collector.scrape in headway.yaml to your dcgm-exporters (host:9400)'}
  or        npm run demo       a small simulated cluster with one failure
`;
}
