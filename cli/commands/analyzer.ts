import type { Command } from 'commander';
import { withExamples } from '../examples.ts';
import { type RoleOptions, runRole } from '../run-role.ts';
import type { Terminal } from '../terminal.ts';

export function addAnalyzer(program: Command, terminal: Terminal): void {
  const command = program
    .command('analyzer')
    .description(
      'one role of a cluster: brings what Kafka has to the tables, and accounts its share of the jobs',
    )
    .option('--config <file>', 'configuration file (YAML), the same for all roles')
    .option('--port <port>', 'port of its health and metrics (0 takes a free one)')
    .option('--json', 'one JSON document once it listens: {"role", "url", "pid"}')
    .action((options: RoleOptions) =>
      runRole({
        name: 'analyzer',
        options,
        terminal,
        async open(config, log) {
          const { openAnalyzerRole } = await import('../../services/cluster/analyzer-role.ts');
          return openAnalyzerRole(config, log);
        },
        greet: (url, { kafka, clickhouse }) => `Headway analyzer listens on ${url}
  health    ${url}/readyz, ${url}/metrics
  reads     Kafka at ${kafka.brokers.join(', ')}, topic ${kafka.topic}, group ${kafka.group}
  tables    ${clickhouse.url}, database ${clickhouse.database}
`,
      }),
    );
  withExamples(command, 'analyzer --config headway.yaml');
}
