import type { JobScopedEvent } from '../../domain/events.ts';
import { JobBook } from '../../domain/ledger/book/job-book.ts';
import { laidOut } from '../../domain/ledger/book/ledger-rows.ts';
import { ledgerOf } from '../../domain/ledger/ledger.ts';

const JOB = 'scale';
const BEGIN_US = 1_790_000_000_000_000;
const STEP_US = 1_000_000;
/** The shape of the largest published run that tells its failures: 54 days there (Llama 3, table 5), 30 here. */
export const LARGE = {
  devices: 16_384,
  steps: 2_592_000,
  incidents: 466,
  save_every: 600,
  page_events: 50_000,
};

/** A long job as a store would hand it out, page by page: steps, blocking saves, failures that go back to the last save. */
export function* largeJob({
  devices,
  steps,
  incidents,
  save_every,
}: typeof LARGE): Generator<JobScopedEvent> {
  const fail_every = Math.floor(steps / (incidents + 1));
  let now_us = BEGIN_US;
  let attempt = 1;
  let step = 0;
  let saved = 0;
  let failures = 0;
  yield { type: 'attempt_start', job: JOB, attempt, time_us: now_us, device_count: devices };
  now_us += 90e6;
  for (let done = 1; done <= steps; done++) {
    step++;
    // jitter without a random source: the same job every time
    const end_us = now_us + STEP_US - 30_000 + ((done * 7919) % 20_011);
    yield { type: 'step', job: JOB, attempt, step, start_us: now_us, end_us, tokens: 16_777_216 };
    now_us = end_us;
    if (step % save_every === 0) {
      yield { type: 'span', job: JOB, attempt, kind: 'ckpt_save', start_us: now_us, end_us: now_us + 2e6 };
      now_us += 2e6;
      saved = step;
    }
    if (done % fail_every !== 0 || failures === incidents) continue;
    failures++;
    yield {
      type: 'fail',
      job: JOB,
      attempt,
      time_us: now_us,
      cause: `xid:${[79, 48, 94][failures % 3] ?? 79}`,
    };
    yield { type: 'mark', job: JOB, kind: 'detect', time_us: now_us + 60e6 };
    yield { type: 'mark', job: JOB, kind: 'nodes_ready', time_us: now_us + 240e6 };
    now_us += 300e6;
    attempt++;
    yield { type: 'attempt_start', job: JOB, attempt, time_us: now_us, device_count: devices };
    const restore_us = now_us + 45e6;
    yield { type: 'span', job: JOB, attempt, kind: 'ckpt_restore', start_us: now_us, end_us: restore_us };
    now_us = restore_us + 30e6;
    step = saved;
  }
}

/** The largest job from scratch in one pass, and one new step of it. Bounds: 60 s and 1 GB on 2 cores; 50 ms. */
export function benchLargeJob(size: typeof LARGE = LARGE): string {
  const began = performance.now();
  const book = new JobBook(JOB);
  let page: JobScopedEvent[] = [];
  let peak = 0;
  let newest: JobScopedEvent | undefined;
  const read = () => {
    book.add(page);
    page = [];
    book.account();
    peak = Math.max(peak, process.memoryUsage.rss());
  };
  for (const event of largeJob(size)) {
    page.push(event);
    if (event.type === 'step') newest = event;
    if (page.length === size.page_events) read();
  }
  read();
  const whole = ledgerAt(book);
  const seconds = (performance.now() - began) / 1000;
  const scratch = Math.max(peak, process.memoryUsage.rss());
  const update = newest === undefined ? [] : updates(book, newest);
  peak = Math.max(scratch, process.memoryUsage.rss());
  return [
    `A job of ${size.devices} devices: ${book.step_events} steps, ${whole.interruptions} interruptions, ${book.chapters} chapters, goodput ${whole.goodput_ratio?.toFixed(4)}`,
    line('from scratch', seconds, 60, 's'),
    line('memory, from scratch', scratch / 1e6, 1000, 'MB'),
    line('memory, new steps included', peak / 1e6, 1000, 'MB'),
    ...(['wall', 'processor'] as const).flatMap((clock) => [
      line(`one new step, median, ${clock}`, at(update, clock, 0.5), 50, 'ms'),
      line(`one new step, p99, ${clock}`, at(update, clock, 0.99), 50, 'ms'),
    ]),
    '',
  ].join('\n');
}

const HOUR_US = 3600e6;

/** What a tick reads of a job: the ledger of the run and of its last hour and five minutes. */
function ledgerAt(book: JobBook) {
  const account = book.account();
  const ledgers = [account.from_us, account.to_us - HOUR_US, account.to_us - HOUR_US / 12].map((from_us) => {
    const segments = laidOut(account.rows(from_us, account.to_us), from_us);
    const { job, state, to_us, attempts, incidents, overlapped_s, capacity } = account;
    const { lost_steps, last_step, last_progress_at_us, newest_event_us, ranks_seen } = account;
    return ledgerOf({
      ...{ job, state, to_us, attempts, incidents, overlapped_s, capacity },
      ...{ lost_steps, last_step, last_progress_at_us, newest_event_us, ranks_seen },
      from_us,
      segments,
      steps: [],
    });
  });
  const [run] = ledgers;
  if (run === undefined) throw new Error('no ledger');
  return run;
}

/** Milliseconds of an update: on the wall, which other work on the machine stretches, and of this process's threads. */
interface Update {
  readonly wall: number;
  readonly processor: number;
}

function updates(book: JobBook, newest: JobScopedEvent): Update[] {
  if (newest.type !== 'step') return [];
  const times: Update[] = [];
  for (let index = 1; index <= 500; index++) {
    const start_us = newest.start_us + index * STEP_US;
    const event = { ...newest, step: newest.step + index, start_us, end_us: start_us + STEP_US - 1000 };
    const began = performance.now();
    const used = process.cpuUsage();
    book.add([event]);
    ledgerAt(book);
    const { user, system } = process.cpuUsage(used);
    times.push({ wall: performance.now() - began, processor: (user + system) / 1000 });
  }
  return times;
}

function at(updates: readonly Update[], clock: keyof Update, share: number): number {
  const sorted = updates.map((update) => update[clock]).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function line(name: string, value: number, bound: number, unit: string): string {
  const ratio = (value / bound).toFixed(2);
  return `  ${name.padEnd(32)} ${value.toFixed(2).padStart(10)} ${unit.padEnd(6)} bound ${bound} ${unit}, ${ratio} of it`;
}
