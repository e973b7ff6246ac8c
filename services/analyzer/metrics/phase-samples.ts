import { STEP_PHASES } from '../../../domain/catalog/step-metrics.ts';
import type { LiveView } from '../../../domain/report/live-view.ts';
import { stepTimeOf } from '../../../domain/report/step-time.ts';
import type { SampleList } from './metric-sample.ts';

/**
 * Parts of the newest kept steps, and how slow each rank is beside the usual one. Nothing where no rank tells parts:
 * step times of ranks that wait for each other are alike.
 */
export function addPhaseSamples(list: SampleList, view: LiveView, window_steps: number): void {
  if (view.step_phases.size === 0) return;
  const recent = view.track.newest(window_steps);
  const [oldest] = recent;
  if (oldest === undefined) return;
  const { parts, hidden } = stepTimeOf(recent, view.step_phases);
  const told = { ...parts, comm_hidden: hidden.comm, io_hidden: hidden.io };
  for (const phase of STEP_PHASES) list.add('headway_job_step_phase_seconds', told[phase].mean_s, { phase });
  for (const { rank, node, device, slowdown_ratio, verdict } of view.stragglers(oldest.start_us).ranks) {
    if (verdict === 'undecided') continue;
    const place = { node: node ?? '', device: device === null ? '' : String(device) };
    list.add('headway_rank_slowdown_ratio', slowdown_ratio, { rank: String(rank), ...place });
  }
}
