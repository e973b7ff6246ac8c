import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kafkaJars, missingForKafka } from './kafka-jars.ts';
import { askBroker } from './kafka-request.ts';
import { eventually, freePort, hasProgram, type RunningProgram, startProgram } from './loopback.ts';

/**
 * A real Apache Kafka (KRaft, each node broker and controller) on free loopback ports, with its data in a folder of
 * its own. One node takes 2 to 3 s to start and about 270 MB of memory.
 */
export interface KafkaBroker {
  /** `host:port` of each node. Stays the same over `kill` and `restart`. */
  readonly brokers: readonly string[];
  /** The id Kafka calls node `n` by, as in the leader of a partition: 1 for the first. */
  nodeId(n: number): number;
  /** kill -9 of one node, counted from 0; resolves when the process is gone. */
  kill(n: number): Promise<void>;
  /** SIGTERM of one node: it hands its leaderships over first. */
  stopNode(n: number): Promise<void>;
  /** SIGSTOP: connections stay and nothing answers. Resolves when the process stands still, where /proc says so. */
  suspend(n: number): Promise<void>;
  /** SIGCONT. */
  resume(n: number): void;
  /** Starts a node that was killed or stopped, on its old ports and data; resolves when all nodes that run see each other. */
  restart(n: number): Promise<void>;
  /** Of the node's process; undefined while it does not run. */
  pid(n: number): number | undefined;
  /** What the node printed since it was last started. */
  output(n: number): string;
  /** Kills every node and removes the data. */
  stop(): Promise<void>;
}

export interface KafkaBrokerOptions {
  /** 1 or 3. With 3, topics that name nothing else have 3 replicas of which 2 must have a message. */
  readonly nodes?: 1 | 3;
  /** Further lines of server.properties, which win over the ones here. */
  readonly properties?: Readonly<Record<string, string | number | boolean>>;
  /** Further listeners of the first node beside the plaintext one, as server.properties has them: `NAME://host:port`. */
  readonly listeners?: readonly string[];
  /** Further arguments of the tool that formats the data folder: users of SCRAM. */
  readonly format?: readonly string[];
  /** How long a start, and a node that comes back, may take. */
  readonly start_limit_ms?: number;
  /** Where to keep the data; default a temporary folder, which `stop` removes. */
  readonly folder?: string;
}

interface Node {
  readonly id: number;
  readonly port: number;
  readonly controllerPort: number;
  readonly folder: string;
  readonly properties: string;
  program: RunningProgram | undefined;
}

// Small and quick to start: the tests are short, so the second compiler never pays.
const JVM = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
const START_LIMIT_MS = 100_000;

/** Starts the nodes; the caller stops them. Rejects with what the node printed when one does not come up. */
export async function startKafka(options: KafkaBrokerOptions = {}): Promise<KafkaBroker> {
  const missing = missingForKafka();
  if (missing !== undefined) throw new Error(`${missing}: run test/setup`);
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'headway-kafka-')));
  const nodes = await layOut(folder, options);
  const { start_limit_ms: limit_ms = START_LIMIT_MS } = options;
  const broker = brokerOf(nodes, options.folder === undefined ? folder : undefined, limit_ms);
  try {
    await formatAll(nodes, options.format ?? []);
    for (const node of nodes) launch(node);
    await ready(nodes, limit_ms);
  } catch (cause) {
    await broker.stop();
    throw cause;
  }
  return broker;
}

function brokerOf(nodes: readonly Node[], temporary: string | undefined, limit_ms: number): KafkaBroker {
  const at = (n: number): Node => {
    const node = nodes[n];
    if (node === undefined) throw new Error(`no node ${n} of ${nodes.length}`);
    return node;
  };
  const signal = (n: number, name: NodeJS.Signals) => void at(n).program?.process.kill(name);
  return {
    brokers: nodes.map(({ port }) => `127.0.0.1:${port}`),
    nodeId: (n) => at(n).id,
    kill: (n) => end(at(n), 'SIGKILL'),
    stopNode: (n) => end(at(n), 'SIGTERM'),
    async suspend(n) {
      signal(n, 'SIGSTOP');
      // On a busy machine the threads go on until the first of them has seen the signal.
      await eventually(() => standsStill(at(n).program?.process.pid) || undefined, { every_ms: 5 });
    },
    resume: (n) => signal(n, 'SIGCONT'),
    async restart(n) {
      launch(at(n));
      await ready(nodes, limit_ms);
    },
    pid: (n) => (isRunning(at(n)) ? at(n).program?.process.pid : undefined),
    output: (n) => at(n).program?.output() ?? '',
    async stop() {
      await Promise.all(nodes.map((node) => end(node, 'SIGKILL')));
      if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
    },
  };
}

function standsStill(pid: number | undefined): boolean {
  const path = `/proc/${pid}/stat`;
  if (!existsSync(path)) return true;
  const stat = readFileSync(path, 'utf8');
  // Stopped, or gone. The name before the state may hold anything, brackets too.
  return stat.slice(stat.lastIndexOf(')') + 2).match(/^[TZX]/) !== null;
}

async function layOut(folder: string, options: KafkaBrokerOptions): Promise<Node[]> {
  const count = options.nodes ?? 1;
  const ports: number[] = [];
  while (ports.length < count * 2) {
    const port = await freePort();
    if (!ports.includes(port)) ports.push(port);
  }
  const controllers = ports.slice(count);
  const voters = controllers.map((port, n) => `${n + 1}@127.0.0.1:${port}`).join(',');
  const nodes = controllers.map((controllerPort, n): Node => {
    const port = ports[n] ?? 0;
    const own = join(folder, `node-${n + 1}`);
    const properties = { ...baseProperties(count), ...options.properties };
    const lines = Object.entries({
      ...properties,
      'node.id': n + 1,
      'controller.quorum.voters': voters,
      listeners: [
        `PLAINTEXT://127.0.0.1:${port}`,
        `CONTROLLER://127.0.0.1:${controllerPort}`,
        ...(n === 0 ? (options.listeners ?? []) : []),
      ].join(','),
      'log.dirs': join(own, 'data'),
    }).map(([name, value]) => `${name}=${value}`);
    return {
      id: n + 1,
      port,
      controllerPort,
      folder: own,
      properties: `${lines.join('\n')}\n`,
      program: undefined,
    };
  });
  for (const node of nodes) {
    await mkdir(node.folder, { recursive: true });
    await writeFile(join(node.folder, 'server.properties'), node.properties);
  }
  return nodes;
}

function baseProperties(nodes: number): Record<string, string | number | boolean> {
  const insync = nodes === 1 ? 1 : 2;
  return {
    'process.roles': 'broker,controller',
    'controller.listener.names': 'CONTROLLER',
    'auto.create.topics.enable': false,
    'default.replication.factor': nodes,
    'min.insync.replicas': insync,
    'offsets.topic.replication.factor': nodes,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': nodes,
    'transaction.state.log.min.isr': insync,
    'transaction.state.log.num.partitions': 4,
    'group.initial.rebalance.delay.ms': 0,
    // By default half of the heap here.
    'log.cleaner.dedupe.buffer.size': 4 * 1024 ** 2,
    // The default of 9 s is how long nothing is acknowledged after a node was killed.
    'broker.session.timeout.ms': 3000,
    'broker.heartbeat.interval.ms': 500,
  };
}

/** Writes the identity of the cluster into the data folders, unless they have one: of an earlier start, which stays. */
async function formatAll(nodes: readonly Node[], more: readonly string[]): Promise<void> {
  const cluster = clusterId();
  await Promise.all(
    nodes.map(async ({ folder }) => {
      if (existsSync(join(folder, 'data', 'meta.properties'))) return;
      const config = join(folder, 'server.properties');
      const args = ['-Xmx64m', ...JVM, '-cp', `${kafkaJars()}/*`, 'kafka.tools.StorageTool'];
      const format = ['format', '--ignore-formatted', '-t', cluster, '-c', config, ...more];
      const child = spawn('java', [...args, ...format], { stdio: ['ignore', 'pipe', 'pipe'] });
      const output: string[] = [];
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (text) => output.push(String(text)));
      const [code] = await once(child, 'close');
      if (code !== 0) throw new Error(`the data folder of a broker was not formatted: ${output.join('')}`);
    }),
  );
}

/** A uuid in base64url. One that begins with '-' is taken for an option by Kafka's own tool. */
function clusterId(): string {
  for (;;) {
    const id = randomBytes(16).toString('base64url');
    if (!id.startsWith('-')) return id;
  }
}

function launch(node: Node): void {
  if (isRunning(node)) throw new Error(`node ${node.id} runs already`);
  const java = [
    'java',
    '-Xms64m',
    '-Xmx256m',
    ...JVM,
    '-Dorg.slf4j.simpleLogger.logFile=System.out',
    '-cp',
    `${kafkaJars()}/*`,
    'kafka.Kafka',
    join(node.folder, 'server.properties'),
  ];
  // A test process that is killed takes its brokers with it where Linux's setpriv can say so.
  const [program = '', ...args] = hasProgram('setpriv') ? ['setpriv', '--pdeathsig', 'KILL', ...java] : java;
  node.program = startProgram(program, args);
}

function isRunning({ program }: Node): boolean {
  return program !== undefined && program.process.exitCode === null && program.process.signalCode === null;
}

async function end(node: Node, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  const child = node.program?.process;
  if (child === undefined || !isRunning(node)) return;
  const gone = once(child, 'exit');
  // A suspended process dies of SIGKILL only.
  child.kill(signal);
  if (signal === 'SIGTERM') child.kill('SIGCONT');
  await gone;
}

/** Every node that runs has said so, and a client sees all of them. */
async function ready(nodes: readonly Node[], limit_ms: number): Promise<void> {
  const running = nodes.filter(isRunning);
  const describe = () => nodes.map(({ id, program }) => `node ${id}:\n${program?.output()}`).join('\n');
  await eventually(
    () => {
      const gone = running.find((node) => !isRunning(node));
      if (gone !== undefined) throw new Error(`node ${gone.id} ended`);
      return running.every(({ program }) => program?.output().includes('Kafka Server started')) || undefined;
    },
    { limit_ms, every_ms: 50, describe },
  );
  await eventually(
    async () => {
      const seen = await Promise.all(running.map(({ port }) => brokersSeenBy(port)));
      return seen.every((count) => count === running.length) || undefined;
    },
    { limit_ms, every_ms: 50, describe },
  );
}

const METADATA = 3;

/** How many brokers the node at a port knows: its answer about no topic begins with that. */
async function brokersSeenBy(port: number): Promise<number> {
  const noTopics = Buffer.alloc(4);
  return (await askBroker(port, METADATA, noTopics)).readInt32BE(0);
}

/** Runs kcat (librdkafka) against the cluster; throws with what it said when it fails. */
export function kcat(
  brokers: readonly string[],
  args: readonly string[],
  input?: string | Uint8Array,
): string {
  const { status, stdout, stderr } = spawnSync('kcat', ['-b', brokers.join(','), ...args], {
    ...(input === undefined ? {} : { input }),
    maxBuffer: 1024 ** 3,
  });
  if (status !== 0) throw new Error(`kcat ${args.join(' ')}: ${stderr}`);
  return stdout.toString();
}
