import type { JobScopedEvent, SpanKind, StepEvent } from '../../../../domain/events.ts';
import { type AccountOptions, accountOf } from '../../../../domain/ledger/account.ts';
import { ledgerOf } from '../../../../domain/ledger/ledger.ts';
import type { Account, LedgerJson } from '../../../../domain/ledger/ledger-shape.ts';

export const JOB = 'j';
export const S = 1_000_000;

/** Short spellings for timelines in seconds. */
export function start(attempt: number | undefined, s: number, device_count?: number): JobScopedEvent {
  const numbered = attempt === undefined ? {} : { attempt };
  const devices = device_count === undefined ? {} : { device_count };
  return { type: 'attempt_start', job: JOB, ...numbered, time_us: s * S, ...devices };
}

export function end(attempt: number, s: number, clean = true): JobScopedEvent {
  return { type: 'attempt_end', job: JOB, attempt, time_us: s * S, clean };
}

export function fail(attempt: number | undefined, s: number, cause = 'xid:79'): JobScopedEvent {
  return { type: 'fail', job: JOB, ...(attempt === undefined ? {} : { attempt }), time_us: s * S, cause };
}

export function step(
  attempt: number | undefined,
  number: number,
  from_s: number,
  to_s?: number,
  more: Partial<StepEvent> = {},
): JobScopedEvent {
  const numbered = attempt === undefined ? {} : { attempt };
  const ended = to_s === undefined ? {} : { end_us: to_s * S };
  return { type: 'step', job: JOB, ...numbered, step: number, start_us: from_s * S, ...ended, ...more };
}

export function span(
  attempt: number,
  kind: SpanKind,
  from_s: number,
  to_s: number,
  name?: string,
): JobScopedEvent {
  const named = name === undefined ? {} : { name };
  return { type: 'span', job: JOB, attempt, kind, start_us: from_s * S, end_us: to_s * S, ...named };
}

export function mark(kind: 'detect' | 'localized' | 'nodes_ready', s: number): JobScopedEvent {
  return { type: 'mark', job: JOB, kind, time_us: s * S };
}

/** Steps one after the other, each with an end. */
export function steps(
  attempt: number,
  from: number,
  to: number,
  at_s: number,
  step_s: number,
): JobScopedEvent[] {
  return Array.from({ length: to - from + 1 }, (_, index) =>
    step(attempt, from + index, at_s + index * step_s, at_s + (index + 1) * step_s),
  );
}

export function account(events: readonly JobScopedEvent[], options: Partial<AccountOptions> = {}): Account {
  return accountOf(events, { job: JOB, ...options });
}

export function ledger(events: readonly JobScopedEvent[], options: Partial<AccountOptions> = {}): LedgerJson {
  return ledgerOf(account(events, options));
}
