/**
 * `npm run cluster [-- --port 8470 --data DIR --config F --kafka HOST:PORT,... --clickhouse URL]`: cluster mode on this
 * machine, each role a process of its own on loopback: a broker, two collectors, two analyzers, an API. The tables are
 * the trial store, which is the embedded engine behind HTTP and not a ClickHouse server; `--clickhouse` names a real one.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { missingForKafka } from '../support/kafka-jars.ts';
import { startTrialCluster, type TrialCluster } from './trial-cluster.ts';

const SETUP = fileURLToPath(new URL('../setup', import.meta.url));
const COLLECTORS = 2;
const ANALYZERS = 2;

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** npm, tsx and the terminal each pass on one Ctrl-C: what comes at the same instant is no second one. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let first_ms: number | undefined;
    const onSignal = () => {
      first_ms ??= performance.now();
      if (performance.now() - first_ms > SAME_SIGNAL_MS) process.exit(130);
      resolve();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}

const SAME_SIGNAL_MS = 1000;

function fail(text: string, code: number): never {
  say(`cluster: ${text}`);
  process.exit(code);
}

function options() {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', default: '8470' },
        data: { type: 'string' },
        config: { type: 'string' },
        kafka: { type: 'string' },
        clickhouse: { type: 'string' },
      },
    });
    const port = Number(values.port);
    if (Number.isInteger(port) && port >= 0 && port <= 65_530) return { ...values, port };
    throw new Error(`--port ${values.port} is no port that four more follow`);
  } catch (error) {
    return fail(
      `${error instanceof Error ? error.message : String(error)}. ` +
        'Give --port, --data DIR, --config FILE, --kafka HOST:PORT,... or --clickhouse URL.',
      2,
    );
  }
}

/** Fetches Apache Kafka when it is not here yet. */
function requireKafka(): void {
  if (missingForKafka() === undefined) return;
  say('Fetching Apache Kafka (46 MB, once) ...');
  const { status } = spawnSync('bash', [SETUP, 'kafka'], { stdio: ['ignore', 'inherit', 'inherit'] });
  const missing = missingForKafka();
  if (status === 0 && missing === undefined) return;
  fail(
    `${missing ?? 'test/setup failed'}. Run test/setup (Debian: it installs Java 17 and Maven), ` +
      'or name a broker that runs with --kafka HOST:PORT.',
    3,
  );
}

function greeting(
  { collectors, analyzers, apis, brokers, clickhouse }: TrialCluster,
  isTrial: boolean,
): string {
  const urls = (members: TrialCluster['apis']) => members.map(({ url }) => url).join('  ');
  const [api, collector] = [apis[0]?.url, collectors[0]?.url];
  return `
A cluster of Headway runs on this machine. Ctrl-C stops all of it.
  look       ${api}/            the page;  ${api}/v1/jobs  JSON;  ${api}/prom  for Grafana
  send       curl -sS ${collector}/v1/events --data-binary @docs/examples/restart.ndjson
             npx headway import train.log --job my-job --url ${collector}
  collectors ${urls(collectors)}
  analyzers  ${urls(analyzers)}   (/metrics, /readyz)
  kafka      ${brokers.join('  ')}
  tables     ${clickhouse}${isTrial ? '   trial store: the embedded engine behind HTTP; --clickhouse URL takes a real server' : ''}
`;
}

async function failToStart(error: unknown): Promise<never> {
  if (data === undefined) await rm(folder, { recursive: true, force: true });
  for (const line of early ?? []) say(line);
  return fail(error instanceof Error ? error.message : String(error), 3);
}

const { port, data, config, kafka, clickhouse } = options();
if (kafka === undefined) requireKafka();
const folder = data ?? (await mkdtemp(join(tmpdir(), 'headway-cluster-')));
say('Starting ...');
/** Until all is ready: what processes that wait for each other say is of interest only when something does not come up. */
let early: string[] | undefined = [];
const said = (name: string, line: string) => {
  const text = `[${name}] ${line}`;
  if (early === undefined) say(text);
  else early.push(text);
};
const stopped = stopSignal();
const cluster = await startTrialCluster({
  data: folder,
  port,
  collectors: COLLECTORS,
  analyzers: ANALYZERS,
  apis: 1,
  ...(kafka === undefined ? {} : { brokers: kafka.split(',') }),
  ...(clickhouse === undefined ? {} : { clickhouse }),
  ...(config === undefined ? {} : { config }),
  said,
}).catch((error: unknown) => failToStart(error));
await cluster.ready().catch(async (error: unknown) => {
  await cluster.stop();
  await failToStart(error);
});
early = undefined;
say(greeting(cluster, clickhouse === undefined));
await stopped;
say('Stopping ...');
early = [];
await cluster.stop();
if (data === undefined) await rm(folder, { recursive: true, force: true });
say('All stopped.');
