import { compareAccounts } from './account.bench.ts';
import { compareDecoders } from './decode.bench.ts';
import { compareInserts } from './insert.bench.ts';
import { benchLargeJob } from './ledger-scale.bench.ts';
import { printComparison } from './measure.ts';
import { benchManyJobs } from './tick-scale.bench.ts';

/**
 * `npm run bench`: rates as ratios within one run, since the machine is never the same twice. Nothing is asserted: a
 * person reads it before and after a change. The scale of the ledger is held against bounds instead, with the share of each
 * that was used.
 */
for (const bench of [compareDecoders, compareInserts, compareAccounts]) {
  process.stdout.write(`${printComparison(await bench())}\n`);
}
process.stdout.write(`${benchLargeJob()}\n`);
process.stdout.write(`${await benchManyJobs()}\n`);
