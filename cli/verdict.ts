import type { Bucket, Incident } from '../domain/ledger/ledger-shape.ts';
import type { JobReport } from '../domain/report/report-shape.ts';
import { count, duration, significant } from './units.ts';

/** The first lines of a report: what is the matter, since when, who, and what to do. */
export interface Verdict {
  readonly what: string;
  readonly who: string | null;
  /** What it has cost, in device-hours and, where a price is known, in money. */
  readonly cost: string | null;
  readonly todo: string | null;
}

const STANDING_STILL: Readonly<Partial<Record<JobReport['state'], string>>> = {
  hang: 'makes no progress: its step hangs',
  silent: 'is silent: nothing was heard from any of its sources',
  down: 'is down: it failed and was not started again',
};

/** What to attack, by the bucket that costs most. Start-up and steps of the present are no problem by themselves. */
const MEND: Readonly<Partial<Record<Bucket, string>>> = {
  lost_work: 'save more often: most was lost to steps done again',
  hang: 'find hangs sooner: a shorter collective timeout, or an alert on HeadwayJobHung',
  hang_or_unfinished: 'record failures (type `fail`), so that the unfinished step has a cause',
  silent: 'look at the sender and its network: most of the loss is silence',
  startup: 'shorten the start: most was lost between launch and first step',
  program_startup: 'shorten the first step (compilation caches)',
  init: 'shorten the initialisation, which cost most',
  data_wait: 'feed data faster: more workers or nearer storage',
  custom: 'make the blocking work between steps rarer or asynchronous',
  ckpt_save: 'save asynchronously: blocking saves cost most',
  ckpt_restore: 'restore faster: nearer storage, or from a peer',
  down: 'restart faster: most was lost between failure and relaunch',
  down_detect: 'detect failures sooner',
  down_localize: 'find the faulty part sooner',
  down_wait_nodes: 'keep spare nodes warm',
};

export function verdictOf(report: JobReport): Verdict {
  const still = STANDING_STILL[report.state];
  const open = report.incidents.findLast(({ state, kind }) => state === 'open' && kind !== 'slowdown');
  if (still !== undefined) {
    return {
      what: `${report.job} ${still}${sinceText(report)}`,
      who: open === undefined ? null : culprit(open),
      cost: stallCost(report) ?? lossCost(report),
      todo: repair(report, open),
    };
  }
  const worst = worstIncident(report.incidents);
  return {
    what: `${report.job} ${movingText(report)}`,
    who: worst === undefined ? null : `costliest interruption: ${culprit(worst)}`,
    cost: lossCost(report),
    todo: largestLoss(report),
  };
}

/** What the stall alone has cost up to now: it grows until somebody acts. */
function stallCost({ last_progress_at, at, devices, cost }: JobReport): string | null {
  if (last_progress_at === null || at === null || devices === null) return null;
  const device_h = ((Date.parse(at) - Date.parse(last_progress_at)) / 3_600_000) * devices;
  const price = cost?.price_per_device_hour;
  const money = price === undefined ? '' : `, ${moneyText(device_h * price, cost?.currency ?? null)}`;
  return `${significant(device_h, 3)} device-h since then${money}, and growing: ${count(devices)} devices held`;
}

/** Everything lost so far of everything held, and most of it to what. */
function lossCost({ losses, ledger, cost }: JobReport): string | null {
  const [worst] = losses;
  if (worst === undefined || hasNoClock(ledger)) return null;
  const isWeighted = losses.every(({ device_seconds }) => device_seconds !== null);
  const amountOf = (loss: JobReport['losses'][number]) =>
    isWeighted ? (loss.device_seconds ?? 0) : loss.wall_s;
  const total = losses.reduce((sum, loss) => sum + amountOf(loss), 0);
  if (total <= 0) return null;
  const unit = isWeighted ? 'device-h' : 'h';
  const share = losses.reduce((sum, loss) => sum + (loss.share ?? 0), 0);
  const money = cost === null ? '' : `, ${moneyText(cost.lost, cost.currency)}`;
  return `${significant(total / 3600, 3)} ${unit} lost (${(share * 100).toFixed(1)} %${money}), most to ${worst.cause}: ${significant(amountOf(worst) / 3600, 3)} ${unit}`;
}

function moneyText(amount: number, currency: string | null): string {
  return `${amount.toLocaleString('en-US', { maximumFractionDigits: 2 })} ${currency ?? '(no currency set)'}`;
}

function movingText({ state, last_step, last_progress_at, at, ledger }: JobReport): string {
  const when = hasNoClock(ledger) ? '' : ` at ${last_progress_at}`;
  const step = last_step === null ? 'no step yet' : `last step ${last_step}${when}`;
  if (state === 'ended') return `has ended: ${step}`;
  if (at === null) return 'has no event that tells a time: nothing can be accounted';
  return `is ${state} as of ${at}: ${step}`;
}

/** A log without times: what lay between its steps, and how much, is not known. */
function hasNoClock({ goodput_ratio, horizon_s }: JobReport['ledger']): boolean {
  return goodput_ratio === null && horizon_s > 0;
}

function sinceText({ last_progress_at, at, last_step }: JobReport): string {
  if (last_progress_at === null || at === null) return '';
  const seconds = (Date.parse(at) - Date.parse(last_progress_at)) / 1000;
  return `, for ${duration(seconds)}: last step ${last_step} at ${last_progress_at}`;
}

export function culprit({ cause, node, device }: Incident): string {
  const place = [node === null ? '' : ` on node ${node}`, device === null ? '' : ` device ${device}`].join(
    '',
  );
  return `${cause ?? 'cause not known'}${place}`;
}

function repair({ state }: JobReport, open: Incident | undefined): string {
  if (state === 'silent') return 'look at the sender and the network first: the job may be well and unheard';
  const node = open?.node ?? null;
  if (node !== null) return `take node ${node} out of the job and restart from the last checkpoint`;
  return 'compare the ranks before restarting, or the evidence is gone; then restart from the last checkpoint';
}

/** The one after which progress took longest to come back. */
function worstIncident(incidents: readonly Incident[]): Incident | undefined {
  // a slow-down goes on training: how long it lasted is not what it cost
  return incidents.filter(({ kind }) => kind !== 'slowdown').sort((a, b) => cost(b) - cost(a))[0];
}

function cost({
  last_progress_to_regain_s,
  time_to_regain_progress_s,
  time_to_first_step_s,
}: Incident): number {
  return last_progress_to_regain_s ?? time_to_regain_progress_s ?? time_to_first_step_s ?? 0;
}

function largestLoss({ ledger, incidents }: JobReport): string | null {
  if (hasNoClock(ledger)) return null;
  const [largest] = Object.entries(ledger.buckets_s)
    .filter(([bucket]) => bucket in MEND)
    .sort(([, a], [, b]) => b - a);
  if (largest === undefined) return null;
  const [bucket, seconds] = largest;
  const hung_s = bucket === 'lost_work' ? unfinishedBeforeFailures(incidents) : 0;
  if (hung_s > seconds / 2) {
    return `${MEND.hang} (${duration(hung_s)} passed between the last step and the failures, of lost_work ${duration(seconds)})`;
  }
  const mend = MEND[bucket as Bucket];
  return mend === undefined ? null : `${mend} (${bucket}, ${duration(seconds)})`;
}

/** Seconds in steps that were open when the attempt failed: lost work that no checkpoint would have saved. */
function unfinishedBeforeFailures(incidents: readonly Incident[]): number {
  return incidents.reduce((sum, { kind, cause, failed_at_us, last_progress_at_us }) => {
    if (kind !== 'interruption' || cause === null || last_progress_at_us === null) return sum;
    return sum + (failed_at_us - last_progress_at_us) / 1e6;
  }, 0);
}
