import type { Command } from 'commander';
import { withExamples } from '../examples.ts';
import { type RoleOptions, runRole } from '../run-role.ts';
import { sendExample } from '../send-example.ts';
import type { Terminal } from '../terminal.ts';

export function addCollector(program: Command, terminal: Terminal): void {
  const command = program
    .command('collector')
    .description('one role of a cluster: takes in events and scrapes, and hands both to Kafka')
    .option('--config <file>', 'configuration file (YAML), the same for all roles')
    .option('--data <dir>', 'directory of its disk queue, for when Kafka is away')
    .option('--port <port>', 'port to listen on (0 takes a free one)')
    .option('--json', 'one JSON document once it listens: {"role", "url", "pid"}')
    .action((options: RoleOptions) =>
      runRole({
        name: 'collector',
        options,
        terminal,
        async open(config, log) {
          const { openCollectorRole } = await import('../../services/cluster/collector-role.ts');
          return openCollectorRole(config, log);
        },
        greet: (url, { kafka, data_dir, collector }) => `Headway collector listens on ${url}
  events    ${sendExample(url, collector.ingest_token)}
  scrapes   ${collector.scrape.length} jobs (collector.scrape)
  hands to  Kafka at ${kafka.brokers.join(', ')}, topic ${kafka.topic}; its disk queue is in ${data_dir}
`,
      }),
    );
  withExamples(command, 'collector --config headway.yaml --data /var/lib/headway');
}
