import { deviceSeconds } from '../../../domain/ledger/device-seconds.ts';
import { ledgerBetween } from '../../../domain/ledger/ledger.ts';
import type { Bucket, LedgerJson, Segment } from '../../../domain/ledger/ledger-shape.ts';
import type { LiveView } from '../../../domain/report/live-view.ts';
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

type Accounted = Pick<LiveView, 'account' | 'timeline'>;

export function liveLedgers(view: Accounted): LiveLedgers {
  const { from_us, to_us } = view.account;
  const run = ledgerBetween(view.account, view.timeline, from_us, to_us);
  const recent = Object.entries(GOODPUT_WINDOWS_US).map(([window, size_us]): [string, LedgerJson] => {
    return [window, newestLedger(view, size_us, run)];
  });
  return { run, recent: new Map(recent) };
}

/** A window longer than the run is the run. */
function newestLedger({ account, timeline }: Accounted, size_us: number, run: LedgerJson): LedgerJson {
  const from_us = account.to_us - size_us;
  return from_us <= account.from_us ? run : ledgerBetween(account, timeline, from_us, account.to_us);
}

/** Goodput of the run and of its last stretches, and where the rest of the seconds went. */
export function addLedgerSamples(list: SampleList, view: Accounted, { run, recent }: LiveLedgers): void {
  addGoodput(list, 'run', run);
  for (const [window, ledger] of recent) addGoodput(list, window, ledger);
  const day = newestLedger(view, DAY_US, run);
  list.add('headway_job_other_ratio', ((day.buckets_s.other ?? 0) * 1e6) / DAY_US, { window: '1d' });
  for (const [bucket, seconds] of Object.entries(run.buckets_s)) {
    if (!NOT_BADPUT.has(bucket)) list.add('headway_job_badput_seconds', seconds, { bucket });
  }
  const rows = view.timeline.rows(view.account.from_us, view.account.to_us);
  for (const { bucket, cause, wall_s } of wallSeconds(rows)) {
    list.add('headway_job_wall_seconds', wall_s, { bucket, cause });
  }
  for (const { bucket, cause, device_s } of deviceSeconds(rows) ?? []) {
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
