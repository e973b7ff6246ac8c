import { compareAccounts } from './account.bench.ts';
import { compareDecoders } from './decode.bench.ts';
import { compareInserts } from './insert.bench.ts';
import { printComparison } from './measure.ts';

/**
 * `npm run bench`: rates as ratios within one run, since the machine is never the same twice. Nothing is asserted: a
 * person reads it before and after a change.
 */
for (const bench of [compareDecoders, compareInserts, compareAccounts]) {
  process.stdout.write(`${printComparison(await bench())}\n`);
}
