import type { LiveView } from '../../../domain/report/live-view.ts';
import { loggedNumbers } from '../../../domain/report/logged.ts';
import { throughputOf } from '../../../domain/report/throughput.ts';
import { verdictsOf } from '../../../domain/report/verdicts.ts';
import type { SampleList } from './metric-sample.ts';

/** Figures that the framework printed over the newest kept steps and that are not ours, with what explains them. */
export function addMismatchSamples(list: SampleList, view: LiveView, window_steps: number): void {
  const recent = view.track.newest(window_steps);
  const logged = loggedNumbers(recent, view.spec);
  if (logged === null) return;
  const { tokens_per_s_per_device } = throughputOf(recent);
  for (const verdict of verdictsOf(recent, view.spec, logged, tokens_per_s_per_device)) {
    list.add('headway_job_spec_mismatch_ratio', Math.abs(verdict.gap_ratio), {
      figure: verdict.figure,
      explained_by: verdict.explains[0]?.cause ?? 'nothing',
      severity: verdict.severity,
    });
  }
}
