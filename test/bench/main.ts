import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { compareAccounts } from './account.bench.ts';
import { benchBus } from './bus.bench.ts';
import { benchCluster } from './cluster.bench.ts';
import { compareDecoders } from './decode.bench.ts';
import { compareInserts } from './insert.bench.ts';
import { printComparison } from './measure.ts';
import { benchOutage } from './outage.bench.ts';
import { benchManyJobs } from './tick-scale.bench.ts';

/**
 * `npm run bench`: rates as ratios within one run, since the machine is never the same twice. Nothing is asserted: a
 * person reads it before and after a change; `npm run bench -- bus cluster` runs those two alone. The scale of the
 * ledger is held against bounds instead, with the share of each that was used.
 */
const BENCHES: Readonly<Record<string, () => void | Promise<void>>> = {
  decode: async () => print(printComparison(await compareDecoders())),
  insert: async () => print(printComparison(await compareInserts())),
  account: async () => print(printComparison(await compareAccounts())),
  'large-job': () => alone('ledger-scale.main.ts'),
  'many-jobs': async () => print(await benchManyJobs()),
  bus: async () => print(await benchBus()),
  outage: async () => print(await benchOutage()),
  cluster: () => benchCluster(print),
};

const named = process.argv.slice(2);
const unknown = named.filter((name) => !(name in BENCHES));
if (unknown.length > 0)
  throw new Error(`no bench ${unknown.join(', ')}; there is ${Object.keys(BENCHES).join(', ')}`);
for (const [name, bench] of Object.entries(BENCHES)) {
  if (named.length === 0 || named.includes(name)) await bench();
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** In a process of its own: what it holds in memory is not to be that of the benches before it, nor of their engines. */
function alone(file: string): void {
  const { status } = spawnSync(
    process.execPath,
    [...process.execArgv, fileURLToPath(new URL(file, import.meta.url))],
    { stdio: 'inherit' },
  );
  if (status !== 0) throw new Error(`${file} ended with ${status}`);
}
