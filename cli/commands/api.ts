import type { Command } from 'commander';
import { withExamples } from '../examples.ts';
import { type RoleOptions, runRole } from '../run-role.ts';
import type { Terminal } from '../terminal.ts';

export function addApi(program: Command, terminal: Terminal): void {
  const command = program
    .command('api')
    .description('one role of a cluster: answers from the tables, and shows the page')
    .option('--config <file>', 'configuration file (YAML), the same for all roles')
    .option('--port <port>', 'port to listen on (0 takes a free one)')
    .option('--json', 'one JSON document once it listens: {"role", "url", "pid"}')
    .action((options: RoleOptions) =>
      runRole({
        name: 'api',
        options,
        terminal,
        async open(config, log) {
          const { openApiRole } = await import('../../services/cluster/api-role.ts');
          return openApiRole(config, log);
        },
        greet: (url, { clickhouse }) => `Headway API listens on ${url}
  look      ${url}/            goodput, MFU, linearity, incidents
  answers   ${url}/v1/jobs     JSON;  ${url}/prom is a Prometheus data source for Grafana
  tables    ${clickhouse.url}, database ${clickhouse.database}
`,
      }),
    );
  withExamples(command, 'api --config headway.yaml');
}
