import { benchLargeJob } from './ledger-scale.bench.ts';

process.stdout.write(`${benchLargeJob()}\n`);
