/**
 * One analyzer's writes to one partition, a step a line on standard input, to be killed between any two of them:
 * `tsx positions-process.ts embedded FOLDER` or `... server URL`. Answers each step with a line.
 */
import { createInterface } from 'node:readline';
import type { PartitionClaim } from '../../platform/bus/partition-positions.ts';
import { silentLog } from '../../platform/log.ts';
import { STORE_DEFAULTS } from '../../platform/store/config.ts';
import { openEmbeddedStore } from '../../platform/store/embedded.ts';
import { createPartitionPositions } from '../../platform/store/partition-positions.ts';
import { openTrialClient } from './clickhouse-server/start.ts';

const [kind = '', place = ''] = process.argv.slice(2);
const store =
  kind === 'embedded'
    ? await openEmbeddedStore(place, STORE_DEFAULTS, silentLog)
    : await openTrialClient({ url: place });
const positions = createPartitionPositions(store);
let claim: PartitionClaim | undefined;

async function step(name: string, from: number, to: number): Promise<void> {
  if (name === 'claim') claim = await positions.claim('c/t', 0);
  if (claim === undefined) return;
  const { fence } = claim;
  if (name === 'begin') await positions.begin(fence, { from, to });
  if (name === 'insert') {
    const rows = Array.from({ length: to - from }, (_, index) => ({ id: from + index }));
    await store.insertRows('written', rows, { token: `${from}-${to}`, fence });
  }
  if (name === 'finish') await positions.finish(fence, { from, to }, new Map([['p', to]]));
}

process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  const [name = '', from, to] = line.split(' ');
  await step(name, Number(from), Number(to));
  process.stdout.write(`done ${name}\n`);
}
