import type { Labels } from '../events.ts';
import type { LedgerJson } from '../ledger/ledger-shape.ts';

/** Whether the sender says that its log carries no time, so that what it tells of time is made up of step times. */
export function isOfMadeUpClock({ labels }: { readonly labels?: Labels }): boolean {
  return labels?.['time_source'] === 'synthetic';
}

/** A log without times says what its steps took and nothing of what was between them. */
export function withoutGoodput(ledger: LedgerJson): LedgerJson {
  const unknown = { goodput_ratio: null, device_goodput_ratio: null };
  const windows = ledger.windows.map((window) => ({ ...window, goodput_ratio: null }));
  return { ...ledger, ...unknown, windows };
}
