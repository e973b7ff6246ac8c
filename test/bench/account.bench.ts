import type { JobScopedEvent } from '../../domain/events.ts';
import { accountOf } from '../../domain/ledger/account.ts';
import { type Comparison, compare } from './measure.ts';

/** Accounting a job from scratch: the rate must not fall as the job grows. */
export function compareAccounts(): Promise<Comparison> {
  const contenders = [5_000, 50_000].map((steps) => {
    const events = run(steps);
    return {
      name: `${steps} steps, ${Math.floor(steps / RESTART_EVERY)} restarts`,
      items: events.length,
      run: () => void accountOf(events, { job: 'bench' }),
    };
  });
  return compare('Accounting a job from scratch', 'events', contenders, 3);
}

const RESTART_EVERY = 500;
const REDONE = 20;

function run(steps: number): JobScopedEvent[] {
  const events: JobScopedEvent[] = [];
  let now_us = 1_790_000_000_000_000;
  let attempt = 1;
  events.push({ type: 'attempt_start', job: 'bench', attempt, time_us: now_us, device_count: 1024 });
  for (let step = 1, since = 0; step <= steps; step++, since++) {
    if (since === RESTART_EVERY) {
      events.push({ type: 'fail', job: 'bench', attempt, time_us: now_us, cause: 'xid:79' });
      attempt++;
      now_us += 120e6;
      events.push({ type: 'attempt_start', job: 'bench', attempt, time_us: now_us, device_count: 1024 });
      step -= REDONE;
      since = 0;
    }
    events.push({ type: 'step', job: 'bench', attempt, step, start_us: now_us, end_us: now_us + 2e6 });
    now_us += 2e6;
  }
  return events;
}
