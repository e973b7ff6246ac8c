/**
 * Makes the tables of one node of a cluster, twice, and prints them: `tsx rendered-tables.ts FOLDER`. A process of its
 * own, because an engine that has replicated tables and no port to replicate through does not come to an end.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Session } from 'chdb';
import { readMigrations } from '../../platform/store/migrate.ts';
import { renderMigrations } from '../../platform/store/render-migrations.ts';
import { engineConfig, withoutCluster } from './clickhouse-server/one-node-cluster.ts';

export interface RenderedTables {
  /** What the engine read a statement as, the first line of it: `CreateQuery ...`. */
  readonly read: readonly string[];
  readonly tables: readonly { readonly name: string; readonly engine: string }[];
}

const [folder = ''] = process.argv.slice(2);
const place = { cluster: 'prod', database: 'headway' };
const config = join(folder, 'engine.xml');
await writeFile(config, engineConfig(place.cluster));
const session = new Session(join(folder, 'chdb'), { connectionArgs: [`--config-file=${config}`] });
const ask = async (sql: string) => (await session.queryAsync(sql, { format: 'TSVRaw' })).text();

await ask(`CREATE DATABASE ${place.database}`);
const statements = renderMigrations(await readMigrations(), place).flatMap((one) => one.statements);
const read: string[] = [];
for (const statement of [...statements, ...statements]) {
  read.push((await ask(`EXPLAIN AST ${statement}`)).split('\n', 1)[0] ?? '');
  // The queue of a cluster hands it to each node like this. What changes a table waits for its replicas, so not here.
  if (statement.startsWith('CREATE')) await ask(withoutCluster(statement));
}
const listed = await ask(
  `SELECT name, engine FROM system.tables WHERE database = '${place.database}' ORDER BY name`,
);
const tables = listed
  .trim()
  .split('\n')
  .map((line) => line.split('\t'))
  .map(([name = '', engine = '']) => ({ name, engine }));
process.stdout.write(JSON.stringify({ read, tables } satisfies RenderedTables), () =>
  process.kill(process.pid, 'SIGKILL'),
);
