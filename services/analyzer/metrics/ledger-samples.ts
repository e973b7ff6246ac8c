import { deviceSeconds } from '../../../domain/ledger/device-seconds.ts';
import { ledgerOf } from '../../../domain/ledger/ledger.ts';
import type { Account, Bucket, LedgerJson, Segment } from '../../../domain/ledger/ledger-shape.ts';
import type { SampleList } from './metric-sample.ts';

/** The stretches that goodput is given for, beside the whole run. */
const GOODPUT_WINDOWS_US = { '1h': 3600e6, '5m': 300e6 } as const;

const DAY_US = 86_400e6;

/** Seconds in these were not lost: done, not yet known, or taken out by the operator. */
const NOT_BADPUT = new Set<string>(['productive', 'in_flight', 'excluded'] satisfies Bucket[]);

/** The ledgers that live samples are read off, made once a moment: of the whole run, and of its last stretches. */
export interface LiveLedgers {
  readonly run: LedgerJson;
  readonly recent: ReadonlyMap<string, LedgerJson>;
}

export function liveLedgers(account: Account): LiveLedgers {
  const recent = Object.entries(GOODPUT_WINDOWS_US).map(([window, size_us]): [string, LedgerJson] => {
    return [window, newestLedger(account, size_us)];
  });
  return { run: ledgerOf(account), recent: new Map(recent) };
}

function newestLedger(account: Account, size_us: number): LedgerJson {
  const from_us = Math.max(account.from_us, account.to_us - size_us);
  return ledgerOf(account, { from_us, to_us: account.to_us });
}

/** Goodput of the run and of its last stretches, and where the rest of the seconds went. */
export function addLedgerSamples(list: SampleList, account: Account, { run, recent }: LiveLedgers): void {
  addGoodput(list, 'run', run);
  for (const [window, ledger] of recent) addGoodput(list, window, ledger);
  const day = newestLedger(account, DAY_US);
  list.add('headway_job_other_ratio', ((day.buckets_s.other ?? 0) * 1e6) / DAY_US, { window: '1d' });
  for (const [bucket, seconds] of Object.entries(run.buckets_s)) {
    if (!NOT_BADPUT.has(bucket)) list.add('headway_job_badput_seconds', seconds, { bucket });
  }
  for (const { bucket, cause, wall_s } of wallSeconds(account.segments)) {
    list.add('headway_job_wall_seconds', wall_s, { bucket, cause });
  }
  for (const { bucket, cause, device_s } of deviceSeconds(account.segments) ?? []) {
    list.add('headway_job_device_seconds', device_s, { bucket, cause: cause ?? '' });
  }
}

/** Seconds by bucket and cause; the cause is empty where no incident accounts for them. */
function wallSeconds(segments: readonly Segment[]): { bucket: Bucket; cause: string; wall_s: number }[] {
  const sums = new Map<string, { bucket: Bucket; cause: string; wall_us: number }>();
  for (const { bucket, cause = '', from_us, to_us } of segments) {
    const key = `${bucket} ${cause}`;
    const sum = sums.get(key) ?? { bucket, cause, wall_us: 0 };
    sum.wall_us += to_us - from_us;
    sums.set(key, sum);
  }
  return [...sums.values()].map(({ bucket, cause, wall_us }) => ({ bucket, cause, wall_s: wall_us / 1e6 }));
}

function addGoodput(list: SampleList, window: string, { goodput_ratio }: LedgerJson): void {
  list.add('headway_job_goodput_ratio', goodput_ratio, { ratio: 'goodput_runtime', window });
}
