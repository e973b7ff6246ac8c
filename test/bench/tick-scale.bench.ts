import type { JobScopedEvent } from '../../domain/events.ts';
import { JobBook } from '../../domain/ledger/book/job-book.ts';
import { laidOut } from '../../domain/ledger/book/ledger-rows.ts';
import { openAnalyzerBench } from '../support/analyzer-bench.ts';
import { line } from './ledger-scale.bench.ts';

export const MANY = { jobs: 1000, history_s: 120, ticks: 4, interval_s: 5 };
const HOUR_US = 3600e6;

/**
 * Many jobs at a step a second: what the analyzer's whole tick costs through the real engine (read what arrived,
 * account, write series), and what the accounts alone cost when books keep them. CPU seconds per second of the jobs'
 * time; the bound is half a core.
 */
export async function benchManyJobs(size: typeof MANY = MANY): Promise<string> {
  const books = accountsAlone(size);
  const bench = await openAnalyzerBench();
  try {
    const analyzer = bench.analyzer({ interval_s: size.interval_s });
    await analyzer.tick();
    const begin_us = bench.now_us;
    bench.now_us += size.history_s * 1e6;
    await bench.receive(analyzer, eventsOf(size, begin_us, 0, size.history_s));
    for (let settling = 0; settling < 2; settling++) await bench.pass(analyzer, 0);
    let seconds = 0;
    for (let tick = 0; tick < size.ticks; tick++) {
      const from_s = size.history_s + tick * size.interval_s;
      bench.now_us += size.interval_s * 1e6;
      await bench.receive(analyzer, eventsOf(size, begin_us, from_s, from_s + size.interval_s));
      const before = process.cpuUsage();
      await analyzer.tick();
      seconds += cpuSeconds(before);
    }
    const cores = seconds / (size.ticks * size.interval_s);
    return [
      `${size.jobs} jobs at a step a second, a tick every ${size.interval_s} s, ${size.history_s} s old`,
      line('the analyzer, whole tick', cores, 0.5, 'cores'),
      line('of that, accounts by books', books, 0.5, 'cores'),
      '',
    ].join('\n');
  } finally {
    await bench.close();
  }
}

function cpuSeconds(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** Accounts and sums of the run, the last hour and five minutes, kept by books. */
function accountsAlone(size: typeof MANY): number {
  const books = Array.from({ length: size.jobs }, (_, job) => new JobBook(`job-${job}`));
  const deliver = (from_s: number, to_s: number) => {
    const events = eventsOf(size, 0, from_s, to_s);
    const byJob = new Map<string, JobScopedEvent[]>(books.map(({ job }) => [job, []]));
    for (const event of events) byJob.get(event.job)?.push(event);
    const before = process.cpuUsage();
    for (const book of books) {
      book.add(byJob.get(book.job) ?? []);
      const account = book.account();
      for (const from_us of [account.from_us, account.to_us - HOUR_US, account.to_us - HOUR_US / 12]) {
        laidOut(account.rows(from_us), from_us);
      }
    }
    return cpuSeconds(before);
  };
  deliver(0, size.history_s);
  let seconds = 0;
  for (let tick = 0; tick < size.ticks; tick++) {
    const from_s = size.history_s + tick * size.interval_s;
    seconds += deliver(from_s, from_s + size.interval_s);
  }
  return seconds / (size.ticks * size.interval_s);
}

function eventsOf({ jobs }: typeof MANY, begin_us: number, from_s: number, to_s: number): JobScopedEvent[] {
  const events: JobScopedEvent[] = [];
  for (let index = 0; index < jobs; index++) {
    const job = `job-${index}`;
    if (from_s === 0) {
      events.push({
        type: 'job',
        job,
        device_count: 64,
        tokens_per_step: 4_194_304,
        model: 'llama3-8b',
        hardware: 'H100',
      });
      events.push({ type: 'attempt_start', job, attempt: 1, time_us: begin_us, device_count: 64 });
    }
    for (let step = from_s; step < to_s; step++) {
      const start_us = begin_us + step * 1e6;
      events.push({ type: 'step', job, attempt: 1, step: step + 1, start_us, end_us: start_us + 998_000 });
    }
  }
  return events;
}
