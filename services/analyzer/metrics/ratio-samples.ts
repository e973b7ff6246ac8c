import type { LedgerJson } from '../../../domain/ledger/ledger-shape.ts';
import { effectiveCompute, programGoodput } from '../../../domain/report/effective-compute.ts';
import type { LiveView } from '../../../domain/report/live-view.ts';
import { namedRatios } from '../../../domain/report/ratios.ts';
import { slowTime } from '../../../domain/report/slow-time.ts';
import type { LiveLedgers } from './ledger-samples.ts';
import type { SampleList } from './metric-sample.ts';

/** What is saved and what MPG comes to are said of the whole run only: in a short window most work is never saved yet. */
const OF_WINDOWS = ['ettr_with_queue', 'effective_share'] as const;
const OF_RUN = [...OF_WINDOWS, 'goodput_saved_only', 'mpg'] as const;

/** The named ratios beside `goodput_runtime`, the factors from paid to kept FLOPs, and slow time by cause. */
export function addRatioSamples(list: SampleList, view: LiveView, { run, recent }: LiveLedgers): void {
  const ratios = namedRatios(view, run, programGoodput(view, run));
  for (const ratio of OF_RUN) {
    list.add('headway_job_goodput_ratio', ratios[ratio].value, { ratio, window: 'run' });
  }
  for (const [window, ledger] of recent) {
    const range = { from_us: ledger.from_us, to_us: ledger.to_us };
    const named = namedRatios(view, ledger, NO_MFU, range);
    for (const ratio of OF_WINDOWS) {
      list.add('headway_job_goodput_ratio', named[ratio].value, { ratio, window });
    }
  }
  addFactors(list, view, run);
  const { seconds, ideal_over_actual_ratio } = slowTime(view, run);
  if (ideal_over_actual_ratio === null) return;
  // nothing above the ideal is a figure too
  for (const [cause, s] of Object.entries({ unknown: 0, ...seconds.excess_by_cause })) {
    list.add('headway_job_slow_seconds', s, { cause });
  }
}

const NO_MFU = { value: null, reason: null };

function addFactors(list: SampleList, view: LiveView, run: LedgerJson): void {
  const { factors, effective_compute_ratio } = effectiveCompute(view, run);
  for (const { factor, ratio } of factors) list.add('headway_effective_compute_ratio', ratio, { factor });
  list.add('headway_effective_compute_ratio', effective_compute_ratio, { factor: 'product' });
}
